"""Overlays without nodes: who is there is what the test says, and messages arrive at once."""

from collections.abc import Iterable, Sequence

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.protocol.dissemination.interface import DisseminationConfig, Neighbour
from credimus.protocol.dissemination.overlay import Overlay

STEP_MS = 100
CONFIG = DisseminationConfig()


def moment(ms: int) -> Now:
    """A moment."""
    return Now(Instant(ms * MILLISECOND), ms)


class Around:
    """What one node knows of the others."""

    def __init__(self, own: NodeId, crowd: "Crowd") -> None:
        self._own = own
        self._crowd = crowd

    def there(self) -> tuple[NodeId, ...]:
        """Everybody that is held for alive, by all alike."""
        return tuple(one for one in self._crowd.alive if one != self._own)

    def trip_us(self, peer: NodeId) -> int | None:
        """Nodes live on a line, in the order of their names; some are not measured."""
        distance = abs(peer[0] - self._own[0])
        return None if distance % 5 == 4 else 100 * distance

    def unheard(self) -> list[NodeId]:
        """Nobody."""
        return []

    def matrix(self) -> "Around":
        """Everybody hears everybody."""
        return self

    def hears(self, hearer: NodeId, speaker: NodeId) -> bool:
        """As links work."""
        return (speaker, hearer) not in self._crowd.cut

    def heard_by(self, speaker: NodeId) -> tuple[NodeId, ...]:
        """Likewise."""
        return tuple(one for one in self._crowd.alive if self.hears(one, speaker))


class Crowd:
    """All overlays of a fleet."""

    def __init__(self, count: int, seed: int) -> None:
        names = [NodeId(bytes([place]) + b"\0" * 15) for place in range(count)]
        entropy = Entropy(b"crowd %d" % seed)
        self.alive = names
        self.running = list(names)
        self.cut: set[tuple[NodeId, NodeId]] = set()
        self.overlays = {
            one: Overlay(CONFIG, one, Around(one, self), entropy.stream(one.hex())) for one in names
        }
        self.now_ms = 0
        self.most = 0
        """The greatest degree that any node ever had."""

    def run_for(self, ms: int) -> None:
        """Let time pass."""
        for _ in range(ms // STEP_MS):
            self.now_ms += STEP_MS
            now = moment(self.now_ms)
            under_way = [
                (one, send.to, send.message)
                for one in self.running
                for send in self.overlays[one].tick(now)
            ]
            while under_way:
                sender, to, message = under_way.pop(0)
                assert isinstance(message, Neighbour)
                if to in self.running and (sender, to) not in self.cut:
                    answers = self.overlays[to].hear(sender, message, now)
                    under_way += [(to, one.to, one.message) for one in answers]
                    self.most = max(self.most, len(self.overlays[to]))

    def crash(self, places: Iterable[int], *, noticed: bool = True) -> None:
        """These are gone; membership says so, or does not yet."""
        gone = {bytes([place]) + b"\0" * 15 for place in places}
        self.running = [one for one in self.running if one not in gone]
        if noticed:
            self.notice()

    def notice(self) -> None:
        """Membership says who is gone."""
        self.alive = list(self.running)

    def degrees(self) -> list[int]:
        """Of those that run, sorted."""
        return sorted(len(self.overlays[one]) for one in self.running)

    def is_symmetric(self) -> bool:
        """Whether every link is one from both sides."""
        return all(
            one in self.overlays[other]
            for one in self.running
            for other in self.overlays[one].neighbours
        )

    def is_connected(self) -> bool:
        """Whether everybody is linked with everybody that runs, through others."""
        return len(reached(self.running, self.overlays)) == len(self.running)


def reached(running: Sequence[NodeId], overlays: dict[NodeId, Overlay]) -> set[NodeId]:
    """Those whom the first comes to on links that both sides know."""
    found, ahead = {running[0]}, [running[0]]
    while ahead:
        one = ahead.pop()
        for other in overlays[one].neighbours:
            if other in running and other not in found and one in overlays[other]:
                found.add(other)
                ahead.append(other)
    return found
