"""Trouble of single computers: crashes at any step, pauses, slowness, and too much to do."""

from typing import Annotated

from msgspec import Meta

from credimus.kernel.instant import MILLISECOND
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AssertBelief, RotateKey
from credimus.sim.faults.fault import Fault, Scene, Span
from credimus.sim.host import Host, Lane, MemberKey
from credimus.state.membership.evidence import rotation_message

_PATIENCE_NS = 200 * MILLISECOND
"""How long an armed crash waits for a step that writes; then it strikes the idle node."""


class Crash(Fault, frozen=True, tag="crash"):
    """Ends a node at a random lane of a step, half of the time with its power; it comes back."""

    down_ms: Span = (50, 3_000)
    """How long it stays down, in ms."""

    def strike(self, scene: Scene) -> None:
        """Arm one of the nodes that are up."""
        up = [host for host in self.hosts(scene) if host.node is not None]
        if not up:
            return
        host = scene.stream.choose(up)
        host.crash_at = scene.stream.choose(list(Lane))
        down_ns = scene.drawn_ns(self.down_ms)
        scene.later(_PATIENCE_NS, self._crash_idle, scene, host, host.life)
        scene.later(_PATIENCE_NS + down_ns, scene.fleet.start, host)

    def _crash_idle(self, scene: Scene, host: Host, life: int) -> None:
        if host.life == life and host.crash_at is not None:
            scene.fleet.crash(host)


class Pause(Fault, frozen=True, tag="pause"):
    """Lets a node do nothing for a while, as a suspended machine or a long collection does."""

    lasts_ms: Span = (100, 2_000)
    """How long, in ms."""

    def strike(self, scene: Scene) -> None:
        """Pause one."""
        host = scene.stream.choose(self.hosts(scene))
        scene.note(self.kind, host.place)
        scene.fleet.pause(host, scene.drawn_ns(self.lasts_ms))


class Slow(Fault, frozen=True, tag="slow"):
    """Makes every step of a node take longer for a while: a busy disk, or a weak processor."""

    lasts_ms: Span = (500, 4_000)
    """How long, in ms."""
    step_ms: Span = (5, 100)
    """How much longer a step takes, in ms."""

    def strike(self, scene: Scene) -> None:
        """Slow one down."""
        host = scene.stream.choose(self.hosts(scene))
        scene.note(self.kind, host.place)
        host.slow_ns = scene.drawn_ns(self.step_ms)
        scene.later(scene.drawn_ns(self.lasts_ms), self._recover, host)

    def _recover(self, host: Host) -> None:
        host.slow_ns = 0


class Rotation(Fault, frozen=True, tag="rotation"):
    """Gives a running node a new key; it begins again with that once it is durable."""

    def strike(self, scene: Scene) -> None:
        """Ask one that is up and tells the truth, unless it is about to take one already."""
        up = [one for one in self.hosts(scene) if one.node is not None and not one.lies]
        ready = [one for one in up if one.next is None]
        if not ready:
            return
        host = scene.stream.choose(ready)
        scene.note(self.kind, host.place)
        signer = SeedSigner(scene.stream.octets(32))
        host.next = MemberKey(host.members[0].name, signer)
        message = rotation_message(scene.fleet.id, host.id, signer.public)
        command = RotateKey(public_key=signer.public, proof=signer.sign(message))
        scene.fleet.order(host.place, command)


class Flood(Fault, frozen=True, tag="flood"):
    """A client gone mad states many things at once to one node."""

    count: Annotated[int, Meta(ge=1, le=100_000)] = 30
    """How many statements. Range 1 to 100,000."""

    def strike(self, scene: Scene) -> None:
        """State them all in one step; they are not put to the vote."""
        host = scene.stream.choose(self.hosts(scene))
        scene.note(self.kind, host.place)
        for number in range(self.count):
            content = f"reading {scene.strike_count}.{number} of gauge {host.place}"
            command = AssertBelief(content=content, category="observation", propose=False)
            scene.fleet.order(host.place, command)
