"""Who closes and records, when others are silent, forked, or in a hurry."""

import pytest
from by_hand import Fleet
from test_protocol_voting import RAIN_ID, Denies, lie, rounds

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import fingerprint
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.node.commands import AdmitMember, AssertBelief, LeaveFleet
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.node.supply import payload_of
from credimus.protocol.sync.interface import Blocks
from credimus.protocol.voting.interface import VotingConfig
from credimus.protocol.voting.knowledge import AnswerSheet, Manual
from credimus.state.operations import (
    Assert,
    Choice,
    Close,
    Conclude,
    Conclusion,
    Propose,
    Rules,
    Scheme,
    read_operations,
)
from credimus.state.voting.electorates import electorate_id, electorate_of, round_id
from credimus.state.voting.verdict import Verdict
from strategies import FLEET, FOUND, MEMBERS, SIGNERS, WALL_MS, make_block


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


@pytest.mark.parametrize("how", ["forked", "left"])
def test_a_hosted_member_that_writes_no_more_is_passed_over(how: str) -> None:
    """A silent proposer's round is closed by the next hosted elector in the draw."""
    node = Node(FLEET, SIGNERS[:3], Config(), Entropy(b"hosts"), Manual())

    def now(ms: int) -> Now:
        return Now(Instant(ms * MILLISECOND), WALL_MS + ms)

    node.found(FOUND)
    genesis = node.collect(now(0)).persist[0]
    for signer in SIGNERS[1:4]:
        node.execute(AdmitMember(public_key=signer.public, name=""), now(0))
    (admits,) = node.collect(now(0)).persist
    electors = electorate_of(dict.fromkeys(MEMBERS[:4], 500_000))
    said = Propose(RAIN_ID, 1, Rules(), electorate_id(electors.electors), 1_000)
    proposes = make_block(SIGNERS[3], [electors, said], None, [admits])
    order = sorted(MEMBERS[1:3], key=lambda one: fingerprint(b"credimus draw", round_id(said), one))
    first = SIGNERS[MEMBERS.index(order[0])]
    if how == "left":
        node.execute(LeaveFleet(author=order[0]), now(1))
    else:
        node.execute(AssertBelief(author=order[0], content="x", propose=False), now(1))
        fork = make_block(first, [Assert(1, "elsewhere", "general", 1)], None, [admits])
    node.collect(now(1))
    wires = (proposes.wire,) if how == "left" else (fork.wire, proposes.wire)
    node.receive(MEMBERS[3], payload_of(Blocks(wires), lambda _: []), now(2))
    node.execute(LeaveFleet(author=MEMBERS[0]), now(3))
    node.collect(now(3))
    written = []
    for ms in range(100, 30_000, 100):
        node.tick(now(ms))
        written += node.collect(now(ms)).persist
    closers = [
        block.author
        for block in written
        for one in read_operations(block.body)
        if isinstance(one, Close)
    ]
    assert closers == [order[1]]
    assert node.state.rounds.get(round_id(said)).verdict is Verdict.EXPIRED
    assert not any(author.has_open for author in node.authors)
    assert genesis.id in node.lace
