"""Messages between the applications of a simulated fleet, and applications that finish them."""

from typing import TYPE_CHECKING

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND
from credimus.node.commands import FinishMessage, SendMessage
from credimus.node.node import Node
from credimus.protocol.delivery.interface import Mode, State
from credimus.sim.host import Host, Order

if TYPE_CHECKING:
    from credimus.sim.fleet import Fleet

_MODES = (Mode.AT_MOST_ONCE, Mode.AT_LEAST_ONCE, Mode.EXACTLY_ONCE, Mode.EXACTLY_ONCE)
_LOOK_NS = 100 * MILLISECOND
_READ_MAX = 256


class Posting:
    """Messages spread over a stretch of time, and an application at each node that finishes what
    it finds, sooner or later, for as long as the run lasts."""

    def __init__(self, fleet: "Fleet", stream: Stream) -> None:
        self._fleet = fleet
        self._stream = stream
        self._number = 0

    def spread(self, message_count: int, duration_ns: int) -> None:
        """Put messages on the agenda."""
        for _ in range(message_count):
            self._fleet.agenda.after(self._stream.below(duration_ns), self._issue)
        if message_count:
            self._look()

    def _issue(self) -> None:
        places = list(self._fleet.places)
        place = self._stream.choose(places)
        others = [self._fleet.hosts[one].id for one in places if one != place]
        if others:
            to = self._stream.sample(others, self._stream.between(1, min(3, len(others))))
            self._number += 1
            payload = b"message %d" % self._number
            mode = self._stream.choose(_MODES)
            self._fleet.order(place, SendMessage(to=tuple(to), payload=payload, mode=mode))

    def _look(self) -> None:
        """Each application looks into its inbox, and finishes about half of what it finds."""
        for host in self._fleet.up:
            for held in host.running.delivery.read(0, _READ_MAX):
                if held.mode is not Mode.AT_MOST_ONCE and self._stream.happens(500_000):
                    result = b"result of " + held.payload
                    self._fleet.order(host.place, _finishing(held.sender, held.number, result))
        self._fleet.agenda.after(_LOOK_NS, self._look)


def _finishing(sender: NodeId, number: int, result: bytes) -> Order:
    """Finish a message, unless an earlier order has."""

    def order(node: Node) -> FinishMessage | None:
        waiting = node.delivery.read(0, _READ_MAX)
        if any((held.sender, held.number) == (sender, number) for held in waiting):
            return FinishMessage(sender=sender, number=number, result=result)
        return None

    return order


def _person(host: Host, node: NodeId) -> NodeId:
    return host.running.state.roster.current.law.person(node)


def undelivered(hosts: list[Host]) -> list[str]:
    """Messages among these hosts, all up and honest, that are not settled, in words."""
    at = {_person(host, host.id): host for host in hosts}
    found = []
    for host in hosts:
        for view in host.running.delivery.all_posted():
            for copy in view.copies:
                other = at.get(_person(host, copy.receiver))
                if (
                    other is not None
                    and copy.state in (State.WAITING, State.TAKEN)
                    and host.id in other.running.state.roster.current
                ):
                    found.append(
                        f"message {view.number} of node {host.place} is {copy.state.word} at node "
                        f"{other.place}"
                    )
    return found
