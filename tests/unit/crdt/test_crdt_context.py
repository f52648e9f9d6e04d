"""Version vectors and causal contexts."""

import pytest

from credimus.crdt import CausalContext, Dot, VersionVector
from credimus.kernel.errors import PeerFault, UsageError


def test_a_context_closes_its_gaps() -> None:
    context = CausalContext([(b"a", 1), (b"a", 3)])
    assert context.has_gaps()
    assert context.vector() == VersionVector({b"a": 1})
    assert context.add(b"a", 2)
    assert not context.add(b"a", 2)
    assert not context.has_gaps()
    assert context.runs_of(b"a") == (1, 4)
    assert context == CausalContext.of_vector(VersionVector({b"a": 3}))
    assert list(context) == [Dot(b"a", 1), Dot(b"a", 2), Dot(b"a", 3)]
    assert len(context) == 3


def test_dominates_and_concurrent() -> None:
    low, high = VersionVector({b"a": 1}), VersionVector({b"a": 2, b"b": 1})
    other = VersionVector({b"c": 1})
    assert high.dominates(low)
    assert not low.dominates(high)
    assert not low.dominates(other)
    assert not other.dominates(low)
    assert CausalContext.of_vector(high).dominates(CausalContext([(b"a", 2)]))
    assert not CausalContext([(b"a", 2)]).dominates(CausalContext.of_vector(high))


def test_contains() -> None:
    vector = VersionVector({b"a": 2, b"none": 0})
    assert (b"a", 2) in vector
    assert (b"a", 3) not in vector
    assert (b"a", 0) not in vector
    assert list(vector) == [b"a"]
    assert (b"a", 0) not in CausalContext.of_vector(vector)
    assert (b"a", 2) in CausalContext.of_vector(vector)


def test_a_huge_gap_costs_nothing() -> None:
    context = CausalContext.of_runs({b"a": [2**40, 2**62]})
    assert len(CausalContext.from_bytes(context.to_bytes()).to_bytes()) < 32


def test_counters_start_at_one() -> None:
    with pytest.raises(UsageError, match="count from 1"):
        CausalContext().add(b"a", 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x91\x92\xc4\x01a\x00",  # counter 0
        b"\x91\x92\xc4\x00\x01",  # no name
        b"\x92\x92\xc4\x01b\x01\x92\xc4\x01a\x01",  # out of order
        b"\x91\x92\xc4\x01a\xcd\x00\x01",  # not the shortest integer
        b"\x90\x00",  # surplus
    ],
)
def test_malformed_vectors_are_the_peers_fault(raw: bytes) -> None:
    with pytest.raises(PeerFault) as caught:
        VersionVector.from_bytes(raw)
    assert caught.value.code == "malformed"
