"""Brings about the faults of a profile, drawn from the seed, and ends them all on request."""

from collections.abc import Callable
from typing import TypeAlias

from credimus.kernel.entropy import Stream
from credimus.kernel.instant import MILLISECOND
from credimus.sim.fleet import Fleet
from credimus.sim.host import Host, Lane
from credimus.sim.network import CALM
from credimus.sim.profiles import Profile
from credimus.sim.stacking import stacking

_PATIENCE_NS = 200 * MILLISECOND
"""How long an armed crash waits for a step that writes; then it strikes the idle node."""


LIAR = 1
"""The place of the node that lies, where one does."""
Blow: TypeAlias = Callable[[], None]


class Nemesis:
    """The troubles of one run."""

    def __init__(self, fleet: Fleet, stream: Stream, profile: Profile) -> None:
        self._fleet = fleet
        self._stream = stream
        self._profile = profile
        self._raging = False
        self._stacked_count = 0
        self.blow_count = 0

    def rage(self) -> None:
        """Begin."""
        profile = self._profile
        self._raging = True
        self._fleet.network.weather = profile.weather
        blows: tuple[tuple[int, Blow], ...] = (
            (profile.crash_period_ns, self._crash),
            (profile.cut_period_ns, self._cut),
            (profile.pause_period_ns, self._pause),
            (profile.jump_period_ns, self._jump),
            (profile.stack_period_ns, self._stack),
        )
        for period_ns, blow in blows:
            if period_ns:
                self._later(period_ns, blow)

    def rest(self) -> None:
        """End all trouble: the network is whole, every node runs."""
        self._raging = False
        fleet = self._fleet
        fleet.network.weather = CALM
        fleet.network.heal()
        for host in fleet.hosts:
            host.crash_at = None
            host.paused_until_ns = 0
            if host.node is None and host.life:
                fleet.start(host)
            elif host.node is not None:
                fleet.wake(host)

    def _later(self, period_ns: int, blow: Blow) -> None:
        pause_ns = self._stream.between(period_ns // 2, period_ns * 3 // 2)
        self._fleet.agenda.after(pause_ns, self._strike, period_ns, blow)

    def _strike(self, period_ns: int, blow: Blow) -> None:
        if self._raging:
            self.blow_count += 1
            blow()
            self._later(period_ns, blow)

    def _crash(self) -> None:
        up = self._fleet.up
        if not up:
            return
        host = self._stream.choose(up)
        host.crash_at = self._stream.choose(list(Lane))
        down_ns = self._stream.between(*self._profile.down_ns)
        self._fleet.agenda.after(_PATIENCE_NS, self._crash_idle, host, host.life)
        self._fleet.agenda.after(_PATIENCE_NS + down_ns, self._restart, host)

    def _crash_idle(self, host: Host, life: int) -> None:
        if self._raging and host.life == life and host.crash_at is not None:
            self._fleet.crash(host)

    def _restart(self, host: Host) -> None:
        if self._raging:
            self._fleet.start(host)

    def _cut(self) -> None:
        fleet, stream = self._fleet, self._stream
        places = list(fleet.places)
        fleet.network.heal()
        if stream.happens(700_000):
            fleet.network.isolate(
                stream.sample(places, stream.between(1, len(places) // 2)), places
            )
        else:
            links = [(one, other) for one in places for other in places if one != other]
            fleet.network.cut(stream.sample(links, stream.between(1, len(links) // 2)))
        fleet.agenda.after(stream.between(*self._profile.cut_ns), self._mend)

    def _mend(self) -> None:
        self._fleet.network.heal()

    def _pause(self) -> None:
        host = self._stream.choose(self._fleet.hosts)
        self._fleet.pause(host, self._stream.between(*self._profile.pause_ns))

    def _jump(self) -> None:
        most = self._profile.jump_ms_max
        self._stream.choose(self._fleet.hosts).skew_ms = self._stream.between(-most, most)

    def _stack(self) -> None:
        self._fleet.order(LIAR, stacking(self._stacked_count))
        self._stacked_count += 1
