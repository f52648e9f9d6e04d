"""Who may ask what of the API: tokens with scopes, kept as fingerprints, and the folder's own.

A token is `credimus-token-<id>.<secret>`. The id finds what is kept, the secret is compared in
constant time by its SHA-256: 192 random bits need no slower one. The token in the node's folder may
do everything, and is not kept here.
"""

import secrets
import time
from collections.abc import Callable, Collection, Iterator
from hashlib import sha256
from hmac import compare_digest
from typing import Literal, get_args

import msgspec

from credimus.kernel import codec, limits
from credimus.kernel.errors import Conflict, NotFound, NotPermitted, StorageError, UsageError
from credimus.runtime.access.tokens import PREFIX, make_token
from credimus.runtime.store.interface import Store

Scope = Literal["read", "assert", "vote", "message", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
FAMILY = "token"
LIFE_S_MAX = 10 * 365 * 86_400
"""Ten years: the longest life of a token, in seconds. [guess]"""
_ID_BYTES = 6


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks."""

    id: str
    """Of the token; empty for the token in the node's folder."""
    name: str
    scopes: frozenset[Scope]
    writes_per_s: int | None = None
    """Its own rate; the node's when None."""


class Kept(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is kept of a token."""

    name: str
    scopes: tuple[Scope, ...]
    fingerprint: bytes
    """SHA-256 of the secret."""
    created_ms: int
    expires_ms: int | None
    writes_per_s: int | None = None
    """The rate of its writes; the node's when None."""


OWNER = Principal(id="", name="owner", scopes=frozenset(SCOPES))
"""Whoever can read the node's folder."""


class Principals:
    """The tokens of one node.

    Args:
        own_token: the token in the node's folder.
        wall_ms: reads the wall clock, in ms since the Unix epoch.
    """

    def __init__(
        self, store: Store, own_token: str, wall_ms: Callable[[], int] | None = None
    ) -> None:
        self._store = store
        self._own = own_token.encode()
        self._wall_ms = wall_ms or _now_wall_ms
        self._kept = {key.partition("/")[2]: _read(key, raw) for key, raw in store.facts(FAMILY)}

    def __iter__(self) -> Iterator[tuple[str, Kept]]:
        """Ids and what is kept of them, oldest first; expired ones too."""
        return iter(self._kept.items())

    def create(
        self,
        name: str,
        scopes: Collection[Scope],
        life_s: float | None,
        writes_per_s: int | None = None,
    ) -> tuple[str, str, Kept]:
        """Id and text of a new token, and what is kept of it, durably; the text is told only now.

        Args:
            life_s: seconds until it expires; None for no end.
            writes_per_s: the rate of its writes; the node's when None.

        Raises:
            UsageError: `bad-name`, `bad-scope`, `out-of-range`.
            Conflict: `too-many-tokens`.
        """
        _check(name, scopes, life_s)
        if len(self._kept) >= limits.TOKENS_MAX:
            raise Conflict(
                "too-many-tokens",
                f"{limits.TOKENS_MAX} tokens are kept already; revoke some first "
                "(credimus token list).",
            )
        identifier, secret = secrets.token_hex(_ID_BYTES), make_token().removeprefix(PREFIX)
        now = self._wall_ms()
        kept = Kept(
            name,
            tuple(one for one in SCOPES if one in scopes),
            sha256(secret.encode()).digest(),
            now,
            None if life_s is None else now + round(life_s * 1_000),
            writes_per_s,
        )
        self._store.remember(f"{FAMILY}/{identifier}", codec.encode(kept))
        self._kept[identifier] = kept
        return identifier, f"{PREFIX}{identifier}.{secret}", kept

    def revoke(self, identifier: str) -> Kept:
        """Let a token go, durably, from this moment on.

        Raises:
            NotFound: `unknown-token`.
        """
        kept = self._kept.get(identifier)
        if kept is None:
            raise NotFound(
                "unknown-token",
                f"no token has the id {identifier[:40]!r}; see `credimus token list`.",
            )
        self._store.forget(f"{FAMILY}/{identifier}")
        del self._kept[identifier]
        return kept

    def identify(self, authorization: str | None) -> Principal:
        """Whom the header `Authorization` names.

        Raises:
            NotPermitted: `token-missing`, `token-wrong`, `token-expired`; status 401.
        """
        kind, _, given = (authorization or "").partition(" ")
        given = given.strip()
        if kind.lower() != "bearer" or not given:
            raise _unauthorized(
                NotPermitted(
                    "token-missing",
                    "send the header `Authorization: Bearer <token>`, from the node's file token "
                    "or `credimus token create`.",
                )
            )
        if compare_digest(given.encode("utf-8", "replace"), self._own):
            return OWNER
        identifier, _, secret = given.removeprefix(PREFIX).partition(".")
        kept = self._kept.get(identifier)
        expected = kept.fingerprint if kept is not None else bytes(32)
        same = compare_digest(sha256(secret.encode("utf-8", "replace")).digest(), expected)
        if kept is None or not same:
            raise _unauthorized(
                NotPermitted(
                    "token-wrong",
                    "this is no token of this node, or it was revoked; read one from its file "
                    "token, or make one with `credimus token create`.",
                )
            )
        if kept.expires_ms is not None and self._wall_ms() >= kept.expires_ms:
            raise _unauthorized(
                NotPermitted(
                    "token-expired",
                    f"token {identifier} ({kept.name}) has expired; make a new one with "
                    "`credimus token create`.",
                )
            )
        return Principal(
            id=identifier,
            name=kept.name,
            scopes=frozenset(kept.scopes),
            writes_per_s=kept.writes_per_s,
        )


def require(principal: Principal, scope: Scope) -> None:
    """Refuse who may not do this; `admin` includes every other scope.

    Raises:
        NotPermitted: `scope-missing`, naming the scope.
    """
    if scope not in principal.scopes and "admin" not in principal.scopes:
        raise NotPermitted(
            "scope-missing",
            f"this needs the scope {scope}, but token {principal.id} ({principal.name}) has only "
            f"{', '.join(one for one in SCOPES if one in principal.scopes)}.",
        )


def _check(name: str, scopes: Collection[Scope], life_s: float | None) -> None:
    if not 0 < len(name.encode("utf-8", "replace")) <= limits.NAME_BYTES_MAX or not (
        name.isprintable() and name.strip() == name
    ):
        raise UsageError(
            "bad-name",
            f"the token's name is {name[:140]!r}; use 1 to {limits.NAME_BYTES_MAX} bytes of "
            "printable text.",
        )
    if not scopes or set(scopes) - set(SCOPES):
        raise UsageError("bad-scope", f"give a token at least one scope of {', '.join(SCOPES)}.")
    if life_s is not None and not 1 <= life_s <= LIFE_S_MAX:
        raise UsageError(
            "out-of-range",
            f"a token can not live {life_s:g} s; give 1 s to {LIFE_S_MAX} s (ten years).",
        )


def _unauthorized(problem: NotPermitted) -> NotPermitted:
    """Who asks is not known: HTTP has a status of its own for that."""
    problem.status = 401
    return problem


def _read(key: str, value: bytes) -> Kept:
    try:
        return msgspec.msgpack.decode(value, type=Kept)
    except msgspec.DecodeError as problem:
        raise StorageError("corrupt", f"fact {key} is not a token: {problem}.") from None


def _now_wall_ms() -> int:
    return time.time_ns() // 1_000_000
