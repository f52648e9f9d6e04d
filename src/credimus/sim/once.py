"""A simulation checks each signature, reads each message and joins two views of the members once,
not once per node: the answer is the same everywhere.

Without this it is half of the time of a run, and more the larger the fleet. Only what was found
good is remembered; whatever is altered has other bytes.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import TypeVar

from credimus.kernel.bounded import BoundedMap
from credimus.lace import seal
from credimus.lace.block import Block, Parts, open_wire, read_block
from credimus.node.supply import read_message
from credimus.node.taking import ingress, intake
from credimus.node.telling import spreading
from credimus.sim.saboteurs.patching import patched
from credimus.state.membership.members import Members
from credimus.state.operations import Operation, read_operations

_REMEMBERED_MAX = 1_000_000
"""Signatures remembered; past it the memory begins anew. [guess: some 200 MB]"""
_READ_MAX = 4_096
"""Messages, blocks and joins of which what came of them is remembered. [guess: the last second of a
large fleet]"""

Value = TypeVar("Value")


@contextmanager
def signatures_checked_once() -> Iterator[None]:
    """While this lasts, all nodes of this process share what they verified, read and joined.

    What is shared is frozen, but for a block's mark that its signature was checked.
    """
    with ExitStack() as stack:
        stack.enter_context(patched(ingress, "check_signature", _checking_once()))
        once = _once(read_message)
        stack.enter_context(patched(intake, "read_message", once))
        stack.enter_context(patched(spreading, "read_message", once))
        opened = _once(open_wire)
        stack.enter_context(patched(ingress, "open_wire", opened))
        stack.enter_context(patched(spreading, "open_wire", opened))
        stack.enter_context(patched(ingress, "read_block", _reading_blocks_once()))
        stack.enter_context(patched(ingress, "read_operations", _reading_operations_once()))
        stack.enter_context(patched(Members, "merged", _joining_once()))
        yield


def _once(read: Callable[[bytes], Value]) -> Callable[[bytes], Value]:
    return lru_cache(maxsize=_READ_MAX)(read)


def _checking_once() -> Callable[[bytes, bytes, bytes, object], None]:
    verified: set[tuple[bytes, bytes, bytes]] = set()  # for membership only
    check = seal.check_signature

    def check_once(public_key: bytes, message: bytes, signature: bytes, what: object) -> None:
        shown = (public_key, message, signature)
        if shown not in verified:
            check(public_key, message, signature, what)
            if len(verified) >= _REMEMBERED_MAX:
                verified.clear()
            verified.add(shown)

    return check_once


def _reading_blocks_once() -> Callable[[Parts, bytes], Block]:
    @lru_cache(maxsize=_READ_MAX)
    def read(wire: bytes) -> Block:
        return read_block(open_wire(wire), wire)

    return lambda _, wire: read(wire)


def _joining_once() -> Callable[[Members, Iterable[Members]], Members]:
    joined: BoundedMap[tuple[bytes, ...], Members] = BoundedMap(_READ_MAX)
    join = Members.merged

    def join_once(self: Members, others: Iterable[Members]) -> Members:
        views = [self, *others]
        key = tuple(view.key for view in views)
        found = joined.get(key)
        if found is None:
            found = join(self, views[1:])
            joined.put(key, found)
        return found

    return join_once


def _reading_operations_once() -> Callable[[bytes], list[Operation]]:
    @lru_cache(maxsize=_READ_MAX)
    def read(body: bytes) -> tuple[Operation, ...]:
        return tuple(read_operations(body))

    return lambda body: list(read(body))
