"""What relations to other beliefs make of a node's answer."""

import pytest
from by_hand import Fleet

from credimus.kernel.fixed import MILLION
from credimus.node.commands import AssertBelief, CastVote, RelateBeliefs
from credimus.protocol.voting.interface import Ballot, Question, VotingConfig
from credimus.protocol.voting.knowledge import Known, LocalKnowledge, Manual
from credimus.state.identity import belief_id
from credimus.state.operations import Choice, Relation, Rules, Scheme
from strategies import MEMBERS

DRY, RAIN, WET = (belief_id(text, "general") for text in ("it is dry", "it rains", "it is wet"))
SURE = 800_000


def fleet_of_two() -> Fleet:
    """Two nodes that vote by command only; the second asserts all three beliefs."""
    fleet = Fleet(2, VotingConfig(rules=Rules(scheme=Scheme.MAJORITY)), [Manual(), Manual()])
    for content in ("it is dry", "it rains", "it is wet"):
        says(fleet, 1, content)
    return fleet


def says(fleet: Fleet, number: int, content: str, confidence: int = SURE) -> None:
    fleet.nodes[number].execute(
        AssertBelief(content=content, category="general", confidence=confidence), fleet.now
    )
    fleet.settle()


def relates(fleet: Fleet, number: int, source: bytes, relation: Relation, target: bytes) -> None:
    said = RelateBeliefs(source=source, relation=relation, target=target)
    fleet.nodes[number].execute(said, fleet.now)
    fleet.settle()


def decided(fleet: Fleet, belief: bytes, choice: Choice) -> None:
    for node in fleet.nodes:
        node.execute(CastVote(belief=belief, choice=choice), fleet.now)
    fleet.settle()


def asked(
    fleet: Fleet, unknown: Choice | None = Choice.ABSTAIN, facts: dict[str, Known] | None = None
) -> Ballot | None:
    """The first node's answer on rain."""
    knows = LocalKnowledge(fleet.nodes[0].state, unknown, facts)
    return knows.evaluate(Question(MEMBERS[0], b"r" * 16, RAIN, "it rains", "general"))


@pytest.mark.parametrize("relation", [Relation.IMPLIES, Relation.DEPENDS_ON, Relation.REFINES])
def test_what_leans_on_something_false_is_rejected(relation: Relation) -> None:
    fleet = fleet_of_two()
    relates(fleet, 0, RAIN, relation, WET)
    assert asked(fleet) == Ballot(Choice.ABSTAIN, 0, "unknown here")
    says(fleet, 0, "it is wet", 100_000)
    ballot = asked(fleet)
    assert ballot is not None
    assert (ballot.choice, ballot.confidence) == (Choice.REJECT, 900_000)
    assert ballot.reason.endswith(WET.hex()[:12])


def test_what_the_fleet_rejected_carries_nothing() -> None:
    fleet = fleet_of_two()
    relates(fleet, 0, RAIN, Relation.DEPENDS_ON, WET)
    decided(fleet, WET, Choice.REJECT)
    assert asked(fleet) == Ballot(Choice.REJECT, MILLION, f"depends on {WET.hex()[:12]}")


@pytest.mark.parametrize(
    ("relation", "confidence"), [(Relation.IMPLIES, MILLION), (Relation.SUPPORTS, MILLION // 2)]
)
def test_what_something_true_carries_is_accepted(relation: Relation, confidence: int) -> None:
    fleet = fleet_of_two()
    relates(fleet, 0, WET, relation, RAIN)
    decided(fleet, WET, Choice.ACCEPT)
    ballot = asked(fleet)
    assert ballot is not None
    assert (ballot.choice, ballot.confidence) == (Choice.ACCEPT, confidence)


@pytest.mark.parametrize("relation", [one for one in Relation if one is not Relation.CONTRADICTS])
def test_what_others_relate_leads_to_nothing(relation: Relation) -> None:
    fleet = fleet_of_two()
    relates(fleet, 1, WET, relation, RAIN)
    relates(fleet, 1, RAIN, relation, DRY)
    for facts in ({"it is wet": Known(True)}, {"it is dry": Known(False)}):
        assert asked(fleet, facts=facts) == Ballot(Choice.ABSTAIN, 0, "unknown here")


def test_a_contradiction_counts_whoever_states_it_and_goes_first() -> None:
    fleet = fleet_of_two()
    relates(fleet, 0, WET, Relation.IMPLIES, RAIN)
    relates(fleet, 1, DRY, Relation.CONTRADICTS, RAIN)
    facts = {"it is wet": Known(True), "it is dry": Known(True, SURE)}
    assert asked(fleet, facts=facts) == Ballot(Choice.REJECT, SURE, f"contradicts {DRY.hex()[:12]}")


def test_what_is_unknown_can_be_left_to_others() -> None:
    fleet = fleet_of_two()
    assert asked(fleet, None) is None
    says(fleet, 0, "it rains")
    ballot = asked(fleet, None)
    assert ballot is not None
    assert ballot.choice is Choice.ACCEPT
