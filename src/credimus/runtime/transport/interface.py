"""What the driver asks of a transport: small payloads to one peer or to all, best effort.

Deliberately not here: delivery guarantees (anti-entropy repairs losses), authenticity (blocks are
signed, links only keep strangers out), relaying, and failure detection (our own probes do it).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from credimus.kernel.effects import Wake
from credimus.kernel.errors import UsageError
from credimus.kernel.ids import NodeId
from credimus.kernel.limits import BLOCK_BYTES_MAX

Received = tuple[NodeId, bytes]
"""Who says to have sent it, and the payload.

The sender is a prefix of the message and nobody vouches for it: it is good for routing an answer
and for counting, never for deciding what to believe. What matters is signed inside the payload.
"""
OnMessages = Callable[[list[Received]], None]
"""Takes a batch, never empty, in order of arrival, on the event loop's thread."""

PAYLOAD_BYTES_MAX = BLOCK_BYTES_MAX + 65_536
"""Bytes of one payload: a block of the greatest size and its envelope. [guess]"""


@dataclass(slots=True)
class Counts:
    """What passed since the transport was built; only ever grows.

    `sent` counts calls, not receivers. `dropped` counts messages that reached this process and
    were let go: the inbox was full, or the message was shorter than its sender's id. What the
    network or a congested link lost on the way is not seen here.
    """

    sent: int = 0
    received: int = 0
    dropped: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0


class Transport(Protocol):
    """Carries payloads between the nodes of one fleet.

    All methods are called on the event loop's thread. `broadcast` and `send` never block: under
    congestion the message is lost. Messages of one sender arrive in the order sent, with gaps.
    Before `open` and after `close` both do nothing.
    """

    counts: Counts

    async def open(self) -> None:
        """Listen and begin to dial; returns before any peer has answered.

        Raises:
            Conflict: `port-in-use`.
            UsageError: `certificate-unusable`, `address-unusable`, `transport-unusable`.
        """

    def broadcast(self, payload: bytes) -> None:
        """Send to every connected peer, never to oneself."""

    def send(self, to: NodeId, payload: bytes, wake: Wake = Wake.NOW) -> None:
        """Send to one peer; lost when it is not connected. Sending to oneself is lost too.

        Args:
            wake: when it is handed over at the latest, if the receiver does not fetch before; what
                wakes nobody only when it is fetched.
        """

    def fetch(self, *, calm: bool = True) -> None:
        """Hand over at once what waits, if anything does.

        Args:
            calm: also what wakes nobody.
        """

    def gather(self, seconds: float) -> None:
        """Let what comes from now on wait for more, at most so long: until as many messages wait
        as there are peers, for then everybody has spoken. Ends with the next batch.

        A transport that can not may hand over at once.
        """

    def neighbours(self) -> frozenset[NodeId]:
        """The peers that are connected now, as far as the engine knows; costs nothing."""

    async def close(self) -> None:
        """Stop hearing at once and let go of the links; may be called again."""


def peers_to_dial(own: NodeId, members: Iterable[tuple[int, NodeId, str]]) -> list[str]:
    """The addresses this node dials: those of the members admitted before it.

    Each pair so has one side that dials (were both to dial, QUIC would double their links), and a
    newcomer finds everybody while nobody else has to change.

    Args:
        members: stamp of admission, id and `host:port` of each; without an address, an empty text.
            A node that is not among them dials all.
    """
    ordered = sorted(members)
    place = next((i for i, (_, node, _) in enumerate(ordered) if node == own), len(ordered))
    return [address for _, _, address in ordered[:place] if address]


def check_payload(payload: bytes) -> None:
    """Refuse what no transport carries.

    Raises:
        UsageError: `payload-too-large`, with both sizes.
    """
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise UsageError(
            "payload-too-large",
            f"a payload has {len(payload)} bytes; at most {PAYLOAD_BYTES_MAX} travel in one "
            "message. Send it in parts.",
        )
