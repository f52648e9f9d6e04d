"""Commands on tokens with scopes: token create, token list, token revoke."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, seconds_of
from credimus.cli.output import Outcome, complain, say, table
from credimus.kernel.errors import UsageError

Scope = Literal["read", "assert", "vote", "message", "admin"]


def create(
    *,
    name: Annotated[str, Parameter(help="What it is for.")],
    scope: Annotated[
        list[Scope], Parameter(negative="", help="What it may do; admin includes all. Repeatable.")
    ],
    expires: Annotated[
        str | None, Parameter(help="Its life: 90s, 15m, 1h, 30d; none for no end.")
    ] = None,
    writes_per_s: Annotated[
        int | None, Parameter(help="How fast it may write; as the node's settings say by default.")
    ] = None,
    common: Common = Common(),
) -> Outcome:
    """Make a token with which a program may ask this node; it is shown only now.

    Example: credimus token create --name dashboard --scope read --scope assert --expires 30d
    """
    life_s = None if expires is None else seconds_of(expires, "--expires")
    made = Client(home_of(common.home)).post(
        "/v1/tokens", name=name, scopes=scope, expires_s=life_s, writes_per_s=writes_per_s
    )

    def show() -> None:
        say(made["token"])
        complain(f"Token {made['id']}: keep it, the node holds only its fingerprint.")

    return Outcome(made, show)


def list_(*, common: Common = Common()) -> Outcome:
    """List the tokens with scopes, without their secrets.

    Example: credimus token list --home ./n0
    """
    found = Client(home_of(common.home)).get("/v1/tokens")
    return Outcome({"tokens": found}, lambda: _show(found))


def revoke(
    token: Annotated[str, Parameter(help="Its id, as `credimus token list` shows it.")],
    *,
    common: Common = Common(),
) -> Outcome:
    """Let a token go, from this moment on.

    Example: credimus token revoke 3f9c02aa41d7
    """
    if not token.isalnum() or not token.isascii():
        raise UsageError("bad-token-id", f"{token[:40]!r} is no token's id; give hex digits.")
    gone = Client(home_of(common.home)).post(f"/v1/tokens/{token}/revoke")
    return Outcome(gone, lambda: say(f"Revoked {gone['id']} ({gone['name']})."))


def _show(found: list[dict[str, Any]]) -> None:
    rows = [
        (
            one["id"],
            one["name"],
            ", ".join(one["scopes"]),
            f"{one['writes_per_s']}/s" if one["writes_per_s"] else "",
            _day(one["created_ms"]),
            "expired" if one["expired"] else _day(one["expires_ms"]),
        )
        for one in found
    ]
    table("", ("id", "name", "scopes", "writes", "created", "expires"), rows)


def _day(wall_ms: int | None) -> str:
    if wall_ms is None:
        return "never"
    return datetime.fromtimestamp(wall_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")
