"""Conduct and epochs, from rounds made by hand; and the seed's voting weight."""

from collections.abc import Sequence

import pytest

from credimus.kernel.hlc import stamp_of
from credimus.kernel.ids import BlockId, NodeId, RoundId
from credimus.state.membership.law import Law, Spot, Succession
from credimus.state.operations import Choice, Close, Conclusion, Elector, Rules, Scheme
from credimus.state.opinion.conduct import (
    BOOST_MAX,
    FULL_AGE_MS,
    NOTHING_DONE,
    Acts,
    conduct_of,
    voting_weight,
    voting_weights,
)
from credimus.state.voting.electorates import Electorate
from credimus.state.voting.epochs import ROUNDS_MIN, Epochs
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

NAMES = [NodeId(bytes([number]) * 16) for number in range(4)]
VOTERS = Electorate(tuple(Elector(name, 1) for name in NAMES))
YES, NO, SKIP = Choice.ACCEPT, Choice.REJECT, Choice.ABSTAIN
Said = tuple[int, Choice, int]
"""Position, answer and milliseconds after the opening."""


def round_of(votes: Sequence[Said], rules: Rules | None = None, number: int = 0) -> Round:
    """A round opened at 1,000 ms that may take 100 ms, with these votes."""
    name = bytes([number]) * 16
    found = Round(RoundId(name), name, 1, rules or Rules(Scheme.MAJORITY), VOTERS)
    found.open_by((stamp_of(1_000), NAMES[0], 100))
    for position, choice, ms in votes:
        stamp = stamp_of(1_000 + ms)
        if stamp > found.due_stamp or found.late is not None:
            found.note_late(position, stamp, bool(found.voted >> position & 1))
        found.count(position, choice, 1)
    return found


def test_the_seeds_adjustments() -> None:
    found = round_of([(0, YES, 1), (1, YES, 2), (2, YES, 200), (3, NO, 3)])
    conduct = conduct_of([found], stamp_of(2_000))
    assert conduct.of(NAMES[0]) == Acts(correct=1, timely=1, votes=1)
    assert conduct.of(NAMES[2]) == Acts(correct=1, votes=1)  # late
    assert conduct.of(NAMES[3]) == Acts(incorrect=1, timely=1, votes=1)
    assert [conduct.of(one).conduct for one in NAMES] == [515_000, 515_000, 510_000, 500_000]
    assert conduct.of(NodeId(b"z" * 16)).conduct == 500_000


def test_silence_counts_once_the_time_is_over_unless_it_was_explained() -> None:
    found = round_of([(0, YES, 1), (1, YES, 2), (2, YES, 3)])
    found.refusals = ()
    assert conduct_of([found], stamp_of(1_050)).of(NAMES[3]) == NOTHING_DONE
    assert conduct_of([found], stamp_of(1_101)).of(NAMES[3]) == Acts(timeout=1)
    found.refusals = ((NAMES[3], "weighs"),)
    assert conduct_of([found], stamp_of(1_101)).of(NAMES[3]) == NOTHING_DONE
    found.refusals = ()
    found.note_late(3, stamp_of(5_000), again=False)
    found.count(3, NO, 1)
    assert conduct_of([found], stamp_of(9_000)).of(NAMES[3]) == Acts(incorrect=1, votes=1)


def test_open_rounds_count_for_nothing_and_expired_ones_for_who_answered() -> None:
    found = round_of([(0, YES, 1), (1, SKIP, 2)])
    assert conduct_of([found], stamp_of(9_000)).acts == {}
    found.close_by(NAMES[0], stamp_of(1_100), Close(found.id))
    assert found.verdict is Verdict.EXPIRED
    conduct = conduct_of([found], stamp_of(9_000))
    assert conduct.of(NAMES[1]) == Acts(timely=1, votes=1)
    assert conduct.of(NAMES[2]) == Acts(timeout=1)


def test_two_answers_are_byzantine_and_right_in_neither() -> None:
    found = round_of([(0, YES, 1), (1, YES, 2), (2, YES, 3), (2, NO, 4)])
    assert conduct_of([found], stamp_of(1_050)).of(NAMES[2]) == Acts(timely=1, byzantine=1, votes=1)


def test_conduct_is_held_between_bounds_only_when_it_is_read() -> None:
    assert Acts(correct=1_000).conduct == 1_000_000
    assert Acts(byzantine=100).conduct == 0
    assert Acts(correct=1_000, byzantine=100).conduct == 500_000


def law_of(exposed: dict[NodeId, int], successions: Sequence[tuple[int, NodeId]] = ()) -> Law:
    """Who was exposed when (ms), and which ids came after which."""
    law = Law()
    for who, ms in exposed.items():
        law.exposed[who] = Spot(stamp_of(ms), BlockId(b"b" * 32), 0)
    for old, new in successions:
        law.successions[new] = Succession(Spot(0, BlockId(b"b" * 32), 0), NAMES[old])
    return law


def test_evidence_is_byzantine_once_from_when_it_was_said() -> None:
    law = law_of({NAMES[1]: 1_500, NAMES[2]: 1_500})
    found = round_of([(0, YES, 1), (1, YES, 2), (2, YES, 3), (2, NO, 4)])
    before, after = (conduct_of([found], stamp_of(ms), law) for ms in (1_400, 1_500))
    assert before.of(NAMES[1]).byzantine == 0
    assert after.of(NAMES[1]) == Acts(correct=1, timely=1, byzantine=1, votes=1)
    assert after.of(NAMES[1]).conduct == 415_000
    assert after.of(NAMES[2]).byzantine == 1  # its two answers are the evidence
    assert after.of(NAMES[0]).byzantine == 0


def test_a_new_key_keeps_the_conduct() -> None:
    new = NodeId(b"n" * 16)
    law = law_of({NAMES[1]: 1_500}, [(0, new)])
    found = round_of([(0, NO, 1), (1, YES, 2), (2, YES, 3), (3, YES, 3)])
    conduct = conduct_of([found, found], stamp_of(2_000), law)
    assert conduct.of(new) == conduct.of(NAMES[0]) == Acts(incorrect=2, timely=2, votes=2)
    both = conduct_of([], stamp_of(2_000), law_of({NAMES[0]: 1_500}, [(0, new)]))
    assert both.of(new).conduct == 400_000


@pytest.mark.parametrize("votes", [[(0, 300), (0, 50)], [(0, 50), (0, 300)]])
def test_an_answer_in_time_is_in_time_whenever_it_is_seen(votes: list) -> None:
    found = round_of(
        [(place, choice, ms) for (place, ms), choice in zip(votes, (YES, NO), strict=True)]
    )
    found.close_by(NAMES[0], stamp_of(1_100), Close(found.id))
    assert conduct_of([found], stamp_of(9_000)).of(NAMES[0]).timely == 1


def test_a_longer_timeout_makes_a_late_answer_timely() -> None:
    found = round_of([(0, YES, 1), (1, YES, 2), (2, YES, 200)])
    found.open_by((stamp_of(1_000), NAMES[1], 500))
    assert conduct_of([found], stamp_of(9_000)).of(NAMES[2]).timely == 1


def test_the_seeds_voting_weight() -> None:
    day = FULL_AGE_MS
    assert voting_weight(NOTHING_DONE, day, 10 * day) == 500_000 * (day + 3_600_000) // (
        day + 3_600_000
    )
    assert voting_weight(Acts(votes=50), day * 2, day * 2) == 550_000
    assert voting_weight(Acts(correct=1_000, votes=1_000), day, day) == 1_000_000 + BOOST_MAX
    assert voting_weight(NOTHING_DONE, 0, 10 * day) == 500_000 * 3_600_000 // (day + 3_600_000)
    assert voting_weight(NOTHING_DONE, 5_000, 10_000) > 499_000  # on the first day minutes are few


def test_before_anything_is_recorded_all_weigh_alike() -> None:
    admitted = {NAMES[0]: stamp_of(0), NAMES[1]: stamp_of(10 * FULL_AGE_MS)}
    assert set(voting_weights(conduct_of([], 0), admitted).values()) == {500_000}


def recorded(number: int, epoch: int, author: NodeId = NAMES[0], stamp: int = 7) -> Round:
    """A round that somebody recorded in an epoch."""
    found = round_of([], number=number)
    entry = author, stamp, Conclusion(found.id, YES, b"", b"", b"", epoch)
    found.conclusions = tuple(sorted((*found.conclusions, entry), key=lambda one: one[1]))
    return found


def test_epochs_close_when_a_quarter_of_what_was_before_is_in_them() -> None:
    epochs, number = Epochs(), 0
    sizes = []
    while len(sizes) < 9:
        epoch, size = epochs.open_epoch(), 0
        while epochs.open_epoch() == epoch:
            epochs.note(recorded(number % 250, epoch))
            number, size = number + 1, size + 1
        sizes.append(size)
    assert sizes == [8, 8, 8, 8, 8, 10, 12, 15, 19]


def test_an_epoch_is_what_a_proposer_records() -> None:
    epochs = Epochs()
    found = recorded(1, 5)
    epochs.note(found)
    assert found.epoch == 5
    lie = NAMES[3], 9, Conclusion(found.id, YES, b"", b"", b"", 0)
    found.conclusions = (*found.conclusions, lie)
    epochs.note(found)
    assert found.epoch == 5  # by who proposed it
    before = epochs.revision(6)
    found.open_by((stamp_of(1_000), NAMES[3], 100))
    epochs.note(found)
    assert found.epoch == 0
    assert epochs.revision(6) > before
    assert list(epochs.rounds_in(5)) == []
    assert epochs.closed_stamp(0) == 9


def test_records_of_epochs_far_ahead_open_nothing() -> None:
    epochs = Epochs()
    for number in range(2 * ROUNDS_MIN):
        epochs.note(recorded(number, 1 << 39))
    assert epochs.open_epoch() == 0
