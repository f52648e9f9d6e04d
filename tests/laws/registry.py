"""Every lattice of credimus.crdt, with a way to grow one from a list of small steps.

`grow(lattice_case, steps)` plays the steps on three replicas that sync now and then, and gives the
replicas: so the states under test are states that a fleet can reach, with shared history.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from credimus.crdt import (
    CausalContext,
    LWWRegister,
    MVRegister,
    ORSet,
    PNCounter,
    VersionVector,
)

NAMES = (b"a", b"bb", b"c" * 16)
Step = tuple[int, int, int, int]
"""Which replica, which kind of step, and two small numbers."""


@dataclass(frozen=True)
class Case:
    """How to make, change, read and copy one type."""

    name: str
    empty: Callable[[bytes], Any]
    change: Callable[[Any, bytes, Step], None]
    read: Callable[[bytes], Any]


def _change_set(value: Any, _name: bytes, step: Step) -> None:
    _, kind, first, second = step
    key, record = b"k%d" % (first % 4), b"r%d" % second
    if kind % 5 <= 1:
        value.add(key, record)
    elif kind % 5 == 2:
        value.remove(key)
    elif kind % 5 == 3:
        value.insert(b"liar", first + 1, key, record)  # equal dots with other contents: forks
    else:
        value.discard(b"liar", first + 1)


def _change_register(value: Any, name: bytes, step: Step) -> None:
    value.assign(b"v%d" % step[3], step[2] + 1, name)


def _change_values(value: Any, _name: bytes, step: Step) -> None:
    value.assign(b"v%d" % step[3])


def _change_counter(value: Any, _name: bytes, step: Step) -> None:
    value.change(step[2] - step[3])


def _change_vector(value: Any, name: bytes, step: Step) -> None:
    value.advance(name, value[name] + step[2])


def _change_context(value: Any, _name: bytes, step: Step) -> None:
    value.add(NAMES[step[1] % 3], step[2] + step[3] + 1)


CASES = [
    Case("ORSet", ORSet, _change_set, ORSet.from_bytes),
    Case("LWWRegister", lambda _: LWWRegister(), _change_register, LWWRegister.from_bytes),
    Case("MVRegister", MVRegister, _change_values, MVRegister.from_bytes),
    Case("PNCounter", PNCounter, _change_counter, PNCounter.from_bytes),
    Case("VersionVector", lambda _: VersionVector(), _change_vector, VersionVector.from_bytes),
    Case("CausalContext", lambda _: CausalContext(), _change_context, CausalContext.from_bytes),
]

small = st.integers(0, 5)
steps = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), small, small), max_size=24)


def grow(case: Case, played: list[Step]) -> list[Any]:
    """Three replicas after these steps; kind 6 is a sync from the next replica."""
    replicas = [case.empty(name) for name in NAMES]
    for step in played:
        place = step[0]
        if step[1] == 6:
            replicas[place].merge(replicas[(place + 1 + step[2] % 2) % 3])
        else:
            case.change(replicas[place], NAMES[place], step)
    return replicas


def joined(case: Case, *values: Any) -> Any:
    """The merge of several values, in this order, into an empty one."""
    result = case.empty(b"observer")
    for value in values:
        result.merge(value)
    return result
