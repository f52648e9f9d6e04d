"""The views of a fleet: when they follow every vote, what they rest on, and how much."""

import pytest
from by_hand import Fleet

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.odds import BILLION
from credimus.node.commands import AssertBelief, RotateKey
from credimus.protocol.voting.interface import Ballot, Question, VotingConfig
from credimus.state.identity import belief_id
from credimus.state.membership.evidence import rotation_message
from credimus.state.membership.law import Law, Spot, Succession
from credimus.state.operations import Choice
from credimus.state.opinion.skill import NOTHING_KNOWN, Item, estimated
from credimus.state.opinion.standing import Lens, _by_person, _of_all_ids
from strategies import MEMBERS, SIGNERS


class Says:
    """Says no to odd numbers, or to even ones."""

    def __init__(self, odd: int) -> None:
        self._odd = odd

    def evaluate(self, question: Question) -> Ballot | None:
        return Ballot(
            Choice.REJECT if int(question.content[-1:] or 0) % 2 == self._odd else Choice.ACCEPT
        )


def fleet_after(count: int) -> Fleet:
    """Four of whom the last contradicts the others; each belief asserted, decided and recorded."""
    fleet = Fleet(4, VotingConfig(), [Says(odd) for odd in (1, 1, 1, 0)])
    for number in range(count):
        fleet.nodes[number % 4].execute(
            AssertBelief(content=f"it is so {number}", category="general"), fleet.now
        )
        fleet.settle()
        fleet.wait(250)
    return fleet


def test_nobody_voted_nothing_is_known() -> None:
    standing = Fleet(2).nodes[0].state.standing
    assert standing.skills() is NOTHING_KNOWN
    credence = standing.credence(belief_id("it is so 1", "general"))
    assert credence == (BILLION // 2, 0, 0)
    assert set(standing.weights().values()) == {500_000}


def test_views_follow_every_vote_in_a_small_fleet() -> None:
    fleet = fleet_after(10)
    standing = fleet.nodes[0].state.standing
    assert standing.skills().of(MEMBERS[3]).sensitivity < 300_000
    yes, no = (belief_id(f"it is so {number}", "general") for number in (2, 3))
    assert standing.credence(yes).billionths > 990_000_000
    assert standing.credence(no).billionths < 10_000_000
    assert standing.credence(yes)[1:] == (4, 4)
    assert standing.conduct().of(MEMBERS[3]).incorrect == 10
    assert standing.skills_looking_back(Lens("general")).of(MEMBERS[3]).sensitivity < 300_000
    assert standing.skills_looking_back(Lens("other")) is NOTHING_KNOWN
    assert len({node.state.standing.fingerprint() for node in fleet.nodes}) == 1


def test_who_takes_a_new_key_is_the_same_voter() -> None:
    fleet = fleet_after(8)
    standing, roster = fleet.nodes[0].state.standing, fleet.nodes[0].state.roster
    before, epoch = standing.skills(), standing.epochs.open_epoch()
    recorded = standing.skills_as_of(epoch)
    last, new = fleet.nodes[3], SIGNERS[5]
    age = roster.current.by_id[MEMBERS[3]].admitted_stamp
    proof = new.sign(rotation_message(last.fleet, MEMBERS[3], new.public))
    last.execute(RotateKey(public_key=new.public, proof=proof), fleet.now)
    fleet.settle()
    assert roster.current.by_id[new.node_id].admitted_stamp == age
    after, recorded_after = standing.skills(), standing.skills_as_of(epoch)
    for then, now in ((before, after), (recorded, recorded_after)):
        assert then.rated[MEMBERS[3]].answered > 0
        assert now.of(new.node_id) == then.of(MEMBERS[3]) == now.of(MEMBERS[3])
        assert now.rated[new.node_id] == then.rated[MEMBERS[3]]
        assert {who for who in now.rated if who != new.node_id} == then.rated.keys()
    weights = standing.weights()
    assert weights[new.node_id] < weights[MEMBERS[0]]
    assert len({node.state.standing.fingerprint() for node in fleet.nodes}) == 1


def test_two_ids_of_one_member_are_one_voice_in_a_round() -> None:
    law = Law()
    law.successions[NodeId(b"2")] = Succession(Spot(1, BlockId(b"b"), 0), NodeId(b"1"))
    one, two, other = NodeId(b"1"), NodeId(b"2"), NodeId(b"9")
    assert _by_person(Item(b"x", [one, two, other], []), law) == Item(b"x", [one, other], [])
    assert _by_person(Item(b"x", [one, other], [two]), law) == Item(b"x", [other], [])
    rated = estimated([Item(b"x", [one, other], [])], {one: 0, other: 0})
    told = _of_all_ids(rated, law)
    assert told.rated.keys() == told.echoes.keys() == {one, two, other}
    assert told.rated[one] == told.rated[two]


def test_views_of_a_large_fleet_are_those_of_the_open_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet = fleet_after(12)
    standing = fleet.nodes[0].state.standing
    monkeypatch.setattr("credimus.state.opinion.standing.LIVE_ROUNDS_MAX", 11)
    assert standing.epochs.open_epoch() == 1
    skills = standing.skills()
    assert skills is standing.skills_as_of(1)
    assert skills.rated[MEMBERS[0]].answered == 8
    assert sum(standing.conduct().of(MEMBERS[0])[:2]) < 12
    fleet.nodes[1].execute(
        AssertBelief(content="it is so 2 again 4", category="general"), fleet.now
    )
    fleet.settle()
    assert standing.skills() is skills  # nothing was recorded before the open epoch


def test_skill_is_worked_out_from_so_many_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = fleet_after(9)
    monkeypatch.setattr(limits, "SKILL_ANSWERS_MAX", 10)
    skills = fleet.nodes[0].state.standing.skills_as_of(1)
    assert skills.rated[MEMBERS[0]].answered == 3
    assert len(skills.log_odds) == 3
