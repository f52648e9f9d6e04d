"""Idempotency keys: a write that is asked for twice under one key is made once.

The receipt of a keyed write is remembered in the very transaction that makes the write durable, so
that no crash can come between the two. The newest KEYS_MAX are kept; a repetition that comes later
than so many others is a new write.
"""

from collections.abc import Iterable, Mapping

import msgspec

from credimus.kernel.bounded import BoundedMap
from credimus.kernel.codec import encode
from credimus.kernel.errors import Conflict, StorageError, UsageError
from credimus.kernel.ids import BeliefId, NodeId, RoundId, fingerprint
from credimus.node.commands import AnyCommand, Written
from credimus.protocol.partition.interface import Standing
from credimus.runtime.receipt import Progress, Receipt
from credimus.runtime.store.interface import Fact, Store

FAMILY = "receipt"
KEYS_MAX = 16_384
"""Keyed writes that are remembered; past it the oldest is let go. [guess: a caller that has heard
nothing repeats itself within minutes]"""
KEY_BYTES_MAX = 128
"""UTF-8 bytes of a key. [guess: a UUID has 36]"""


class Kept(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is remembered of a keyed write."""

    command: bytes
    """Fingerprint of what was asked."""
    author: bytes
    sequence: int
    belief: bytes
    """Empty for none."""
    round: bytes
    """Empty for none."""
    standing: int = 0
    """What it could count on; of `Standing`."""
    reason: str = ""


class Keys:
    """The keyed writes of one node.

    Args:
        progress: what the receipts ask how far they have come.
    """

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress
        self._pending: BoundedMap[str, tuple[bytes, Receipt]] = BoundedMap(KEYS_MAX)

    @property
    def has_pending(self) -> bool:
        """Whether some keyed write is not durable yet."""
        return len(self._pending) > 0

    def first(self, key: str, command: AnyCommand) -> Receipt | None:
        """The receipt of the first write under a key; None when there was none.

        Raises:
            Conflict: `key-reused`, when that was another command.
            UsageError: `key-unusable`.
        """
        name, asked = _name(key), _fingerprint(command)
        pending = self._pending.get(name)
        if pending is not None:
            command_then, receipt = pending
        else:
            value = self._store.recall(name)
            if value is None:
                return None
            kept = _read(name, value)
            command_then, receipt = kept.command, self._receipt(kept)
        if command_then != asked:
            raise Conflict(
                "key-reused",
                "this key was given with another command before; give each write its own.",
            )
        return receipt

    def note(self, key: str, command: AnyCommand, receipt: Receipt) -> None:
        """A write under a new key was just carried out; it is not durable yet."""
        self._pending.put(_name(key), (_fingerprint(command), receipt))

    def facts(self, sealed: Mapping[NodeId, int]) -> list[Fact]:
        """What to make durable along with blocks.

        Args:
            sealed: each author's last sequence among them.
        """
        facts = []
        for name, (command, receipt) in self._pending.items():
            written = receipt.written
            sequence = sealed.get(written.author)
            if sequence is not None:
                belief, round_ = written.belief or b"", written.round or b""
                standing = int(written.standing or 0)
                kept = Kept(
                    command, written.author, sequence, belief, round_, standing, written.reason
                )
                facts.append(Fact(name, encode(kept), KEYS_MAX))
        return facts

    def kept(self, facts: Iterable[Fact]) -> None:
        """These facts are durable now."""
        for fact in facts:
            self._pending.take(fact.key)

    def _receipt(self, kept: Kept) -> Receipt:
        written = Written(
            NodeId(kept.author),
            BeliefId(kept.belief) if kept.belief else None,
            RoundId(kept.round) if kept.round else None,
            standing=Standing(kept.standing),
            reason=kept.reason,
        )
        receipt = Receipt(written, self._progress)
        receipt.settle(kept.sequence)
        return receipt


def check_key(key: str) -> None:
    """Refuse what can not be a key.

    Raises:
        UsageError: `key-unusable`.
    """
    size = len(key.encode("utf-8", "surrogatepass"))
    if not 0 < size <= KEY_BYTES_MAX:
        raise UsageError("key-unusable", f"a key has 1 to {KEY_BYTES_MAX} bytes, not {size}.")


def _name(key: str) -> str:
    """Under which a key is kept: the store reads slashes in its keys, callers may write any."""
    check_key(key)
    return f"{FAMILY}/{fingerprint(b'credimus key', key.encode('utf-8', 'surrogatepass')).hex()}"


def _fingerprint(command: AnyCommand) -> bytes:
    """Of what is asked; fields left at their defaults, such as those of later versions, are not."""
    given = [
        (field.name, value)
        for field in msgspec.structs.fields(command)
        if (value := getattr(command, field.name)) != field.default
    ]
    return fingerprint(b"credimus command", type(command).__name__.encode(), encode(given))


def _read(name: str, value: bytes) -> Kept:
    try:
        return msgspec.msgpack.decode(value, type=Kept)
    except msgspec.DecodeError as problem:
        raise StorageError("corrupt", f"fact {name} is not a receipt: {problem}.") from None
