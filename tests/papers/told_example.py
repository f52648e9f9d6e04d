"""The messages of the worked example in docs/protocol/delivery.md."""

from credimus.kernel.ids import FleetId
from credimus.lace.seal import SeedSigner
from credimus.protocol.delivery.envelope import seal_content, seal_reply
from credimus.protocol.delivery.interface import Answer, Content, Envelope, Mode, Outcome, Reply

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
