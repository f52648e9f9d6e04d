"""Endpoints about tokens with scopes: make, list, revoke."""

from credimus.api import inputs, shapes
from credimus.api.message import Request
from credimus.runtime.daemon import Daemon
from credimus.runtime.principals import Kept
from credimus.runtime.tickets import now_wall_ms


def create(daemon: Daemon, asked: inputs.NewToken, _: Request) -> shapes.TokenMade:
    """POST /v1/tokens: a token with scopes, told once."""
    identifier, token, kept = daemon.principals.create(asked.name, asked.scopes, asked.expires_s)
    return shapes.TokenMade(
        id=identifier,
        token=token,
        name=kept.name,
        scopes=list(kept.scopes),
        expires_ms=kept.expires_ms,
    )


def listed(daemon: Daemon, _: None, __: Request) -> list[shapes.TokenItem]:
    """GET /v1/tokens: the tokens with scopes, without their secrets; all on one page."""
    return [_view(identifier, kept) for identifier, kept in daemon.principals]


def revoke(daemon: Daemon, _: None, request: Request) -> shapes.TokenItem:
    """POST /v1/tokens/{id}/revoke: lets a token go."""
    return _view(request.name, daemon.principals.revoke(request.name))


def _view(identifier: str, kept: Kept) -> shapes.TokenItem:
    return shapes.TokenItem(
        id=identifier,
        name=kept.name,
        scopes=list(kept.scopes),
        created_ms=kept.created_ms,
        expires_ms=kept.expires_ms,
        expired=kept.expires_ms is not None and now_wall_ms() >= kept.expires_ms,
    )
