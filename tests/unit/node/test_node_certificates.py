"""Certificates of what a busy fleet decided are as small as they are promised to be."""

from itertools import islice, pairwise

import pytest
from by_hand import KEYS, Fleet

from credimus.certificate import Archive, Trust, make_certificate, verify
from credimus.kernel.ids import BlockId
from credimus.node.commands import AdmitMember, AssertBelief
from credimus.protocol.voting.interface import Ballot, Question
from credimus.sim.once import signatures_checked_once
from credimus.state.member_operations import AdmissionRule, Charter, Vouch
from credimus.state.operations import Choice, Propose, Votes, read_operations
from credimus.state.voting.electorates import round_id

IN_FLIGHT = {3: 64, 5: 64, 7: 256, 20: 256, 48: 96}
"""Beliefs that are proposed at once, by all nodes of a fleet together: more than one block of each
author may hold votes on."""


class Believes:
    """Accepts everything, and is sure of each thing in another degree, other than its peers: equal
    votes would be told once for all."""

    def __init__(self, number: int) -> None:
        self._asked = 1_000 * number

    def evaluate(self, _: Question) -> Ballot:
        self._asked += 1
        return Ballot(Choice.ACCEPT, 800_000 + self._asked)


def busy(count: int, apart: bool = False, charter: Charter | None = None) -> Fleet:
    """A fleet in which every node proposed its share at once.

    Args:
        apart: whether each joined by itself, and no time went by since.
    """
    choosers = [Believes(number) for number in range(count)]
    with signatures_checked_once():
        fleet = Fleet(count, evaluators=choosers, charter=charter, apart=apart)
        fleet.ms += 0 if apart else 1_000
        for number in range(IN_FLIGHT[count]):
            said = AssertBelief(content=f"pump {number} leaks", category="observation")
            fleet.nodes[number % count].execute(said, fleet.now)
        fleet.settle()
    return fleet


@pytest.mark.parametrize("count", IN_FLIGHT)
def test_certificates_of_a_busy_fleet_meet_the_goal(count: int) -> None:
    meet_the_goal(busy(count), IN_FLIGHT[count])


def test_certificates_meet_the_goal_where_all_have_just_joined_by_ticket() -> None:
    meet_the_goal(busy(20, apart=True), IN_FLIGHT[20])


@pytest.mark.parametrize(("count", "quorum"), [(7, 3), (20, 2), (20, 3), (20, 7)])
def test_certificates_meet_the_goal_where_several_must_admit(count: int, quorum: int) -> None:
    charter = Charter(AdmissionRule.QUORUM, quorum)
    meet_the_goal(busy(count, apart=True, charter=charter), IN_FLIGHT[count])


def test_who_proposes_while_many_come_vouches_for_them_before() -> None:
    fleet = busy(5)
    names = iter(range(5, 17))
    for node in fleet.nodes[:4]:
        for number in islice(names, 3):
            said = AdmitMember(public_key=KEYS[number].public, name=f"node-{number}")
            node.execute(said, fleet.now)
    fleet.settle()
    begun = len(fleet.stores[-1])
    for node in fleet.nodes[2:4]:
        said = AssertBelief(content=f"valve {node.id.hex()} sticks", category="observation")
        node.execute(said, fleet.now)
    fleet.settle()
    kinds = [list(map(type, read_operations(one.body))) for one in fleet.stores[-1][begun:]]
    assert kinds[0] == [Vouch] * 15
    assert Propose in kinds[1]
    assert sum(Vouch in one for one in kinds) == 1, "who heard of it needs not"


def meet_the_goal(fleet: Fleet, in_flight: int) -> None:
    node, wires = fleet.nodes[-1], {b.id: b.wire for b in fleet.stores[-1]}
    archive = Archive(fleet.id, node.lace, node.state, lambda ids: [wires[BlockId(i)] for i in ids])
    beliefs = list(node.state.beliefs)
    assert len(beliefs) == in_flight
    for belief in beliefs[::4]:
        text = make_certificate(archive, belief)
        proved = verify(text, Trust(fleet.id))
        assert len(text) <= 2_048 + 300 * len(proved.voters)


def test_a_certificate_shows_at_most_one_other_answer_of_an_elector_beside_the_proposer() -> None:
    fleet = busy(5)
    said = [read_operations(block.body) for block in fleet.stores[-1]]
    votes = [one for operations in said for one in operations if isinstance(one, Votes)]
    assert {len(one.votes) for one in votes} == {1, 2}
    for operations in said:
        for before, one in pairwise(operations):
            if isinstance(before, Propose):  # its author's own vote stands alone, and beside it
                assert isinstance(one, Votes)
                assert [vote.round for vote in one.votes] == [round_id(before)]
