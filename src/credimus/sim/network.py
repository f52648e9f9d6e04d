"""A network that delays, loses, repeats, reorders and cuts, as its weather says."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from credimus.kernel.entropy import Stream
from credimus.kernel.instant import MICROSECOND, MILLISECOND
from credimus.sim.clock import Agenda

Link: TypeAlias = tuple[int, int]
"""A directed link: places of sender and receiver."""
IN_FLIGHT_MAX = 100_000
"""Messages under way at once; past it the newest is lost, and counted. [guess]"""


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    """How messages fare. Ratios are in millionths."""

    delay_ns_min: int = 200 * MICROSECOND
    """The quickest delivery. [guess: loopback to a local network]"""
    delay_ns_max: int = 3 * MILLISECOND
    """The slowest ordinary delivery; delays are drawn evenly, so messages overtake each other."""
    slow_ratio: int = 0
    """How many deliveries take `slow_factor` times as long."""
    slow_factor: int = 40
    """How much longer a slow delivery takes."""
    loss_ratio: int = 0
    """How many messages never arrive."""
    duplicate_ratio: int = 0
    """How many messages arrive twice."""


CALM = Weather()
Deliver: TypeAlias = Callable[[int, int, bytes], None]
"""Takes sender, receiver and payload."""


class Network:
    """Every message between two places passes here."""

    def __init__(self, agenda: Agenda, stream: Stream, deliver: Deliver) -> None:
        self._agenda = agenda
        self._stream = stream
        self._deliver = deliver
        self._cut: set[Link] = set()
        self._in_flight_count = 0
        self.weather = CALM
        self.message_count = 0
        self.byte_count = 0
        self.lost_count = 0

    @property
    def is_whole(self) -> bool:
        """Whether no link is cut."""
        return not self._cut

    def cut(self, links: Iterable[Link]) -> None:
        """Cut links; what is under way on them is lost."""
        self._cut.update(links)

    def isolate(self, group: Iterable[int], places: Iterable[int]) -> None:
        """Cut every link between a group and the other places, both ways."""
        inside = set(group)
        for one in places:
            for other in places:
                if (one in inside) is not (other in inside):
                    self._cut.add((one, other))

    def heal(self) -> None:
        """Mend every link."""
        self._cut.clear()

    def send(self, sender: int, receiver: int, payload: bytes) -> None:
        """Put a message on its way."""
        self.message_count += 1
        self.byte_count += len(payload)
        weather = self.weather
        if (
            (sender, receiver) in self._cut
            or (weather.loss_ratio and self._stream.happens(weather.loss_ratio))
            or self._in_flight_count >= IN_FLIGHT_MAX
        ):
            self.lost_count += 1
            return
        self._put(sender, receiver, payload)
        if weather.duplicate_ratio and self._stream.happens(weather.duplicate_ratio):
            self._put(sender, receiver, payload)

    def _put(self, sender: int, receiver: int, payload: bytes) -> None:
        weather = self.weather
        delay_ns = self._stream.between(weather.delay_ns_min, weather.delay_ns_max)
        if weather.slow_ratio and self._stream.happens(weather.slow_ratio):
            delay_ns *= weather.slow_factor
        self._in_flight_count += 1
        self._agenda.after(delay_ns, self._arrive, sender, receiver, payload)

    def _arrive(self, sender: int, receiver: int, payload: bytes) -> None:
        self._in_flight_count -= 1
        if (sender, receiver) in self._cut:
            self.lost_count += 1
        else:
            self._deliver(sender, receiver, payload)
