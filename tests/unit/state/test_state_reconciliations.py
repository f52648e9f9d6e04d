"""Reconciliations: read strictly, said once, the most careful prevails, in any order."""

from itertools import permutations

import pytest

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BeliefId, RoundId
from credimus.lace.block import Block
from credimus.lace.lace import Place
from credimus.state.events import BeliefsReconciled
from credimus.state.operations import Finding, Reconcile, Strategy, read_operations
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
