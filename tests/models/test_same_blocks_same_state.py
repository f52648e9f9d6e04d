"""Same blocks, same state: in any order of arrival, duplicated, and again from the log."""

from hypothesis import given
from hypothesis import strategies as st

from credimus.state.voting.verdict import Verdict
from liars import histories, shuffled
from member_strategies import extensions, member_histories
from strategies import (
    Replica,
)


@given(st.data())
def test_any_order_gives_the_same_state(data: st.DataObject) -> None:
    blocks = data.draw(histories())
    first = Replica().take_all(blocks)
    for _ in range(2):
        other = Replica().take_all(data.draw(shuffled(blocks)))
        assert other.outcomes == first.outcomes
        assert other.visible() == first.visible()
        assert other.state.fingerprint() == first.state.fingerprint()
        assert other.lace.frontier() == first.lace.frontier()
        assert other.restored().state.fingerprint() == first.state.fingerprint()
    assert other.state.standing.fingerprint() == first.state.standing.fingerprint()


CLIMBS = {
    Verdict.OPEN: set(Verdict),
    Verdict.EXPIRED: set(Verdict) - {Verdict.OPEN},
    Verdict.ACCEPTED: {Verdict.ACCEPTED, Verdict.CONTESTED},
    Verdict.REJECTED: {Verdict.REJECTED, Verdict.CONTESTED},
    Verdict.CONTESTED: {Verdict.CONTESTED},
}


@given(histories())
def test_verdicts_only_climb(blocks: list) -> None:
    replica = Replica()
    before: dict = {}
    for block in blocks:
        replica.take(block)
        now = {one.id: one.verdict for one in replica.state.rounds}
        for identifier, verdict in before.items():
            assert now[identifier] in CLIMBS[verdict]
        before = now


@given(st.data())
def test_any_order_gives_the_same_standing(data: st.DataObject) -> None:
    """What is taken of exposed authors depends on the order of arrival, and all come to hold the
    same in the end (the simulator shows it); here the same blocks come in other orders."""
    first = Replica().take_all(data.draw(member_histories()))
    for _ in range(2):
        other = Replica()
        for block in data.draw(extensions(first.log)):
            other.ingress.restore(block.wire)
        one, two = first.state.roster.current, other.state.roster.current
        assert (one.exposed, one.expulsions) == (two.exposed, two.expulsions)
        assert other.visible() == first.visible()
        assert other.state.fingerprint() == first.state.fingerprint()
