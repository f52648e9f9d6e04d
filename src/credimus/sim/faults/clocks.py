"""Trouble with wall clocks, which show in stamps; deadlines are kept by another clock."""

from typing import Annotated

from msgspec import Meta

from credimus.sim.faults.fault import Fault, Milliseconds, Scene


class ClockJump(Fault, frozen=True, tag="clock-jump"):
    """Sets a wall clock forth or back, also beyond what the others accept."""

    jump_ms_max: Milliseconds = 2_000
    """How far from the truth it may be set, in ms."""

    def strike(self, scene: Scene) -> None:
        """Set one."""
        host = scene.stream.choose(self.hosts(scene))
        scene.note(self.kind, host.place)
        host.wall.jump(scene.stream.between(-self.jump_ms_max, self.jump_ms_max))


class ClockDrift(Fault, frozen=True, tag="clock-drift"):
    """Lets a wall clock run too fast or too slow from now on."""

    drift_ppm_max: Annotated[int, Meta(ge=0, le=1_000_000)] = 200
    """How much, in ppm. [guess: a quartz without correction is off by some tens]"""

    def strike(self, scene: Scene) -> None:
        """Let one drift."""
        host = scene.stream.choose(self.hosts(scene))
        scene.note(self.kind, host.place)
        ppm = scene.stream.between(-self.drift_ppm_max, self.drift_ppm_max)
        host.wall.drift(ppm, scene.fleet.agenda.now_ns)
