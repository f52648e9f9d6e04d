"""What a snapshot brings is told as folding tells it, less what was undone since."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from credimus.state.catching_up import outline, told_since
from credimus.state.events import (
    BeliefAsserted,
    BeliefChanged,
    EquivocationProven,
    KeyRotated,
    MemberAdmitted,
    MemberExpelled,
    MemberLeft,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
    StateEvent,
)
from liars import histories
from member_strategies import member_histories
from strategies import Replica

CLIMBS = (RoundDecided, RoundExpired, RoundContested)
LASTING = (EquivocationProven, KeyRotated)


def caught_up(blocks: list, cut: int) -> tuple[list[StateEvent], list[StateEvent]]:
    """What folding the rest of a history told, and what the state beyond its first part tells."""
    whole = Replica().take_all(blocks)
    first = Replica()
    for block in whole.log[:cut]:
        first.ingress.restore(block.wire)
    before = outline(first.state)
    folded = [
        event for block in whole.log[cut:] for event in first.ingress.restore(block.wire).events
    ]
    told = told_since(before, first.state)
    assert told_since(outline(first.state), first.state) == []
    return folded, told


def last_climbs(events: Sequence[StateEvent]) -> dict[bytes, type]:
    return {event.round: type(event) for event in events if isinstance(event, CLIMBS)}


@given(histories(), st.integers(0, 60))
def test_of_beliefs_and_rounds_the_same_is_told(blocks: list, cut: int) -> None:
    folded, told = caught_up(blocks, cut)
    asserted = {one.belief for one in folded if isinstance(one, BeliefAsserted) and one.first}
    assert {one.belief for one in told if isinstance(one, BeliefAsserted)} == asserted
    assert asserted.isdisjoint(one.belief for one in told if isinstance(one, BeliefChanged))
    opened = {one.round for one in folded if isinstance(one, RoundOpened)}
    assert {one.round for one in told if isinstance(one, RoundOpened)} == opened
    assert last_climbs(told) == last_climbs(folded)


@given(member_histories(), st.integers(0, 40))
def test_of_members_the_same_is_told(blocks: list, cut: int) -> None:
    folded, told = caught_up(blocks, cut)
    for kind in LASTING:
        assert {one for one in told if isinstance(one, kind)} == {
            one for one in folded if isinstance(one, kind)
        }
    for kind in (MemberAdmitted, MemberLeft, MemberExpelled):  # some come and go between
        assert {one for one in told if isinstance(one, kind)} <= {
            one for one in folded if isinstance(one, kind)
        }
