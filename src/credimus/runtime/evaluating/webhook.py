"""An evaluator elsewhere: asked by a signed HTTP POST, answers with a small JSON object.

What is signed is `signed_bytes`: a fixed line, the time, and the body exactly as sent.
"""

import ssl
import time
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from credimus.kernel.errors import Unavailable
from credimus.kernel.fixed import millionths
from credimus.lace.seal import Signer
from credimus.protocol.voting.interface import Answer, Ballot, Left
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.runtime.evaluating.posting import post
from credimus.runtime.evaluating.steps import checked
from credimus.runtime.evaluating.target import Target
from credimus.state.operations import Choice

SIGNED_LINE = b"credimus webhook 1"
_LEAVES = {"next": Left.NEXT, "ask": Left.OPEN}


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a webhook answers."""

    choice: Literal["accept", "reject", "abstain", "next", "ask"]
    """`next` leaves the question to the next evaluator, `ask` leaves it open for a command."""
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0
    reason: str = ""


class Webhook:
    """Asks one URL in the node's name.

    Args:
        signer: the node's own key.
        wall_ms: milliseconds since the Unix epoch, now.
    """

    def __init__(
        self, target: Target, signer: Signer, wall_ms: Callable[[], int] | None = None
    ) -> None:
        self._target = target
        self._signer = signer
        self._wall_ms = wall_ms or _wall_ms
        self._trust = ssl.create_default_context() if target.encrypted else None

    async def judge(self, inquiry: Inquiry) -> Answer:
        """The webhook's answer.

        Raises:
            Unavailable: as `post` and `read_reply`.
        """
        body = msgspec.json.encode(inquiry)
        fields = signature_fields(self._signer, body, self._wall_ms())
        return read_reply(await post(self._target, fields, body, self._trust))


def signature_fields(signer: Signer, body: bytes, wall_ms: int) -> dict[str, str]:
    """The headers by which a receiver knows who asks, when, and that the body is unchanged."""
    moment = str(wall_ms)
    return {
        "Credimus-Node": signer.node_id.hex(),
        "Credimus-Key": signer.public.hex(),
        "Credimus-Time": moment,
        "Credimus-Signature": signer.sign(signed_bytes(moment, body)).hex(),
    }


def signed_bytes(moment: str, body: bytes) -> bytes:
    """What the signature covers; a block's header never begins like this."""
    return b"\n".join((SIGNED_LINE, moment.encode("ascii"), body))


def read_reply(body: bytes) -> Answer:
    """The answer in the body of a reply.

    Raises:
        Unavailable: `evaluator-malformed`, for any bytes that are no such reply.
    """
    try:
        reply = msgspec.json.decode(body, type=Reply)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Unavailable(
            "evaluator-malformed",
            f"the webhook's answer can not be read: {problem!s:.200}. It must be a JSON object "
            "with choice and, if wanted, confidence and reason.",
        ) from None
    if reply.choice in _LEAVES:
        return _LEAVES[reply.choice]
    confidence = millionths(reply.confidence, "confidence")
    return checked(Ballot(Choice[reply.choice.upper()], confidence, reply.reason))


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
