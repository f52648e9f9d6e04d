"""What a caller may write, what it is told, and that an error leaves nothing behind."""

import msgspec
import pytest
from by_hand import Fleet

from credimus.kernel import limits
from credimus.kernel.errors import Conflict, CredimusError, NotFound, Unavailable, UsageError
from credimus.kernel.fixed import MILLION
from credimus.node.commands import (
    AdmitMember,
    AssertBelief,
    CastVote,
    Command,
    LeaveFleet,
    ProposeBelief,
    RelateBeliefs,
    RetractBelief,
)
from credimus.node.node import Node
from credimus.protocol.voting.interface import VotingConfig
from credimus.protocol.voting.knowledge import Manual
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Choice,
    Elector,
    Evidence,
    Propose,
    Publish,
    Relation,
    Rules,
    Scheme,
)
from strategies import BELIEFS, MEMBERS, SIGNERS, make_block

RAIN = AssertBelief(content="it rains", category="general")
RAIN_ID = belief_id("it rains", "general")


def open_work(node: Node) -> tuple:
    """What stands in the node's open block."""
    author = node.authors[0]
    return tuple(author._open), tuple(author._votes), author._claims, frozenset(author.proposing)


def refused(fleet: Fleet, command: Command, code: str, kind: type = UsageError) -> CredimusError:
    """The error, after a check that nothing was written."""
    node = fleet.nodes[0]
    before, fingerprint = open_work(node), node.state.fingerprint()
    with pytest.raises(kind) as caught:
        node.execute(command, fleet.now)
    assert caught.value.code == code
    assert caught.value.definite
    assert len(str(caught.value)) > 10
    assert open_work(node) == before
    assert node.state.fingerprint() == fingerprint
    fleet.settle()
    assert node.state.fingerprint() == fingerprint
    return caught.value


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (AssertBelief(content=""), "belief-empty"),
        (AssertBelief(content=" \n "), "belief-empty"),
        (AssertBelief(content="x" * 1_025), "belief-too-long"),
        (AssertBelief(content="é" * 513), "belief-too-long"),
        (AssertBelief(content="half \ud800"), "bad-unicode"),
        (AssertBelief(content="x", category="No"), "bad-category"),
        (AssertBelief(content="x", category="no\n"), "bad-category"),
        (AssertBelief(content="x", category="n" * 65), "bad-category"),
        (AssertBelief(content="x", confidence=MILLION + 1), "out-of-range"),
        (AssertBelief(content="x", confidence=-1), "out-of-range"),
        (AssertBelief(content="x", ttl_ms=-1), "out-of-range"),
        (AssertBelief(content="x", ttl_ms=limits.TTL_MS_MAX + 1), "out-of-range"),
        (AssertBelief(content="x", evidence=(Evidence("k", "c"),) * 11), "too-much-evidence"),
        (AssertBelief(content="x", evidence=(Evidence("k", "c" * 1_025),)), "too-long"),
        (AssertBelief(content="x", evidence=(Evidence("k", "\udfff"),)), "bad-unicode"),
        (AssertBelief(content="x", electors=()), "bad-electors"),
        (AssertBelief(content="x", electors=(b"short",)), "bad-electors"),
        (
            AssertBelief(content="x", electors=tuple(n.to_bytes(16, "big") for n in range(4_097))),
            "bad-electors",
        ),
        (AssertBelief(content="x", rules=Rules(quorum=MILLION + 1)), "bad-rules"),
        (AssertBelief(content="x", rules=Rules(quorum=-1)), "bad-rules"),
        (AssertBelief(content="x", rules=Rules(quorum=1 << 70)), "bad-rules"),
        (AdmitMember(public_key=b"short", name="n"), "bad-key"),
        (AdmitMember(public_key=b"k" * 32, name="n" * 129), "too-long"),
        (AdmitMember(public_key=b"k" * 32, name="\ud800"), "bad-unicode"),
        (LeaveFleet(reason="r" * 513), "too-long"),
        (RetractBelief(belief=RAIN_ID, reason="r" * 513), "too-long"),
    ],
)
def test_bad_input_is_a_usage_error(command: Command, code: str) -> None:
    refused(Fleet(2), command, code)


@pytest.mark.parametrize(
    "command",
    [
        CastVote(belief=BELIEFS[0], choice=Choice.ACCEPT),
        ProposeBelief(belief=BELIEFS[0]),
        RetractBelief(belief=BELIEFS[0]),
        RelateBeliefs(source=BELIEFS[0], relation=Relation.IMPLIES, target=BELIEFS[1]),
    ],
)
def test_an_unknown_belief_is_not_found(command: Command) -> None:
    assert refused(Fleet(2), command, "unknown-belief", NotFound).status == 404


def test_the_limits_themselves_are_taken() -> None:
    fleet = Fleet(2)
    evidence = (Evidence("k" * 128, "c" * 1_024),) * 10
    fleet.nodes[0].execute(
        AssertBelief(content="é" * 512, confidence=0, evidence=evidence, ttl_ms=limits.TTL_MS_MAX),
        fleet.now,
    )
    fleet.settle()
    assert len(fleet.fingerprints()) == 1
    assert len(fleet.nodes[1].state.beliefs) == 1


def manual_fleet(**voting: object) -> Fleet:
    """Everybody votes by command only; the round on rain is open."""
    fleet = Fleet(4, VotingConfig(**voting), [Manual()] * 4)  # type: ignore[arg-type]
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    return fleet


def test_a_vote_is_final() -> None:
    fleet = manual_fleet()
    accept = CastVote(belief=RAIN_ID, choice=Choice.ACCEPT)
    fleet.nodes[0].execute(accept, fleet.now)
    with pytest.raises(Conflict):  # the first still stands in the open block
        fleet.nodes[0].execute(accept, fleet.now)
    fleet.settle()
    assert len(fleet.fingerprints()) == 1
    refused(fleet, accept, "already-voted", Conflict)
    refused(fleet, CastVote(belief=RAIN_ID, choice=Choice.REJECT), "already-voted", Conflict)


def test_votes_have_ranges() -> None:
    fleet = manual_fleet()
    for command, code in (
        (CastVote(belief=RAIN_ID, choice=Choice.ACCEPT, confidence=-1), "out-of-range"),
        (CastVote(belief=RAIN_ID, choice=Choice.ACCEPT, reason="r" * 513), "too-long"),
        (CastVote(belief=RAIN_ID, choice=Choice.ACCEPT, reason="\ud800"), "bad-unicode"),
        (ProposeBelief(belief=RAIN_ID), "round-open"),
        (RelateBeliefs(source=RAIN_ID, relation=Relation.IMPLIES, target=RAIN_ID), "self-relation"),
    ):
        refused(fleet, command, code)


def test_a_decided_round_is_closed() -> None:
    fleet = manual_fleet()
    for node in fleet.nodes[1:]:
        node.execute(CastVote(belief=RAIN_ID, choice=Choice.ACCEPT), fleet.now)
    fleet.settle()
    assert fleet.nodes[0].state.rounds.verdict(RAIN_ID).word == "accepted"
    refused(fleet, CastVote(belief=RAIN_ID, choice=Choice.ACCEPT), "round-closed", Conflict)


def test_an_expired_round_is_closed() -> None:
    fleet = manual_fleet(attempts_max=1)
    fleet.wait(6_000)
    refused(fleet, CastVote(belief=RAIN_ID, choice=Choice.ACCEPT), "round-closed", Conflict)
    again = fleet.nodes[0].execute(ProposeBelief(belief=RAIN_ID), fleet.now)
    fleet.settle()
    assert fleet.nodes[1].state.rounds.get(again.round).attempt == 2


def test_who_is_no_elector_can_not_vote() -> None:
    fleet = Fleet(4, VotingConfig(), [Manual()] * 4)
    fleet.nodes[1].execute(AssertBelief(content="x", electors=MEMBERS[1:4]), fleet.now)
    fleet.settle()
    belief = next(iter(fleet.nodes[0].state.beliefs)).id
    refused(fleet, CastVote(belief=belief, choice=Choice.ACCEPT), "no-round", NotFound)


def test_only_members_and_hosted_members_write() -> None:
    fleet = Fleet(2)
    fleet.nodes[0].execute(LeaveFleet(), fleet.now)
    fleet.settle()
    refused(fleet, RAIN, "not-a-member", Conflict)
    refused(Fleet(2), AssertBelief(content="x", author=MEMBERS[1]), "not-hosted", NotFound)


def test_a_full_node_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(2)
    monkeypatch.setattr(limits, "OPEN_OPERATIONS_MAX", 2)
    fleet.nodes[0].execute(RAIN, fleet.now)
    with pytest.raises(Unavailable) as caught:
        fleet.nodes[0].execute(AssertBelief(content="too much"), fleet.now)
    assert caught.value.code == "overloaded"
    assert caught.value.retry


def test_own_assertions_can_be_taken_back_once() -> None:
    fleet = Fleet(2)
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    fleet.nodes[0].execute(RetractBelief(belief=RAIN_ID, reason="wrong"), fleet.now)
    fleet.settle()
    assert fleet.nodes[1].state.beliefs.assertions(RAIN_ID) == []
    refused(fleet, RetractBelief(belief=RAIN_ID), "nothing-to-retract", Conflict)


def test_relating_twice_says_it_once() -> None:
    fleet = Fleet(2)
    for content in ("a", "b"):
        fleet.nodes[0].execute(AssertBelief(content=content, category="general"), fleet.now)
    fleet.settle()
    source, target = belief_id("a", "general"), belief_id("b", "general")
    command = RelateBeliefs(source=source, relation=Relation.SUPPORTS, target=target)
    for _ in range(2):
        fleet.nodes[0].execute(command, fleet.now)
        fleet.settle()
    assert len(fleet.nodes[1].state.beliefs.links(source)) == 1


def test_after_the_last_attempt_nothing_is_proposed_and_no_chain_is_spoilt() -> None:
    fleet = manual_fleet()
    electorate = Publish((Elector(MEMBERS[1], 1),))
    rounds = fleet.nodes[1].state.rounds
    last = Propose(
        RAIN_ID,
        limits.ATTEMPTS_MAX,
        Rules(Scheme.MAJORITY),
        next(rounds.published.newest()).id,
        1,
    )
    head = fleet.stores[1][-1]
    liar = make_block(SIGNERS[1], [electorate, last], None, [head])
    fleet.push(0, [liar], 1)
    fleet.settle()
    fleet.wait(10_000)
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    refused(fleet, ProposeBelief(belief=RAIN_ID), "attempts-exhausted", Conflict)
    assert not any(code == "malformed" for node in fleet.nodes for _, code in node.faults)


def test_a_vote_can_name_its_round() -> None:
    fleet = Fleet(2, evaluators=[Manual(), Manual()])
    opened = fleet.nodes[0].execute(AssertBelief(content="it rains"), fleet.now)
    fleet.settle()
    vote = CastVote(belief=opened.belief, choice=Choice.ACCEPT, round=b"x" * 16)
    with pytest.raises(NotFound, match="no round"):
        fleet.nodes[0].execute(vote, fleet.now)
    named = msgspec.structs.replace(vote, round=opened.round)
    assert fleet.nodes[0].execute(named, fleet.now).round == opened.round
