"""Shapiro et al. (SSS 2011) and Bieniusa et al. (RR-8083): what an OR-Set promises."""

from credimus.crdt import ORSet


def two() -> tuple[ORSet[str, str], ORSet[str, str]]:
    """Replicas that both hold one element."""
    one: ORSet[str, str] = ORSet(b"one")
    other: ORSet[str, str] = ORSet(b"other")
    one.add("pump", "first")
    other.merge(one)
    return one, other


def merged(one: ORSet[str, str], other: ORSet[str, str]) -> ORSet[str, str]:
    whole = one.copy()
    whole.merge(other)
    back = other.copy()
    back.merge(one)
    assert whole == back
    assert whole.to_bytes() == back.to_bytes()
    return whole


def test_an_add_wins_over_a_concurrent_remove() -> None:
    one, other = two()
    one.remove("pump")
    other.add("pump", "again")
    assert merged(one, other).records("pump") == ["again"]


def test_a_remove_takes_what_it_observed() -> None:
    one, other = two()
    one.remove("pump")
    assert "pump" not in merged(one, other)


def test_a_remove_leaves_no_tombstone() -> None:
    one: ORSet[str, str] = ORSet(b"one")
    for number in range(200):
        one.add(f"pump {number}", "x")
        one.remove(f"pump {number}")
    assert len(one.to_bytes()) < 64


def test_an_element_can_come_back() -> None:
    one, other = two()
    one.remove("pump")
    one.add("pump", "back")
    assert merged(one, other).records("pump") == ["back"]
