"""Endpoints about tokens with scopes: make, list, revoke."""

import msgspec

from credimus.api.message import Request
from credimus.api.shapes import inputs
from credimus.runtime.access.principals import Kept, Scope
from credimus.runtime.daemon import Daemon
from credimus.runtime.joining.tickets import now_wall_ms


class TokenItem(msgspec.Struct, frozen=True, kw_only=True):
    """A token with scopes, without its secret."""

    id: str
    name: str
    scopes: list[Scope]
    created_ms: int
    expires_ms: int | None
    expired: bool
    writes_per_s: int | None
    """Its own rate; null where the node's holds."""


class TokenMade(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/tokens."""

    id: str
    token: str
    """Told only now: the node keeps its fingerprint."""
    name: str
    scopes: list[Scope]
    expires_ms: int | None


def create(daemon: Daemon, asked: inputs.NewToken, request: Request) -> TokenMade:
    """POST /v1/tokens: a token with scopes, told once."""
    identifier, token, kept = daemon.principals.create(
        asked.name, asked.scopes, asked.expires_s, asked.writes_per_s
    )
    daemon.enter("token-created", f"{identifier} {kept.name}", request.principal)
    return TokenMade(
        id=identifier,
        token=token,
        name=kept.name,
        scopes=list(kept.scopes),
        expires_ms=kept.expires_ms,
    )


def listed(daemon: Daemon, _: None, __: Request) -> list[TokenItem]:
    """GET /v1/tokens: the tokens with scopes, without their secrets; all on one page."""
    return [_view(identifier, kept) for identifier, kept in daemon.principals]


def revoke(daemon: Daemon, _: None, request: Request) -> TokenItem:
    """POST /v1/tokens/{id}/revoke: lets a token go."""
    gone = daemon.principals.revoke(request.name)
    daemon.enter("token-revoked", f"{request.name} {gone.name}", request.principal)
    return _view(request.name, gone)


def _view(identifier: str, kept: Kept) -> TokenItem:
    return TokenItem(
        id=identifier,
        name=kept.name,
        scopes=list(kept.scopes),
        created_ms=kept.created_ms,
        expires_ms=kept.expires_ms,
        expired=kept.expires_ms is not None and now_wall_ms() >= kept.expires_ms,
        writes_per_s=kept.writes_per_s,
    )
