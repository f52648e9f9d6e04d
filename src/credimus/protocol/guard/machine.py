"""Decides of every message whether it is looked at at all; costs some 0.3 us where all is well.

Deliberately not here: what a fault is (ingress and the decoders say that), how many messages wait
(the driver's inbox).
"""

from collections.abc import Iterator, Mapping

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.breaker import Breaker, State
from credimus.kernel.bucket import Bucket
from credimus.kernel.effects import Effects
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.protocol.guard.interface import (
    GuardConfig,
    Guarded,
    GuardEvent,
    GuardInput,
    PeerHeardAgain,
    PeerIgnored,
)

GuardEffects = Effects[object, object, GuardEvent]
_BLAMELESS = frozenset({"stamp-too-far-in-future"})
"""Faults of a clock: nothing heavier comes of them, and other messages of the peer are good."""
_WEIGHTS = {"over-limit": 16}
"""Faults that count more than once: no honest peer ever holds a block over the limit. [guess]"""
STRANGERS = NodeId(b"")
"""Who is no member: all of them count as one, or a flooder would take a new name each time."""


class Guard:
    """The guard of one node's links.

    Args:
        members: whoever is named here has a bucket of his own.
    """

    def __init__(self, config: GuardConfig, members: Mapping[NodeId, object]) -> None:
        self._config = config
        self._members = members
        self._peers: BoundedMap[NodeId, _Peer] = BoundedMap(limits.GUARDED_MAX)
        self._changed: list[GuardEvent] = []
        self.ignored_count = 0
        """Messages that were not looked at."""
        self._open_count = 0

    # --- asking

    def __iter__(self) -> Iterator[Guarded]:
        """Every peer that was ever ignored, with how it stands as of the last message."""
        for name, peer in self._peers.items():
            breaker = peer.breaker
            if peer.ignored_count or breaker.opened_count:
                yield Guarded(
                    peer=name,
                    state=breaker.state,
                    ignored_count=peer.ignored_count,
                    opened_count=breaker.opened_count,
                    left_ms=breaker.left_ns(peer.seen) // MILLISECOND,
                )

    @property
    def is_ignoring(self) -> bool:
        """Whether some peer is ignored now, or on parole."""
        return bool(self._open_count)

    # --- the door

    def admits(self, sender: NodeId, now: Instant) -> bool:
        """Whether a message that has come is to be looked at."""
        peer = self._peers.get(sender)
        if peer is None:
            peer = self._met(sender, now)
        peer.seen = now
        if not peer.breaker.admits(now):
            peer.ignored_count += 1
            self.ignored_count += 1
            return False
        if peer.bucket.take(now):
            peer.ignored_count += 1
            self.ignored_count += 1
            self._blame(sender, peer, now)
            return False
        if peer.breaker.state is State.HALF_OPEN:
            self._try(sender, peer, now)
        return True

    # --- the contract of a machine

    def handle(self, event: GuardInput, now: Now) -> GuardEffects:
        """Take note of a fault."""
        if event.code not in _BLAMELESS:
            peer = self._peers.get(event.peer) or self._met(event.peer, now.instant)
            peer.seen = now.instant
            for _ in range(_WEIGHTS.get(event.code, 1)):
                self._blame(event.peer, peer, now.instant)
        return self._tell()

    def deadline(self) -> Instant | None:
        """At once when there is something to tell; pauses end by themselves."""
        return Instant(0) if self._changed else None

    def tick(self, now: Now) -> GuardEffects:  # noqa: ARG002 - the contract of a machine
        """Tell what changed at the door."""
        return self._tell()

    # --- private

    def _met(self, sender: NodeId, now: Instant) -> "_Peer":
        name = sender if sender in self._members else STRANGERS
        peer = self._peers.get(name)
        if peer is None:
            peer = _Peer(self._config, now)
            self._peers.put(name, peer)
        return peer

    def _blame(self, sender: NodeId, peer: "_Peer", now: Instant) -> None:
        peer.passed = False
        was_closed = peer.breaker.state is State.CLOSED
        if peer.breaker.failed(now):
            pause_ms = peer.breaker.left_ns(now) // MILLISECOND
            self._open_count += was_closed
            self._changed.append(PeerIgnored(sender, pause_ms))

    def _try(self, sender: NodeId, peer: "_Peer", now: Instant) -> None:
        """A message on parole: the one before it was good if no fault came since."""
        if peer.passed and peer.breaker.succeeded(now):
            self._open_count -= 1
            self._changed.append(PeerHeardAgain(sender))
        peer.passed = True

    def _tell(self) -> GuardEffects:
        told, self._changed = self._changed, []
        return Effects(emit=list(told))


class _Peer:
    """What is known of one peer."""

    __slots__ = ("breaker", "bucket", "ignored_count", "passed", "seen")

    def __init__(self, config: GuardConfig, now: Instant) -> None:
        self.bucket = Bucket(config.messages, now)
        self.breaker = Breaker(config.breaker)
        self.ignored_count = 0
        self.passed = False
        """Whether a message on parole has passed and no fault of it was told."""
        self.seen = now
        """When the last message came."""
