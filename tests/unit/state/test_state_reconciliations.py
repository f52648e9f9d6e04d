"""Reconciliations: read strictly, said once, the most careful prevails, in any order."""

from itertools import permutations

import pytest

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BeliefId, RoundId
from credimus.lace.block import Block
from credimus.lace.lace import Place
from credimus.state.events import BeliefsReconciled, ReconciliationWithdrawn
from credimus.state.operations import Finding, Reconcile, Strategy, Withdraw, read_operations
from credimus.state.reconciliations import Reconciliation, Reconciliations, reconciliation_id
from strategies import MEMBERS, SIGNERS, make_block

ONE, OTHER = BeliefId(b"\x01" * 16), BeliefId(b"\x02" * 16)
ROUNDS = RoundId(b"\x03" * 16), RoundId(b"\x04" * 16)
PAIR = (ONE, OTHER), ROUNDS


def said(strategy: Strategy, finding: Finding = Finding.CONTRADICTORY) -> Reconcile:
    return Reconcile((ONE, OTHER), ROUNDS, strategy, finding)


def place(signer: int, stamp: int) -> Place:
    block: Block = make_block(SIGNERS[signer], [said(Strategy.CONSENSUS)], header_stamp=stamp)
    return Place(block.id, block.header)


ALL = (
    (said(Strategy.LAST_WRITER), place(0, 5)),
    (said(Strategy.SEMANTIC, Finding.FIRST_SUBSUMES), place(1, 7)),
    (said(Strategy.SEMANTIC, Finding.COMPATIBLE), place(2, 6)),
    (said(Strategy.MULTI_VALUE), place(1, 9)),
    (said(Strategy.MULTI_VALUE), place(0, 8)),
)


def test_the_most_careful_prevails_in_any_order() -> None:
    fingerprints = set()
    for order in permutations(ALL):
        fold = Reconciliations()
        for one, where in order:
            fold.reconcile(one, where)
        assert fold.prevailing(PAIR) == Reconciliation(
            Strategy.MULTI_VALUE, Finding.CONTRADICTORY, 8, MEMBERS[0]
        )
        assert fold.of(ONE) == fold.of(OTHER) == [PAIR]
        assert len(fold) == 1
        fingerprints.add(fold.fingerprint())
    assert len(fingerprints) == 1


def test_only_what_changes_what_holds_is_told() -> None:
    fold = Reconciliations()
    told = [len(fold.reconcile(one, where)) for one, where in ALL]
    assert told == [1, 1, 1, 1, 0]
    (fact,) = Reconciliations().reconcile(*ALL[1])
    assert fact == BeliefsReconciled(
        ONE, OTHER, ROUNDS, Strategy.SEMANTIC, Finding.FIRST_SUBSUMES, MEMBERS[1]
    )
    fold.reconcile(*ALL[0])
    assert fold.reconcile(said(Strategy.LAST_WRITER), place(2, 1)) == []


def test_of_what_nobody_said_nothing_holds() -> None:
    fold = Reconciliations()
    assert (fold.prevailing(PAIR), fold.of(ONE), len(fold)) == (None, [], 0)


def test_a_reconciliation_is_named_by_its_content() -> None:
    names = {reconciliation_id(said(strategy)) for strategy in Strategy if strategy != 2}
    assert len(names) == 3
    assert reconciliation_id(said(Strategy.CONSENSUS)) in names


@pytest.mark.parametrize(
    "raw",
    [
        [13, [OTHER, ONE], ROUNDS, 3, 4], [13, [ONE, ONE], ROUNDS, 3, 4],
        [13, [ONE, OTHER], ROUNDS, 5, 4], [13, [ONE, OTHER], ROUNDS, 1, 1],
        [13, [ONE, OTHER], ROUNDS, 2, 5], [13, [ONE], ROUNDS, 3, 4],
        [13, [ONE, OTHER], [ONE], 3, 4], [13, [ONE, OTHER], ROUNDS],
        [13, [ONE, OTHER], ROUNDS, 3, 4, 0],
    ],
)  # fmt: skip
def test_what_is_no_reconciliation_is_malformed(raw: list[object]) -> None:
    with pytest.raises(PeerFault, match="operations"):
        read_operations(encode([raw]))


def test_a_finding_may_be_left_out() -> None:
    (read,) = read_operations(encode([[13, [ONE, OTHER], ROUNDS, 4]]))
    assert read == said(Strategy.CONSENSUS)


def withdrawn(strategy: Strategy, finding: Finding = Finding.CONTRADICTORY) -> Withdraw:
    return Withdraw((ONE, OTHER), ROUNDS, strategy, finding)


WITH_WITHDRAWALS = (
    *ALL[1:4],
    (withdrawn(Strategy.MULTI_VALUE), place(1, 9)),
    (withdrawn(Strategy.SEMANTIC, Finding.COMPATIBLE), place(1, 20)),
)


def test_what_its_author_takes_back_counts_no_longer_in_any_order() -> None:
    fingerprints, snapshots = set(), set()
    for order in permutations(WITH_WITHDRAWALS):
        fold = Reconciliations()
        for one, where in order:
            fold.take(one, where)
        assert fold.prevailing(PAIR) == Reconciliation(
            Strategy.SEMANTIC, Finding.COMPATIBLE, 6, MEMBERS[2]
        ), "the withdrawal of another's word is idle"
        assert fold.standing_by(PAIR, MEMBERS[1]) == [(Strategy.SEMANTIC, Finding.FIRST_SUBSUMES)]
        fingerprints.add(fold.fingerprint())
        snapshots.add(fold.snapshot())
    assert len(fingerprints) == len(snapshots) == 1
    again = Reconciliations()
    again.restore(snapshots.pop())
    assert again.fingerprint() == fingerprints.pop()
    assert again.prevailing(PAIR) == fold.prevailing(PAIR)


def test_who_has_spoken_of_a_pair_is_known_also_when_it_was_taken_back() -> None:
    fold = Reconciliations()
    assert not fold.has_spoken(PAIR, MEMBERS[0])
    fold.take(said(Strategy.LAST_WRITER), place(0, 5))
    fold.take(withdrawn(Strategy.LAST_WRITER), place(0, 6))
    assert fold.standing_by(PAIR, MEMBERS[0]) == []
    fold.take(withdrawn(Strategy.CONSENSUS), place(1, 7))
    spoken = [fold.has_spoken(PAIR, one) for one in MEMBERS[:3]]
    assert spoken == [True, True, False], "the second took back what it had not said"
    other = (PAIR[0], (ROUNDS[1], ROUNDS[0]))
    assert not fold.has_spoken(other, MEMBERS[0])


def test_it_can_be_said_again_and_others_stand_by_it() -> None:
    fold = Reconciliations()
    kind = Strategy.CONSENSUS, Finding.CONTRADICTORY
    fold.take(said(Strategy.CONSENSUS), place(0, 5))
    (fact,) = fold.take(withdrawn(Strategy.CONSENSUS), place(0, 6))
    assert fact == ReconciliationWithdrawn(ONE, OTHER, ROUNDS, Strategy.CONSENSUS, MEMBERS[0])
    assert fold.prevailing(PAIR) is None
    assert fold.take(withdrawn(Strategy.CONSENSUS), place(0, 7)) == []
    fold.take(said(Strategy.CONSENSUS), place(0, 8))
    assert fold.prevailing(PAIR) == Reconciliation(*kind, 8, MEMBERS[0])
    fold.take(said(Strategy.CONSENSUS), place(1, 9))
    assert fold.take(withdrawn(Strategy.CONSENSUS), place(0, 10)) == []
    assert fold.prevailing(PAIR) == Reconciliation(*kind, 9, MEMBERS[1])


def test_what_prevails_by_others_is_told() -> None:
    fold = Reconciliations()
    for one, where in ALL:
        fold.take(one, where)
    least = Strategy.LAST_WRITER, Finding.CONTRADICTORY
    careful = Strategy.MULTI_VALUE, Finding.CONTRADICTORY
    assert fold.others_above(PAIR, least, MEMBERS[0])[-1] == careful, "member 1 stands by it too"
    assert fold.others_above(PAIR, careful, MEMBERS[0]) == []


def test_withdrawals_go_with_their_pair() -> None:
    fold = Reconciliations()
    for one, where in WITH_WITHDRAWALS:
        fold.take(one, where)
    assert fold.let_go({ONE}, 20) == 0, "the last word on it is not old enough"
    assert fold.let_go({ONE, OTHER}, 21) == 0
    assert fold.let_go({ONE}, 21) == 1
    assert (len(fold), fold.of(ONE)) == (0, [])
