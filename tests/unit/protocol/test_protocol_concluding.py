"""Who closes and records, when others are silent, forked, or in a hurry."""

import pytest
from by_hand import Fleet
from test_protocol_voting import RAIN_ID, Denies, lie, rounds

from credimus.node.commands import AssertBelief
from credimus.protocol.voting.interface import VotingConfig
from credimus.protocol.voting.knowledge import AnswerSheet
from credimus.state.operations import Choice, Conclude, Conclusion, Rules, Scheme
from credimus.state.verdict import Verdict
from strategies import MEMBERS


@pytest.mark.parametrize("restarted", [True, False])
def test_a_bystander_that_concludes_first_does_not_keep_a_rejection_from_removing(
    restarted: bool,
) -> None:
    fleet = Fleet(4, VotingConfig(), [AnswerSheet({})] + [Denies()] * 3)
    electors = MEMBERS[:3]
    said = AssertBelief(
        content="it rains", category="general", electors=electors, rules=Rules(Scheme.MAJORITY)
    )
    fleet.nodes[0].execute(said, fleet.now)
    fleet.settle()
    (found,) = rounds(fleet)
    lie(fleet, 3, Conclude((Conclusion(found.id, Choice.REJECT, b"", b"", b""),)))
    if restarted:
        fleet.restart(0).resume(fleet.now)
    fleet.wait(6_000)
    assert rounds(fleet)[0].verdict is Verdict.REJECTED
    assert fleet.nodes[2].state.beliefs.assertions(RAIN_ID) == []
