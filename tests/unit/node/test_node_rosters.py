"""A node's own proposals fit the roster in their past, however that moves meanwhile."""

import pytest
from by_hand import Fleet

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict
from credimus.kernel.instant import Instant, Now
from credimus.node.commands import AdmitMember, AssertBelief, LeaveFleet, ProposeBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.state.events import ProposalIgnored
from credimus.state.identity import belief_id
from credimus.state.operations import Admit, Assert, Leave
from credimus.state.voting.verdict import Verdict
from strategies import FLEET, FOUND, MEMBERS, SIGNERS, WALL_MS, make_block

RAIN = AssertBelief(content="it rains", category="general")
RAIN_ID = belief_id("it rains", "general")
ADMITS = Admit(SIGNERS[4].public, "new", "")


def ignored(fleet: Fleet) -> list[object]:
    """What any node saw opening nothing."""
    return [one for events in fleet.events for one in events if isinstance(one, ProposalIgnored)]


@pytest.mark.parametrize("said", [[ADMITS], [Leave("")]])
def test_a_proposal_that_waits_to_be_sealed_keeps_the_roster_it_was_made_with(said: list) -> None:
    fleet = Fleet(4)
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.push(0, [make_block(SIGNERS[2], said, None, fleet.stores[0][-1:])], 2)
    (found,) = fleet.nodes[0].state.rounds.on(RAIN_ID)
    assert sorted(found.electorate.position) == sorted(MEMBERS[:4])
    fleet.nodes[0].execute(AssertBelief(content="later", category="general"), fleet.now)
    fleet.settle()
    (later,) = fleet.nodes[0].state.rounds.on(belief_id("later", "general"))
    assert len(later.electorate) == (5 if said == [ADMITS] else 3)
    assert not ignored(fleet)


def test_a_concurrent_admission_does_not_undo_a_round() -> None:
    fleet = Fleet(4)
    fleet.away = {3}
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.nodes[3].execute(AdmitMember(public_key=SIGNERS[4].public, name="new"), fleet.now)
    fleet.settle()
    assert fleet.nodes[0].state.rounds.verdict(RAIN_ID) is Verdict.ACCEPTED
    fleet.away = set()
    fleet.wait(3_000)
    for node in fleet.nodes:
        assert node.state.rounds.verdict(RAIN_ID) is Verdict.ACCEPTED
        assert MEMBERS[4] in node.state.roster.current
    assert not ignored(fleet)


def test_hosted_members_that_change_the_roster_and_propose_in_one_step() -> None:
    node = Node(FLEET, SIGNERS[:3], Config(), Entropy(b"hosts"))
    now = Now(Instant(0), WALL_MS)
    node.found(FOUND)
    node.collect(now)
    for signer in SIGNERS[1:4]:
        node.execute(AdmitMember(public_key=signer.public, name=""), now)
    node.collect(now)
    for number, content in enumerate(("one", "two", "three")):
        author = MEMBERS[number]
        said = AssertBelief(author=author, content=content, category="general")
        node.execute(said, now)
        key = SIGNERS[4 + number % 2].public
        node.execute(AdmitMember(author=author, public_key=key, name=""), now)
    node.execute(LeaveFleet(author=MEMBERS[1]), now)
    effects = node.collect(now)
    assert not [one for one in effects.emit if isinstance(one, ProposalIgnored)]
    assert len(node.state.rounds) == 3
    assert {len(one.electorate) for one in node.state.rounds} == {4}


def test_proposals_are_sealed_before_what_changes_the_roster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet = Fleet(4)
    node = fleet.nodes[0]
    node.execute(AdmitMember(public_key=SIGNERS[4].public, name="new"), fleet.now)
    node.execute(RAIN, fleet.now)
    monkeypatch.setattr("credimus.kernel.limits.BLOCK_OPERATIONS_MAX", 4)
    for number in range(4):
        node.execute(AssertBelief(content=f"fact {number}", category="general"), fleet.now)
    effects = node.collect(fleet.now)
    assert len(effects.persist) > 1
    assert not [one for one in effects.emit if isinstance(one, ProposalIgnored)]
    assert len(node.state.rounds) == 5
    assert MEMBERS[4] in node.state.roster.current


def test_all_that_is_known_of_the_roster_is_in_the_past_however_many_tips_there_are() -> None:
    fleet = Fleet(3)
    start = fleet.stores[0][-1:]
    said = [[Assert(1, f"statement {number}", "general", 1)] for number in range(70)]
    forks = [make_block(SIGNERS[1], one, None, start) for one in said]
    fleet.push(0, forks, 1)
    fleet.push(0, [make_block(SIGNERS[2], [ADMITS], None, start)], 2)
    fleet.nodes[0].execute(RAIN, fleet.now)
    effects = fleet.nodes[0].collect(fleet.now)
    (found,) = fleet.nodes[0].state.rounds.on(RAIN_ID)
    assert MEMBERS[4] in found.electorate.position
    assert len(effects.persist[-1].header.parents) == 64


def test_electors_that_the_fleet_does_not_allow_are_refused() -> None:
    fleet = Fleet(4)
    fleet.nodes[0].execute(AssertBelief(content="x", category="general", propose=False), fleet.now)
    fleet.settle()
    belief = belief_id("x", "general")
    for electors in (MEMBERS[:2], MEMBERS[:5], MEMBERS[:1]):
        for command in (
            AssertBelief(content="y", electors=electors),
            ProposeBelief(belief=belief, electors=electors),
        ):
            with pytest.raises(Conflict) as caught:
                fleet.nodes[0].execute(command, fleet.now)
            assert caught.value.code == "electors-not-allowed"
    assert not fleet.nodes[0].collect(fleet.now).persist
    written = fleet.nodes[0].execute(ProposeBelief(belief=belief, electors=MEMBERS[:3]), fleet.now)
    fleet.settle()
    assert fleet.nodes[1].state.rounds.get(written.round) is not None
