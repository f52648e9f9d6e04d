"""A fault is a value of a scenario that knows how to strike; `Scene` is all that it may touch.

Every fault draws from a stream of its own, so that taking one out of a scenario leaves the draws of
the others as they were.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel.entropy import Stream
from credimus.kernel.instant import MILLISECOND
from credimus.sim.fleet import Fleet
from credimus.sim.host import Host

NODES_MAX = 256
"""Computers of a simulated fleet. [guess: 100 fill a minute of a computer's time]"""
Milliseconds = Annotated[int, Meta(ge=0, le=86_400_000)]
Span: TypeAlias = tuple[Milliseconds, Milliseconds]
"""The least and the most, both included; a duration is drawn evenly between them."""
Place = Annotated[int, Meta(ge=0, lt=NODES_MAX)]


class Scene:
    """The fleet as one fault sees it, while the faults rage."""

    def __init__(self, fleet: Fleet, stream: Stream) -> None:
        self.fleet = fleet
        self.stream = stream
        self.strike_count = 0
        self._raging = True

    @property
    def liars(self) -> list[Host]:
        """Computers whose first member lies."""
        return [host for host in self.fleet.hosts if host.lies]

    def rest(self) -> None:
        """Nothing that was put off happens any more."""
        self._raging = False

    def later(self, pause_ns: int, action: Callable[..., None], *arguments: Any) -> None:
        """Do something after a pause, should the faults still rage then."""
        self.fleet.agenda.after(pause_ns, self._act, action, arguments)

    def drawn_ns(self, span: Span) -> int:
        """A duration out of a span in ms, in ns."""
        return self.stream.between(span[0] * MILLISECOND, span[1] * MILLISECOND)

    def note(self, what: str, place: int = -1) -> None:
        """Write into the chronicle what happens."""
        self.fleet.chronicle.note(what, place)

    def _act(self, action: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        if self._raging:
            action(*arguments)


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """What all kinds of trouble have in common: when they strike, and whom they may."""

    from_ms: Milliseconds = 0
    """When it begins, in ms after the start of the safety phase."""
    every_ms: Milliseconds = 0
    """Mean time between two strikes, in ms, each drawn from half to one and a half of it; 0 strikes
    once, at `from_ms`."""
    places: tuple[Place, ...] = ()
    """The computers that it may strike; any when empty."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if name.endswith("_ms") and isinstance(value, tuple) and value[0] > value[1]:
                raise ValueError(f"`{name}` is [{value[0]}, {value[1]}]; give the lesser first")

    @property
    def kind(self) -> str:
        """Its name in scenario files."""
        return str(self.__struct_config__.tag)

    def begin(self, scene: Scene) -> None:
        """Start to trouble a fleet."""
        scene.later(self.from_ms * MILLISECOND, self._begin, scene)

    def strike(self, scene: Scene) -> None:
        """Trouble it once."""
        raise NotImplementedError

    def hosts(self, scene: Scene) -> list[Host]:
        """The computers that it may strike."""
        every = scene.fleet.hosts
        return [every[place] for place in self.places if place < len(every)] or every

    def _begin(self, scene: Scene) -> None:
        if self.every_ms:
            self._wait(scene)
        else:
            self._strike(scene)

    def _wait(self, scene: Scene) -> None:
        every_ns = self.every_ms * MILLISECOND
        pause_ns = scene.stream.between(every_ns // 2, every_ns * 3 // 2)
        scene.later(pause_ns, self._again, scene)

    def _again(self, scene: Scene) -> None:
        self._strike(scene)
        self._wait(scene)

    def _strike(self, scene: Scene) -> None:
        scene.strike_count += 1
        self.strike(scene)
