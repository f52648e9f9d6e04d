"""Messages through others: ours in an envelope, others' a step further, each within its bounds.

A message names who has had it, and goes to none of them again: so it can not travel in a loop,
whatever anybody believes of who hears whom. Nothing in it is trusted for having come this way.
"""

from collections.abc import Collection
from typing import Any

from credimus.kernel import limits
from credimus.kernel.effects import Send
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.protocol.dissemination.interface import (
    Counts,
    DisseminationConfig,
    Enveloped,
    Matrix,
    Relay,
    Surroundings,
)
from credimus.protocol.dissemination.routes import Wanted, next_hop


class Relaying:
    """What one node sends through others, and carries for them."""

    def __init__(
        self, config: DisseminationConfig, own: NodeId, around: Surroundings, counts: Counts
    ) -> None:
        self._config = config
        self._own = own
        self._around = around
        self._counts = counts
        self._loads: dict[NodeId, int] = {}
        self._carried: dict[NodeId, tuple[int, int]] = {}
        self._window_until = Instant(0)

    def envelope(
        self, target: NodeId, message: object, now: Now, avoided: Collection[NodeId] = ()
    ) -> Send[Any] | None:
        """A message of ours on the best way to a target, by none of those avoided; None when
        there is no way through others."""
        self._begin_second(now)
        hops_max = self._config.relay_hops_max
        wanted = Wanted(self._own, target, avoided, hops_max)
        relay = next_hop(wanted, _Apart(self._around.matrix(), self._own, target), self._loads)
        if relay is None:
            return None
        self._load(relay)
        self._counts.enveloped += 1
        expires_ms = now.wall_ms + self._config.relay_life_ms
        return Send(relay, Enveloped(target, (self._own,), hops_max - 1, expires_ms, message))

    def pass_on(self, peer: NodeId, relay: Relay, now: Now) -> Send[Any] | None:
        """Another's message a step further; None when it ends here, which is counted."""
        path = tuple(NodeId(one) for one in relay.path)
        target = NodeId(relay.target)
        if (
            not self.is_sound(relay, now)
            or not relay.hops_left
            or not self._admit(peer, relay, now)
        ):
            self._counts.relays_refused += 1
            return None
        wanted = Wanted(self._own, target, path, relay.hops_left)
        ahead = next_hop(wanted, self._around.matrix(), self._loads)
        if ahead is None:
            self._counts.relays_refused += 1
            return None
        self._load(ahead)
        self._counts.relayed += 1
        return Send(
            ahead,
            Relay(
                relay.origin, relay.target, (*path, self._own), relay.hops_left - 1,
                relay.expires_ms, relay.payload,
            ),
        )  # fmt: skip

    def is_sound(self, relay: Relay, now: Now) -> bool:
        """Whether a message is young enough, and never was here."""
        return (
            now.wall_ms <= relay.expires_ms <= now.wall_ms + _LIFE_MS_MAX
            and self._own not in relay.path
            and relay.path[0] == relay.origin != relay.target
            and len(set(relay.path)) == len(relay.path)
            and len(relay.path) + relay.hops_left <= limits.RELAY_PATH_MAX
        )

    def _admit(self, peer: NodeId, relay: Relay, now: Now) -> bool:
        """Whether a peer may have a message carried in this second."""
        self._begin_second(now)
        count, byte_count = self._carried.get(peer, (0, 0))
        byte_count += len(relay.payload)
        if count >= limits.RELAYS_PER_SECOND_MAX or byte_count > limits.RELAY_BYTES_PER_SECOND_MAX:
            return False
        if peer not in self._carried and len(self._carried) >= limits.FRONTIER_HEADS_MAX:
            return False
        self._carried[peer] = (count + 1, byte_count)
        return True

    def _begin_second(self, now: Now) -> None:
        """What was carried, and by whom ours were, counts for a second."""
        if now.instant >= self._window_until:
            self._window_until = Instant(now.instant + SECOND)
            self._carried.clear()
            self._loads.clear()

    def _load(self, relay: NodeId) -> None:
        self._loads[relay] = self._loads.get(relay, 0) + 1


class _Apart:
    """A matrix in which a target does not hear us: the straight way is the one that fails."""

    def __init__(self, matrix: Matrix, own: NodeId, target: NodeId) -> None:
        self._matrix = matrix
        self._own = own
        self._target = target

    def hears(self, hearer: NodeId, speaker: NodeId) -> bool:
        """As the matrix says, but for that pair."""
        if hearer == self._target and speaker == self._own:
            return False
        return self._matrix.hears(hearer, speaker)

    def heard_by(self, speaker: NodeId) -> tuple[NodeId, ...]:
        """Likewise."""
        hearers = self._matrix.heard_by(speaker)
        if speaker == self._own:
            return tuple(one for one in hearers if one != self._target)
        return hearers


_LIFE_MS_MAX = 60_000
"""A message that claims to live longer is let go: so an old one can not be kept for later. [guess]
"""
