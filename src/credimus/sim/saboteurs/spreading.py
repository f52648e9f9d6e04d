"""Small wrongs in how blocks spread, for table.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from credimus.protocol.dissemination.machine import Dissemination
from credimus.protocol.dissemination.overlay import Overlay
from credimus.protocol.dissemination.recent import Entry
from credimus.sim.fleet import Fleet
from credimus.sim.saboteurs.patching import patched


@contextmanager
def a_node_that_spreads_nothing(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """What is sealed stays at home until a beacon shows it."""

    def nothing(*_: Any) -> None:
        return None

    with patched(Dissemination, "_spread", nothing):
        yield


@contextmanager
def a_forwarder_that_forgets_whom_it_told(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Every block is spread twice, to the same neighbours."""
    spread = Dissemination._spread  # noqa: SLF001

    def again(self: Dissemination, entry: Entry, *rest: Any) -> None:
        spread(self, entry, *rest)
        entry.holders.clear()
        spread(self, entry, *rest)

    with patched(Dissemination, "_spread", again):
        yield


@contextmanager
def an_overlay_that_takes_everybody(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Whoever asks becomes a neighbour."""

    def always(*_: Any, **__: Any) -> bool:
        return True

    with patched(Overlay, "_has_room", always):
        yield


@contextmanager
def an_overlay_that_loses_neighbours(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Nobody is asked again once the first have answered."""
    seek = Overlay._seek  # noqa: SLF001

    def once(self: Overlay, *rest: Any) -> None:
        if len(self._links) < _SATISFIED:
            seek(self, *rest)
        for peer in list(self._links)[_SATISFIED:]:
            del self._links[peer]

    with patched(Overlay, "_seek", once):
        yield


_SATISFIED = 4
