"""What waits for each peer: the first goes at once, what follows shares a message once a period."""

from credimus.kernel.codec import encode
from credimus.kernel.instant import Instant, earliest
from credimus.protocol.sync.interface import Blocks

WIRES_BYTES_MAX = 131_072
"""Bytes of blocks in one payload, unless a single block is larger. [guess]"""


class Links:
    """The queues to all peers.

    Args:
        period_ns: between two messages to the same peer, at least.
    """

    def __init__(self, period_ns: int) -> None:
        self._period_ns = period_ns
        self._sent: dict[str, Instant] = {}
        self._payloads: dict[str, list[bytes]] = {}
        self._wires: dict[str, list[bytes]] = {}

    def put(self, peer: str, payload: bytes) -> None:
        """Let a message wait for its peer's next moment."""
        self._payloads.setdefault(peer, []).append(payload)

    def put_block(self, peer: str, wire: bytes) -> None:
        """The same for a block; those that wait together are told together."""
        self._wires.setdefault(peer, []).append(wire)

    def deadline(self) -> Instant | None:
        """When the next of them may go; None when nothing waits."""
        return earliest(*(self._moment(peer) for peer in self._waiting()))

    def take(self, now: Instant) -> list[tuple[str, list[bytes]]]:
        """All whose moment has come: peers, and the payloads of one message for each."""
        due = [peer for peer in self._waiting() if self._moment(peer) <= now]
        taken = []
        for peer in due:
            self._sent[peer] = now
            payloads = self._payloads.pop(peer, [])
            taken.append((peer, _packed(self._wires.pop(peer, [])) + payloads))
        return taken

    def _waiting(self) -> dict[str, None]:
        return dict.fromkeys([*self._payloads, *self._wires])

    def _moment(self, peer: str) -> Instant:
        sent = self._sent.get(peer)
        return Instant(0) if sent is None else Instant(sent + self._period_ns)


def _packed(wires: list[bytes]) -> list[bytes]:
    payloads, batch, size = [], list[bytes](), 0
    for wire in wires:
        if batch and size + len(wire) > WIRES_BYTES_MAX:
            payloads.append(encode(Blocks(tuple(batch))))
            batch, size = [], 0
        batch.append(wire)
        size += len(wire)
    return [*payloads, encode(Blocks(tuple(batch)))] if batch else payloads
