"""A write with a key is made once, however often it is asked for, across restarts too.

    first time    the key is made durable in the transaction of the block that it wrote, so that
                  there is never one without the other; the answer follows when it is known
    again         the first answer; where a crash or a caller's impatience lost it, the receipt of
                  the first write as it stands now
    meanwhile     waits for the first
    refused       nothing was written, nothing is kept: the next try is the first

The newest KEYS_MAX keys are kept. Deliberately not here: where keys come from (the header
`Idempotency-Key`, an argument of the library), what an answer is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import NamedTuple

import msgspec

from credimus.kernel import codec, limits
from credimus.kernel.errors import Conflict, StorageError, UsageError
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.node.commands import AnyCommand, Written
from credimus.runtime.driver import Driver
from credimus.runtime.receipt import Receipt
from credimus.runtime.store.interface import FACT_BYTES_MAX, Fact

FAMILY = "once"
Answering = Callable[[Receipt], Awaitable[bytes]]
"""Waits for what the caller wants of a receipt and tells it."""


class Key(NamedTuple):
    """Names a write of one principal; another's key of the same text is another key."""

    text: str
    """1 to KEY_BYTES_MAX bytes of UTF-8."""
    principal: str = ""
    """Empty for the node's owner."""


class Kept(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is kept under a key."""

    request: bytes
    """SHA-256 of what was asked for."""
    author: NodeId
    sequence: int
    belief: BeliefId | None
    round: RoundId | None
    answer: bytes = b""
    """Empty until it is known."""


class Once:
    """The keys of one node."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._under_way: dict[str, tuple[bytes, asyncio.Future[None]]] = {}

    async def write(
        self, key: Key, request: bytes, command: AnyCommand, answering: Answering
    ) -> tuple[bytes, bool]:
        """The answer to a command under a key, and whether it had been asked for before.

        Args:
            request: what is asked for; the same key with another is refused.

        Raises:
            UsageError: `bad-key`, and as `Driver.submit`.
            Conflict: `key-reused`.
            CredimusError: as `answering`; the write is kept under the key all the same.
        """
        name, asked = _name_of(key), sha256(request).digest()
        while name in self._under_way:
            other, done = self._under_way[name]
            _check_same(other, asked)
            await asyncio.shield(done)
        kept = self._recall(name)
        if kept is not None:
            _check_same(kept.request, asked)
        done = asyncio.get_running_loop().create_future()
        self._under_way[name] = asked, done
        try:
            if kept is None:
                return await self._first(name, asked, command, answering), False
            return kept.answer or await answering(self._receipt(kept)), True
        finally:
            del self._under_way[name]
            done.set_result(None)

    async def _first(
        self, name: str, asked: bytes, command: AnyCommand, answering: Answering
    ) -> bytes:
        def note(written: Written, sequence: int) -> Fact:
            kept = Kept(asked, written.author, sequence, written.belief, written.round)
            return Fact(name, codec.encode(kept), limits.KEYS_MAX)

        receipt = self._driver.submit(command, note)
        answer = await answering(receipt)
        kept = self._recall(name)
        if kept is not None and len(answer) < FACT_BYTES_MAX // 2:
            answered = codec.encode(msgspec.structs.replace(kept, answer=answer))
            fact = Fact(name, answered, limits.KEYS_MAX)
            self._driver.store.append((), (fact,), synced=False)  # it can be told anew
        return answer

    def _receipt(self, kept: Kept) -> Receipt:
        """The receipt of a write that was made before."""
        receipt = Receipt(Written(kept.author, kept.belief, kept.round), self._driver)
        receipt.settle(kept.sequence)
        return receipt

    def _recall(self, name: str) -> Kept | None:
        value = self._driver.store.recall(name)
        if value is None:
            return None
        try:
            return msgspec.msgpack.decode(value, type=Kept)
        except msgspec.DecodeError as problem:
            raise StorageError("corrupt", f"fact {name} is no write: {problem}.") from None


def _name_of(key: Key) -> str:
    text = key.text.encode("utf-8", "replace")
    if not 0 < len(text) <= limits.KEY_BYTES_MAX:
        raise UsageError(
            "bad-key",
            f"an idempotency key takes 1 to {limits.KEY_BYTES_MAX} bytes; a UUID will do.",
        )
    return f"{FAMILY}/{sha256(b'%b/%b' % (key.principal.encode(), text)).hexdigest()}"


def _check_same(one: bytes, other: bytes) -> None:
    if one != other:
        raise Conflict(
            "key-reused",
            "this idempotency key was used for another request; use a new key for a new request.",
        )
