"""How a node holds each member: a circuit breaker of points, and what it lets through.

    clear -> watched -> limited -> quarantined -> limited (on parole) -> clear

Quarantine saves a node from who certainly did wrong, as it sees it; it changes no fold, no vote and
no electorate.

Deliberately not here: what was done (kinds and history: violations.py).
"""

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.breaker import Breaker, BreakerConfig, State
from credimus.kernel.bucket import Bucket
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, Instant, earliest
from credimus.protocol.vigilance.interface import Conduct, Standing, VigilanceConfig


class ConductBook:
    """The standing of all members against whom something was found."""

    def __init__(self, config: VigilanceConfig) -> None:
        self._config = config
        self._settings = config.breaker()
        self._members: BoundedMap[NodeId, _Member] = BoundedMap(limits.GUARDED_MAX)
        self._shut: set[NodeId] = set()
        """Whose messages are not all heard."""

    # --- asking

    @property
    def is_shut(self) -> bool:
        """Whether some member's messages are not all heard."""
        return bool(self._shut)

    def standing(self, member: NodeId, now: Instant) -> Standing:
        """How a member is held."""
        found = self._members.get(member)
        return Standing.CLEAR if found is None else self._standing(found, now)

    def all(self, now: Instant) -> list[Conduct]:
        """Everybody who is, or was, not clear."""
        return [
            Conduct(
                member=name,
                standing=self._standing(one, now),
                points=one.breaker.failures(now),
                quarantined_count=one.breaker.opened_count,
                left_ms=one.breaker.left_ns(now) // MILLISECOND,
                ignored_count=one.ignored_count,
            )
            for name, one in self._members.items()
        ]

    # --- the door

    def hears(self, member: NodeId, now: Instant) -> bool:
        """Whether a message in a member's name is heard; one that is counts as good conduct."""
        if member not in self._shut:
            return True
        found = self._members.get(member)
        if found is None:
            self._shut.discard(member)
            return True
        standing = self._standing(found, now)
        if standing < Standing.LIMITED:
            self._shut.discard(member)
            return True
        if not found.breaker.admits(now) or found.parole.take(now):
            found.ignored_count += 1
            return False
        found.breaker.succeeded(now)
        return True

    # --- what changes it

    def watch(self, member: NodeId, now: Instant) -> None:
        """Something was found that earns no points."""
        self._met(member, now).watched_until = Instant(now + self._config.window_ns)

    def blame(self, member: NodeId, points: int, now: Instant) -> int:
        """Count points. Returns how long the quarantine is that they lead to, in ns; 0 for none."""
        self.watch(member, now)
        found = self._met(member, now)
        pause_ns = 0
        for _ in range(points):
            if found.breaker.failed(now):
                pause_ns = found.breaker.left_ns(now)
                found.is_waiting = True
        if self._standing(found, now) >= Standing.LIMITED:
            self._shut.add(member)
        return pause_ns

    def deadline(self) -> Instant | None:
        """When the next quarantine ends."""
        if not self._shut:
            return None
        waiting = (self._members.get(name) for name in self._shut)
        return earliest(*(one.breaker.until for one in waiting if one and one.is_waiting))

    def paroled(self, now: Instant) -> list[NodeId]:
        """Whose quarantine has ended since this was last asked, sorted."""
        ended: list[NodeId] = []
        for name in sorted(self._shut):
            found = self._members.get(name)
            if found is not None and found.is_waiting and not found.breaker.left_ns(now):
                found.is_waiting = False
                found.breaker.admits(now)  # from here on a wrong opens it again, for longer
                ended.append(name)
        return ended

    # --- private

    def _met(self, member: NodeId, now: Instant) -> "_Member":
        found = self._members.get(member)
        if found is None:
            found = _Member(self._config, self._settings, now)
            gone = self._members.put(member, found)
            if gone is not None:
                self._shut.discard(gone[0])
        return found

    def _standing(self, found: "_Member", now: Instant) -> Standing:
        breaker = found.breaker
        if breaker.left_ns(now):
            return Standing.QUARANTINED
        if breaker.state is not State.CLOSED:
            return Standing.LIMITED
        if 2 * breaker.failures(now) >= self._config.threshold:
            return Standing.LIMITED
        return Standing.WATCHED if now < found.watched_until else Standing.CLEAR


class _Member:
    """What is known of one member."""

    __slots__ = ("breaker", "ignored_count", "is_waiting", "parole", "watched_until")

    def __init__(self, config: VigilanceConfig, settings: BreakerConfig, now: Instant) -> None:
        self.breaker = Breaker(settings)
        self.parole = Bucket(config.parole, now)
        self.is_waiting = False
        """Whether a quarantine is under way of which the end was not told."""
        self.ignored_count = 0
        self.watched_until = now
