"""docs/protocol/ is exact: its vectors hold for our code and for an implementation made from it."""

import re
from base64 import b32encode
from hmac import digest
from pathlib import Path

import pytest
import told_example as told
from hypothesis import given, settings
from nacl.secret import SecretBox
from stranger import blocks as their_blocks
from stranger import certificates as their_certificates
from stranger import checkpoints as their_checkpoints
from stranger import identifiers as ids
from stranger import messages as their_messages
from stranger import roster as their_roster
from stranger import rounds as their_rounds
from stranger import sets
from stranger import state as their_state
from stranger import turns as their_turns

from credimus.certificate import Archive, make_certificate
from credimus.certificate.document import proof_of, read_certificate
from credimus.kernel.codec import encode
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import BlockId, FleetId, NodeId, fingerprint, fleet_id
from credimus.kernel.instant import Instant, Now
from credimus.lace.block import VERSION, Block, Header, root_of, write_predecessors
from credimus.lace.frontier import Frontier, Head
from credimus.lace.lace import Lace
from credimus.lace.seal import SeedSigner, pack_leaves, seal
from credimus.node.taking.ingress import Ingress
from credimus.protocol.dissemination import interface as spreading
from credimus.protocol.dissemination.urgency import Urgency
from credimus.protocol.membership import turns
from credimus.protocol.membership.interface import Claim, Ping, Status
from credimus.protocol.membership.rows import RowStore
from credimus.protocol.sync.interface import Beacon, Blocks, Digest, Pull
from credimus.runtime.joining import ticket as tickets
from credimus.sketch import merkle
from credimus.state import operations as op
from credimus.state.beliefs import link_key
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.member_operations import CategoryLimit, Limit
from credimus.state.voting.electorates import electorate_id, round_id
from liars import histories
from member_strategies import member_histories
from strategies import (
    FLEET,
    Replica,
)

DOCS = Path(__file__).parents[2] / "docs" / "protocol"
ADA, BOB = SeedSigner(b"\x01" * 32), SeedSigner(b"\x02" * 32)
NONCE = bytes(range(16))
LEFT_OUT_MAX, UNITS_MAX = 200_000, 5_000
WALL_MS = 1_700_000_000_000
STAMP = stamp_of(WALL_MS)
SAID, CATEGORY = "Pump 3  leaks.", "observation"
ADDRESS = "127.0.0.1:7447"
TICKET_ID, SECRET, JOIN_NONCE = b"\x03" * 8, b"\x04" * 32, b"\x05" * 16
BOX_NONCE = b"\x06" * 24
EXPIRES = 1_700_000_600_000
URL = "http://127.0.0.1:8701"


def published() -> dict[str, str]:
    """The vectors of all pages, by name; long values go on in indented lines."""
    found: dict[str, str] = {}
    for page in sorted(DOCS.glob("*.md")):
        for block in re.findall(
            r"^```vectors\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL
        ):
            name = ""
            for line in block.splitlines():
                words = re.split(r"  +", line.strip())
                if line.startswith(" "):
                    found[name] += words[0]
                else:
                    assert words[0] not in found, f"{words[0]} is published twice"
                    name, found[words[0]] = words[0], words[1]
    return found


def of_code() -> dict[str, bytes | str]:
    """The worked example, by our code."""
    fleet = fleet_id(ADA.public, NONCE, LEFT_OUT_MAX, UNITS_MAX)

    def block(signer: SeedSigner, place: tuple, said: list) -> Block:
        sequence, stamp, previous, parents = place
        leaves = [encode(one) for one in said]
        root = root_of(write_predecessors(previous, parents), leaves)
        header = Header(
            VERSION, fleet, signer.node_id, sequence, stamp, previous, tuple(parents), root,
            len(said),
        )  # fmt: skip
        return seal(signer, header, pack_leaves(leaves))

    found = op.Found("example fleet", NONCE, ADA.public, "ada", ADDRESS, LEFT_OUT_MAX, UNITS_MAX)
    limit = Limit((CategoryLimit("alarm", 36_000, 50), CategoryLimit("gossip", 60, 1)))
    genesis = block(ADA, (1, STAMP, b"", []), [found, op.Admit(BOB.public, "bob", "")])
    belief = belief_id(SAID, CATEGORY)
    said = op.Assert(1, SAID, CATEGORY, 900_000, (op.Evidence("sensor", "camera 4"),))
    electors = tuple(op.Elector(one, 500_000) for one in sorted((ADA.node_id, BOB.node_id)))
    electorate = electorate_id(electors)
    proposal = op.Propose(belief, 1, op.Rules(), electorate, 5_000)
    identifier = round_id(proposal)
    vote = op.Votes((op.Vote(identifier, op.Choice.ACCEPT, 900_000),))
    second = block(
        BOB, (1, STAMP + 1, b"", [genesis.id]), [said, op.Publish(electors), proposal, vote]
    )
    third = block(ADA, (2, STAMP + 2, genesis.id, [second.id]), [vote])

    state, lace = FleetState(FleetId(fleet)), Lace()
    ingress = Ingress(FleetId(fleet), lace, state, HybridClock(60_000))
    for one in (genesis, second, third):
        assert ingress.take(one.wire, 1_700_000_000_000)
    wires = {one.id: one.wire for one in (genesis, second, third)}
    archive = Archive(FleetId(fleet), lace, state, lambda ids: [wires[BlockId(i)] for i in ids])
    asserted = state.beliefs.get(belief)
    assert asserted is not None
    certificate = read_certificate(make_certificate(archive, asserted))
    heads = Frontier(
        tuple(
            Head(NodeId(one.author), one.header.sequence, BlockId(one.id))
            for one in sorted((second, third), key=lambda one: one.author)
        )
    )
    ticket = tickets.Ticket(1, URL, FleetId(fleet), ADA.public, TICKET_ID, SECRET, EXPIRES)
    request = encode(
        tickets.JoinRequest(1, TICKET_ID, BOB.public, "bob", ("127.0.0.1:7449",), JOIN_NONCE)
    )
    answer = tickets.JoinAnswer(
        "example fleet", b"certificate", b"key", ((ADA.node_id, ADDRESS),), (genesis.wire,)
    )
    sealed = SecretBox(tickets._box_key(SECRET)).encrypt(encode(answer), BOX_NONCE)
    assert tickets.open_answer(ticket, sealed) == answer
    proof = request + tickets._mac(SECRET, request)
    assert tickets.open_request(SECRET, proof).name == "bob"
    assert tickets.parse_ticket(tickets.ticket_text(ticket), EXPIRES - 1) == ticket
    order = sorted(
        (ADA.node_id, BOB.node_id), key=lambda one: fingerprint(b"credimus draw", identifier, one)
    )
    return {
        "fingerprint of nothing": fingerprint(b"credimus example"),
        "fingerprint of two parts": fingerprint(b"credimus example", b"", b"abc"),
        "ada's public key": ADA.public,
        "bob's public key": BOB.public,
        "ada": ADA.node_id,
        "bob": BOB.node_id,
        "fleet": fleet,
        "belief": belief,
        "electorate": electorate,
        "round": identifier,
        "relation key": link_key(belief, op.Relation.CONTRADICTS, belief),
        "first in the draw": order[0],
        "root of no leaves": merkle.root([]),
        "root of the leaves a b c": merkle.root([b"a", b"b", b"c"]),
        "genesis header": genesis.header_bytes,
        "genesis id": genesis.id,
        "genesis signature": genesis.signature,
        "genesis root": genesis.header.root,
        "genesis wire": genesis.wire,
        "second header": second.header_bytes,
        "second id": second.id,
        "second wire": second.wire,
        "third predecessors": third.predecessors,
        "third id": third.id,
        "third wire": third.wire,
        "found": encode(found),
        "assert": encode(said),
        "publish": encode(op.Publish(electors)),
        "propose": encode(proposal),
        "votes": encode(vote),
        "limit": encode(limit),
        "limited fleet": fleet_id(ADA.public, NONCE, LEFT_OUT_MAX, UNITS_MAX, (encode(limit),)),
        "empty set": type(state.beliefs.claims)(b"").to_bytes(),
        "claims": state.beliefs.to_bytes(),
        "members": state.roster.current.to_bytes(),
        "roster fingerprint": state.roster.fingerprint(),
        "beliefs fingerprint": state.beliefs.fingerprint(),
        "rounds fingerprint": state.rounds.fingerprint(),
        "checkpoints fingerprint": state.checkpoints.fingerprint(),
        "state fingerprint": state.fingerprint(),
        "beacon": encode(Beacon(heads)),
        "digest": encode(Digest(lace.heads_sum, (heads.heads[0],))),
        "pull": encode(Pull(Frontier(()), (third.id,))),
        "blocks": encode(Blocks((genesis.wire,))),
        "ping": encode(a_ping()),
        "push": encode(
            spreading.Push((spreading.Carried(genesis.wire, Urgency.CRITICAL, 1, extra=False),))
        ),
        "ihave": encode(spreading.IHave((spreading.Announced(genesis.id[:8], Urgency.NORMAL, 2),))),
        "graft": encode(spreading.Graft((genesis.id[:8],), deliver=True)),
        "prune": encode(spreading.Prune((spreading.TreeName(ADA.node_id, Urgency.LOW),))),
        "relay": encode(a_relay()),
        "neighbour": encode(spreading.Neighbour(spreading.Wish.ASK, needed=True)),
        "envelope": encode(told.a_message(fleet)),
        "message answer": encode(told.an_answer(fleet)),
        "claim": encode(told.a_claim(state, heads)),
        "accusation": encode(told.an_accusation(state, heads)),
        "distances": bytes(turns._distances(9, 0)),
        "proof": encode(proof_of(certificate)),
        "ticket": tickets.ticket_text(ticket),
        "request": proof,
        "answer": sealed,
    }


def a_relay() -> spreading.Relay:
    """Ada's pull for bob, on its first link."""
    ada, bob = ADA.node_id, BOB.node_id
    return spreading.Relay(ada, bob, (ada,), 3, WALL_MS + 2_000, encode(Pull(Frontier(()))))


def a_ping() -> Ping:
    """Ada's to bob, whom she suspects; of the two she hears herself."""
    ada, bob = ADA.node_id, BOB.node_id
    rows = RowStore(ada)
    rows.follow(tuple(sorted((ada, bob))))
    rows.tell(lambda one: one == ada, lambda _: False, Now(Instant(0), WALL_MS))
    return Ping(WALL_MS, (Claim(bob, WALL_MS, Status.SUSPECT, ada),), 7, rows.next())


def of_stranger() -> dict[str, bytes | str]:
    """The worked example, by an implementation made from the documents."""
    mp, fp = ids.mp, ids.fingerprint
    keys = ADA.public, BOB.public
    ada, bob = map(ids.node_id, keys)
    fleet = ids.fleet_id(keys[0], NONCE, LEFT_OUT_MAX, UNITS_MAX)
    belief = ids.belief_id(SAID, CATEGORY)
    electors = [[one, 500_000] for one in sorted((ada, bob))]
    electorate = ids.electorate_id(electors)
    rules = [3, 0, 1, 1, 510_000]
    identifier = ids.round_id(belief, 1, rules, electorate)
    found = [1, "example fleet", NONCE, keys[0], "ada", ADDRESS, LEFT_OUT_MAX, UNITS_MAX]
    said = [4, 1, SAID, CATEGORY, 900_000, [["sensor", "camera 4"]], 0]
    publish = [7, electors, [], 500_000, 0]
    propose = [8, belief, 1, rules, electorate, 5_000, b""]
    votes = [9, [[identifier, 1, 900_000, ""]]]
    limit = [25, [["alarm", 36_000, 50], ["gossip", 60, 1]]]
    stamp = 1_700_000_000_000 * 65_536
    first = [found, [2, keys[1], "bob", ""]]
    seeds = b"\x01" * 32, b"\x02" * 32
    wires = [their_blocks.sealed(seeds[0], fleet, (ada, 1, stamp, b"", []), first)]
    genesis = their_blocks.Block(wires[0])
    after = [said, publish, propose, votes]
    place = bob, 1, stamp + 1, b"", [genesis.id]
    wires.append(their_blocks.sealed(seeds[1], fleet, place, after))
    second = their_blocks.Block(wires[1])
    place = ada, 2, stamp + 2, genesis.id, [second.id]
    wires.append(their_blocks.sealed(seeds[0], fleet, place, [votes]))
    state = their_roster.Fleet(fleet)
    state.take_all(wires)
    assert len(state.taken) == 3
    third = their_blocks.Block(wires[2])
    rounds = their_rounds.Rounds(state)
    assert rounds.rounds[identifier].verdict() == their_rounds.ACCEPTED
    claims = their_state.claims_of(state, rounds)
    members = state.views[second.id].joined(state.views[third.id]).dots
    heads = sorted([[bob, 1, second.id], [ada, 2, third.id]])
    line = their_checkpoints.checkpoints_fingerprint(state)
    digest_of_heads = fp(b"credimus frontier", mp([heads]), line)
    whole = their_state.state_fingerprint(state)
    claim = their_messages.claim(b"\x01" * 32, [fleet, ada, WALL_MS, 1, 3, digest_of_heads, whole])
    ticket = mp([1, URL, fleet, keys[0], TICKET_ID, SECRET, EXPIRES])
    known = their_certificates.Known([identifier, belief])
    excerpts = [
        their_certificates.excerpt_of(0, genesis, [0, 1], 0, known),
        their_certificates.excerpt_of(1, second, [1, 2, 3], stamp, known),
        their_certificates.excerpt_of(0, third, [0], stamp + 1, known),
    ]
    text = b32encode(ticket + fp(b"credimus ticket", ticket)[:4]).decode().rstrip("=").lower()
    request = mp([1, TICKET_ID, keys[1], "bob", ["127.0.0.1:7449"], JOIN_NONCE])
    mac = digest(fp(b"credimus join request", SECRET), request, "sha256")
    answer = mp(["example fleet", b"certificate", b"key", [[ada, ADDRESS]], [wires[0]]])
    row = [ada, WALL_MS, fp(b"credimus roll", *sorted((ada, bob)))[:8], b"\x02", b""]
    box = SecretBox(fp(b"credimus join answer", SECRET)).encrypt(answer, BOX_NONCE)
    return {
        "fingerprint of nothing": fp(b"credimus example"),
        "fingerprint of two parts": fp(b"credimus example", b"", b"abc"),
        "ada's public key": keys[0],
        "bob's public key": keys[1],
        "ada": ada,
        "bob": bob,
        "fleet": fleet,
        "belief": belief,
        "electorate": electorate,
        "round": identifier,
        "relation key": b"\x02" + belief + belief,
        "first in the draw": min((ada, bob), key=lambda one: fp(b"credimus draw", identifier, one)),
        "root of no leaves": their_blocks.merkle_root([]),
        "root of the leaves a b c": their_blocks.merkle_root([b"a", b"b", b"c"]),
        "genesis header": genesis.header_bytes,
        "genesis id": genesis.id,
        "genesis signature": genesis.signature,
        "genesis root": their_blocks.merkle_root([mp([]), *map(mp, first)]),
        "genesis wire": wires[0],
        "second header": second.header_bytes,
        "second id": second.id,
        "second wire": wires[1],
        "third predecessors": third.first,
        "third id": third.id,
        "third wire": wires[2],
        "found": mp(found),
        "assert": mp(said),
        "publish": mp(publish),
        "propose": mp(propose),
        "votes": mp(votes),
        "limit": mp(limit),
        "limited fleet": ids.fleet_id(keys[0], NONCE, LEFT_OUT_MAX, UNITS_MAX, [limit]),
        "empty set": sets.set_bytes({}),
        "claims": sets.set_bytes(claims),
        "members": sets.set_bytes(members),
        "roster fingerprint": fp(b"credimus members", sets.set_bytes(members)),
        "beliefs fingerprint": their_state.beliefs_fingerprint(state, rounds),
        "rounds fingerprint": rounds.fingerprint(),
        "checkpoints fingerprint": their_checkpoints.checkpoints_fingerprint(state),
        "state fingerprint": their_state.state_fingerprint(state),
        "beacon": mp([2, [heads]]),
        "digest": mp([27, their_messages.heads_sum(heads), [heads[0]], False]),
        "pull": mp([3, [[]], [third.id]]),
        "blocks": mp([1, [wires[0]], False]),
        "envelope": their_messages.envelope(
            b"\x01" * 32, [fleet, ada, bob, 7, 5, 2, WALL_MS, WALL_MS + 3_600_000, told.PAYLOAD]
        ),
        "message answer": their_messages.answer(
            b"\x02" * 32, [fleet, bob, ada, 7, 1, b"it is open"]
        ),
        "claim": claim,
        "accusation": their_messages.accusation(
            b"\x02" * 32, [fleet, bob, WALL_MS, ada, 3, "not so", [list(ids.unpack(claim))]]
        ),
        "ping": mp([4, WALL_MS, [[bob, WALL_MS, 1, ada]], 7, [row]]),
        "push": mp([9, [[wires[0], 2, 1, False]]]),
        "ihave": mp([10, [[genesis.id[:8], 1, 2]]]),
        "graft": mp([11, [genesis.id[:8]], True]),
        "prune": mp([12, [[ada, 0]]]),
        "relay": mp([13, ada, bob, [ada], 3, WALL_MS + 2_000, mp([3, [[]], []])]),
        "neighbour": mp([14, 0, True]),
        "distances": bytes(their_turns.distances(9, 0)),
        "proof": mp([4, excerpts]),
        "ticket": "credimus1-" + text,
        "request": request + mac,
        "answer": bytes(box),
    }


def as_text(vectors: dict[str, bytes | str]) -> dict[str, str]:
    return {
        name: one if isinstance(one, str) else bytes(one).hex() for name, one in vectors.items()
    }


@pytest.mark.parametrize("source", [of_code, of_stranger])
def test_published_vectors_hold(source: object) -> None:
    assert published() == as_text(source())  # type: ignore[operator]


@settings(max_examples=40)
@given(histories())
def test_a_second_implementation_reaches_the_same_state(blocks: list[Block]) -> None:
    ours = Replica().take_all(blocks)
    theirs = their_roster.Fleet(FLEET)
    theirs.take_all([block.wire for block in blocks])
    unjudged = ("taken", "waiting", "let go")
    faults = {one: why for one, why in ours.outcomes.items() if why not in unjudged}
    assert theirs.faults == faults
    assert set(theirs.taken) == {block.id for block in ours.log}
    rounds = their_rounds.Rounds(theirs)
    assert {one.id: int(one.verdict) for one in ours.state.rounds} == {
        identifier: one.verdict() for identifier, one in rounds.rounds.items()
    }
    claims = their_state.claims_of(theirs, rounds)
    assert sets.set_bytes(claims) == ours.state.beliefs.to_bytes()
    assert their_state.state_fingerprint(theirs) == ours.state.fingerprint()


@settings(max_examples=40)
@given(member_histories())
def test_a_second_implementation_knows_the_same_members(blocks: list[Block]) -> None:
    """Of exposed authors only what ours took is shown to theirs: that depends on who saw what."""
    ours = Replica().take_all(blocks)
    unjudged = ("taken", "waiting", "let go")
    faults = {one: why for one, why in ours.outcomes.items() if why not in unjudged}
    theirs = their_roster.Fleet(FLEET)
    theirs.take_all([one.wire for one in blocks if one.id in faults or one.id in ours.lace])
    assert theirs.faults == faults
    assert set(theirs.taken) == {block.id for block in ours.log}
    current = their_state.roster_of(theirs)
    members = ours.state.roster.current
    assert set(current.members) == set(members.by_id)
    assert current.expelled == members.expulsions
    assert their_state.state_fingerprint(theirs) == ours.state.fingerprint()
