"""A network that delays, loses, repeats, reorders and cuts, as its weather says."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel.effects import Wake
from credimus.kernel.entropy import Stream
from credimus.kernel.instant import MICROSECOND
from credimus.sim.clock import Agenda

Link: TypeAlias = tuple[int, int]
"""A directed link: places of sender and receiver."""
IN_FLIGHT_MAX = 100_000
"""Messages under way at once; past it the newest is lost, and counted. [guess]"""
Ppm = Annotated[int, Meta(ge=0, le=1_000_000)]
"""A share in parts per million: 100_000 is a tenth."""
DelayUs = Annotated[int, Meta(ge=1, le=60_000_000)]


class Weather(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """How messages fare."""

    delay_us_min: DelayUs = 200
    """The quickest delivery, in us. Range 1 to 60,000,000. [guess: a local network]"""
    delay_us_max: DelayUs = 3_000
    """The slowest ordinary delivery, in us; delays are drawn evenly between the two, so that
    messages overtake each other. Range as above."""
    long_tail: bool = False
    """Whether delays have a heavy tail instead (Pareto, shape 1): half take a fifth of the span or
    less, one in a hundred ten times the span."""
    slow_ppm: Ppm = 0
    """How many deliveries take `slow_factor` times as long, in ppm."""
    slow_factor: Annotated[int, Meta(ge=1, le=10_000)] = 40
    """How much longer a slow delivery takes. Range 1 to 10,000."""
    loss_ppm: Ppm = 0
    """How many messages never arrive, in ppm."""
    duplicate_ppm: Ppm = 0
    """How many messages arrive twice, in ppm."""


CALM = Weather()
Deliver: TypeAlias = Callable[[int, int, bytes, Wake], None]
"""Takes sender, receiver, payload, and when the receiver is to step."""


class Network:
    """Every message between two places passes here."""

    def __init__(self, agenda: Agenda, stream: Stream, deliver: Deliver) -> None:
        self._agenda = agenda
        self._stream = stream
        self._deliver = deliver
        self._cut: Counter[Link] = Counter()
        self._loss_ppm: dict[Link, int] = {}
        self._in_flight_count = 0
        self.weather = CALM
        self.message_count = 0
        self.byte_count = 0
        self.lost_count = 0
        self._by_tag: dict[bytes, list[int]] = {}

    def count_of(self, tags: Iterable[int]) -> tuple[int, int]:
        """How many messages of these kinds were sent, and of how many bytes."""
        counts = [self._by_tag.get(bytes((tag,)), (0, 0)) for tag in tags]
        return sum(one[0] for one in counts), sum(one[1] for one in counts)

    @property
    def is_whole(self) -> bool:
        """Whether no link is cut."""
        return not any(self._cut.values())

    @property
    def cut_links(self) -> frozenset[Link]:
        """The links that are cut."""
        return frozenset(link for link, count in self._cut.items() if count)

    def cut(self, links: Iterable[Link]) -> None:
        """Cut links, once more where they are cut already; what is under way on them is lost."""
        self._cut.update(links)

    def mend(self, links: Iterable[Link]) -> None:
        """Take back one cut of each link; one that was cut by several stays cut."""
        for link in links:
            if self._cut[link] > 1:
                self._cut[link] -= 1
            else:
                del self._cut[link]

    def isolate(self, group: Iterable[int], places: Iterable[int]) -> None:
        """Cut every link between a group and the other places, both ways."""
        self.cut(links_between(group, places))

    def wear(self, link: Link, loss_ppm: int) -> None:
        """Have a link lose that many messages beside what the weather takes; 0 repairs it."""
        if loss_ppm:
            self._loss_ppm[link] = loss_ppm
        else:
            self._loss_ppm.pop(link, None)

    def heal(self) -> None:
        """Mend every link."""
        self._cut.clear()
        self._loss_ppm.clear()

    def send(self, sender: int, receiver: int, payload: bytes, wake: Wake = Wake.NOW) -> None:
        """Put a message on its way."""
        self.message_count += 1
        self.byte_count += len(payload)
        count = self._by_tag.get(payload[1:2])  # messages are arrays that begin with their tag
        if count is None:
            count = self._by_tag[payload[1:2]] = [0, 0]
        count[0] += 1
        count[1] += len(payload)
        weather, link = self.weather, (sender, receiver)
        if (
            link in self._cut
            or (weather.loss_ppm and self._stream.happens(weather.loss_ppm))
            or (link in self._loss_ppm and self._stream.happens(self._loss_ppm[link]))
            or self._in_flight_count >= IN_FLIGHT_MAX
        ):
            self.lost_count += 1
            return
        self._put(link, payload, wake)
        if weather.duplicate_ppm and self._stream.happens(weather.duplicate_ppm):
            self._put(link, payload, wake)

    def _put(self, link: Link, payload: bytes, wake: Wake) -> None:
        self._in_flight_count += 1
        self._agenda.after(self._delay_ns(), self._arrive, link, payload, wake)

    def _delay_ns(self) -> int:
        weather, stream = self.weather, self._stream
        least_ns, most_ns = weather.delay_us_min * MICROSECOND, weather.delay_us_max * MICROSECOND
        if weather.long_tail:
            delay_ns = least_ns + (most_ns - least_ns) * 100 // stream.between(1, 1_000)
        else:
            delay_ns = stream.between(least_ns, most_ns)
        if weather.slow_ppm and stream.happens(weather.slow_ppm):
            delay_ns *= weather.slow_factor
        return delay_ns

    def _arrive(self, link: Link, payload: bytes, wake: Wake) -> None:
        self._in_flight_count -= 1
        if link in self._cut:
            self.lost_count += 1
        else:
            self._deliver(*link, payload, wake)


def links_between(group: Iterable[int], places: Iterable[int]) -> list[Link]:
    """Both directions of every link between a group and the other places."""
    inside, every = frozenset(group), list(places)
    return [
        (one, other) for one in every for other in every if (one in inside) is not (other in inside)
    ]
