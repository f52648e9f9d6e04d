"""What was done at this node itself, which no block tells: tokens, tickets, links, refusals.

Each entry names the fingerprint of the one before it and is signed with the node's key, so nobody
can alter one, take one out or put one in without that key. Each also says how many blocks the log
held, so that a log which lost its end shows it. The end of the journal itself can be cut off: note
its head elsewhere (`credimus log --verify` prints it).

Deliberately not here: what members did in the fleet. That is in the blocks (log.py).
"""

import time
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import msgspec
from nacl import bindings, exceptions

from credimus.kernel import codec, limits
from credimus.kernel.errors import StorageError
from credimus.kernel.ids import fingerprint
from credimus.lace.seal import Signer
from credimus.runtime.access.principals import Principal
from credimus.runtime.store.interface import Store

FAMILY = "action"
NO_PREVIOUS = bytes(32)
REFUSAL_PAUSE_S = 60.0
"""Refusals of one kind are entered once in so many seconds, with their number. [guess]"""
_DOMAIN = b"credimus action"


class Action(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Something that was done, or refused."""

    number: int
    """1 for the first, then one more each."""
    wall_ms: int
    principal: str
    """The id of the token; empty for the node's owner, and the node itself."""
    name: str
    """Of who did it, for people."""
    what: str
    """Such as `token-created`."""
    on: str
    """What it was done to, such as a token's id."""
    block_count: int
    """How many blocks the log held then."""
    previous: bytes
    """The fingerprint of the entry before it; zeros for the first."""


class Entry(NamedTuple):
    """An action as it is kept."""

    action: Action
    raw: bytes
    signature: bytes

    @property
    def fingerprint(self) -> bytes:
        """What the next entry names."""
        return fingerprint(_DOMAIN, self.raw)


class Journal:
    """The actions at one node; the newest `ACTIONS_MAX` are kept.

    Args:
        signer: the node's own key.
        wall_ms: reads the wall clock, in ms since the Unix epoch.
    """

    def __init__(
        self, store: Store, signer: Signer, wall_ms: Callable[[], int] | None = None
    ) -> None:
        self._store = store
        self._signer = signer
        self._wall_ms = wall_ms or _now_wall_ms
        self._last = next(iter(read_entries(store, newest_first=True)), None)
        self._refused: dict[str, tuple[float, int]] = {}

    def note(self, what: str, on: str = "", principal: Principal | None = None) -> None:
        """Enter an action, durably. Cost: one transaction.

        Args:
            principal: who did it; the node itself when None.

        Raises:
            StorageError: as `Store.remember`.
        """
        last = self._last
        action = Action(
            number=1 if last is None else last.action.number + 1,
            wall_ms=self._wall_ms(),
            principal="" if principal is None else principal.id,
            name="node" if principal is None else principal.name,
            what=what,
            on=on,
            block_count=self._store.block_count,
            previous=NO_PREVIOUS if last is None else last.fingerprint,
        )
        raw = codec.encode(action)
        signature = self._signer.sign(fingerprint(_DOMAIN, raw))
        key = f"{FAMILY}/{action.number:012}"
        self._store.remember(key, codec.encode((raw, signature)), limits.ACTIONS_MAX)
        self._last = Entry(action, raw, signature)

    def refused(self, code: str, moment_s: float, principal: Principal | None = None) -> None:
        """Enter a refusal, unless one of its kind was entered a moment ago; then count it.

        Args:
            moment_s: now, in seconds of any clock that only goes forward.
        """
        who = principal.id if principal is not None else ""
        kind = f"{code} {who}".strip()
        since_s, count = self._refused.get(kind, (moment_s - REFUSAL_PAUSE_S, 0))
        count += 1
        if moment_s - since_s < REFUSAL_PAUSE_S:
            self._refused[kind] = since_s, count
            return
        if kind not in self._refused and len(self._refused) >= limits.TOKENS_MAX:
            self._refused.clear()
        self._refused[kind] = moment_s, 0
        self.note("refused", f"{code}, {count} times" if count > 1 else code, principal)

    def newest(self, count: int) -> list[Action]:
        """The newest actions, the newest first."""
        entries = read_entries(self._store, newest_first=True)
        return [entry.action for entry, _ in zip(entries, range(count), strict=False)]


def read_entries(store: Store, *, newest_first: bool = False) -> Iterator[Entry]:
    """The journal as it is kept.

    Raises:
        StorageError: `corrupt`, naming the entry that can not be read.
    """
    rows = store.facts(FAMILY)
    for key, value in reversed(rows) if newest_first else rows:
        try:
            raw, signature = msgspec.msgpack.decode(value, type=tuple[bytes, bytes])
            action = msgspec.msgpack.decode(raw, type=Action)
        except msgspec.DecodeError as problem:
            raise StorageError(
                "corrupt", f"fact {key} is no entry of the journal: {problem}."
            ) from None
        yield Entry(action, raw, signature)


def broken_at(entries: Iterator[Entry], public_keys: Collection[bytes]) -> tuple[int, str] | None:
    """The number of the first entry that does not follow from the one before it, and why.

    Args:
        public_keys: all that the node ever had: one that was rotated signed what came before.
    """
    before: Entry | None = None
    for entry in entries:
        number = entry.action.number
        if before is not None and (
            number != before.action.number + 1 or entry.action.previous != before.fingerprint
        ):
            return number, "it does not follow the entry before it"
        if before is None and number == 1 and entry.action.previous != NO_PREVIOUS:
            return number, "it is the first, but names one before it"
        if not any(_signed_by(key, entry) for key in public_keys):
            return number, "its signature is not this node's"
        before = entry
    return None


def _signed_by(public_key: bytes, entry: Entry) -> bool:
    try:
        bindings.crypto_sign_open(entry.signature + entry.fingerprint, public_key)
    except (exceptions.BadSignatureError, exceptions.ValueError):
        return False
    return True


def _now_wall_ms() -> int:
    return time.time_ns() // 1_000_000
