"""The messages of the worked examples in docs/protocol/delivery.md and vigilance.md."""

from credimus.kernel.ids import FleetId
from credimus.lace.frontier import Frontier
from credimus.lace.seal import SeedSigner
from credimus.protocol.delivery.envelope import seal_content, seal_reply
from credimus.protocol.delivery.interface import Answer, Content, Envelope, Mode, Outcome, Reply
from credimus.protocol.vigilance.interface import Accusation, Charge, Claim, Kind, StateClaim
from credimus.protocol.vigilance.sealing import frontier_digest, seal_charge, seal_claim
from credimus.state.fleet import FleetState

ADA, BOB = SeedSigner(b"\x01" * 32), SeedSigner(b"\x02" * 32)
WALL_MS = 1_700_000_000_000
PAYLOAD = b"open the gate"


def a_message(fleet: bytes) -> Envelope:
    """Ada's to bob."""
    return seal_content(
        ADA,
        Content(
            FleetId(fleet), ADA.node_id, BOB.node_id, 7, 5, Mode.EXACTLY_ONCE, WALL_MS,
            WALL_MS + 3_600_000, PAYLOAD,
        ),
    )  # fmt: skip


def an_answer(fleet: bytes) -> Answer:
    """Bob's to ada."""
    reply = Reply(FleetId(fleet), BOB.node_id, ADA.node_id, 7, Outcome.DONE, b"it is open")
    return seal_reply(BOB, reply)


def a_claim(state: FleetState, heads: Frontier) -> Claim:
    """Ada's, of the three blocks of blocks.md."""
    line = state.checkpoints.fingerprint()
    digest = frontier_digest(heads, line)
    fleet = state.roster.fleet
    said = StateClaim(fleet, ADA.node_id, WALL_MS, 1, 3, digest, state.fingerprint())
    return seal_claim(ADA, said)


def an_accusation(state: FleetState, heads: Frontier) -> Accusation:
    """Bob's, of ada."""
    fleet, shown = state.roster.fleet, (a_claim(state, heads),)
    said = Charge(fleet, BOB.node_id, WALL_MS, ADA.node_id, Kind.FALSE_CLAIM, "not so", shown)
    return seal_charge(BOB, said)
