"""Trouble with disks: rows that rot, and no room. Torn tails come with `crash`."""

from typing import Annotated

from msgspec import Meta

from credimus.sim.faults.fault import Fault, Scene, Span
from credimus.sim.host import Host, alone_on
from credimus.sim.operator import repair


class BitFlip(Fault, frozen=True, tag="bit-flip"):
    """Alters one bit of a stored block. The node stops when it reads that row, or refuses to start;
    somebody then replaces the disk, and the computer joins anew under new keys."""

    most: Annotated[int, Meta(ge=1, le=64)] = 1
    """Disks that are lost in all. Range 1 to 64. The keys on them stay members who never answer, so
    that each loss brings the fleet closer to deciding nothing."""
    found_ms: Span = (0, 2_000)
    """From the flip to the restart that finds it, unless a read does before, in ms."""
    repair_ms: Span = (100, 2_000)
    """From the refusal to the new disk, in ms."""

    recovers: bool = False
    """Whether what is intact on a damaged disk is kept, and the computer goes on under its keys."""
    names_lost: bool = False
    """Whether damaged rows do not say which block they held, so that all members are asked."""

    scarce: bool = False
    """Whether it strikes only blocks of the node's own that are on no other disk, with later ones
    behind them: what they said can not come back, and what those say must."""

    def strike(self, scene: Scene) -> None:
        """Flip a bit of one that is up."""
        up = [host for host in self.hosts(scene) if host.node is not None]
        up = [host for host in up if not host.lies and not host.replaced_count]
        if not up or scene.strike_count > self.most:
            return
        host = scene.stream.choose(up)
        host.recovers, host.forgets_names = self.recovers, self.names_lost
        among = alone_on(host, scene.fleet.hosts)[:-1] if self.scarce else None
        if host.disk.flip_bit(scene.stream.word(), among):
            scene.note(self.kind, host.place)
            scene.later(scene.drawn_ns(self.found_ms), self._restart, scene, host)

    def _restart(self, scene: Scene, host: Host) -> None:
        scene.fleet.crash(host)
        scene.fleet.start(host)
        scene.later(scene.drawn_ns(self.repair_ms), repair, scene.fleet, host)


class FullDisk(Fault, frozen=True, tag="full-disk"):
    """A disk takes nothing for a while: the node holds back what it can not make durable."""

    lasts_ms: Span = (500, 3_000)
    """How long, in ms."""

    def strike(self, scene: Scene) -> None:
        """Fill one."""
        host = scene.stream.choose(self.hosts(scene))
        scene.note(self.kind, host.place)
        host.disk.is_full = True
        scene.later(scene.drawn_ns(self.lasts_ms), self._free, host)

    def _free(self, host: Host) -> None:
        host.disk.is_full = False
