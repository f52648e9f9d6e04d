"""What must hold of messages between applications, as sentences; each is proven by a saboteur."""

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import NodeId
from credimus.node.commands import SendMessage
from credimus.node.node import NodeEffects
from credimus.protocol.delivery.interface import (
    MessageAnswered,
    MessageArrived,
    MessageFinished,
    Mode,
    State,
)
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.host import Host
from credimus.sim.posting import undelivered
from credimus.sim.watcher import Done


class a_message_is_processed_at_most_once(Checker):  # noqa: N801 - a sentence
    """At-most-once is handed out once, exactly-once is finished once, whatever crashes."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._processed: set[tuple[NodeId, NodeId, int]] = set()

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Count what applications heard of."""
        for event in effects.emit:
            once = (isinstance(event, MessageArrived) and event.mode is Mode.AT_MOST_ONCE) or (
                isinstance(event, MessageFinished) and event.mode is Mode.EXACTLY_ONCE
            )
            if once and isinstance(event, MessageArrived | MessageFinished):
                sender = _person(host, event.sender)
                name = _person(host, host.id), sender, event.number
                if name in self._processed:
                    self.fail(f"node {host.place} has processed message {event.number} twice")
                self._processed.add(name)


class an_acknowledged_message_was_durable(Checker):  # noqa: N801 - a sentence
    """When a sender hears that a message of exactly-once is taken or done, it is on the receiver's
    disk, or a floor above it."""

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Look at the receiver's disk."""
        for event in effects.emit:
            if isinstance(event, MessageAnswered) and event.state in (State.TAKEN, State.DONE):
                view = host.running.delivery.posted(event.number)
                if view is not None and view.mode is Mode.EXACTLY_ONCE:
                    self._look(host, event)

    def _look(self, host: Host, event: MessageAnswered) -> None:
        sender, receiver = _person(host, host.id).hex(), _person(host, event.receiver)
        for other in self.watch.fleet.hosts:
            if _person(host, other.id) == receiver and not other.lies:
                row = f"delivery/in/{sender}-{event.number}"
                floor = f"delivery/floor/{sender}"
                if not (other.disk.has(row) or other.disk.has(floor)):
                    self.fail(
                        f"message {event.number} of node {host.place} is not on the disk of node "
                        f"{other.place}, which has acknowledged it"
                    )


class at_least_once_arrives_after_healing(Checker):  # noqa: N801 - a sentence
    """What a caller was told to be sent at least, or exactly, once is acknowledged in the end."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._sent: list[tuple[NodeId, int]] = []

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Remember what callers were told."""
        for command, written in done:
            if isinstance(command, SendMessage) and command.mode is not Mode.AT_MOST_ONCE:
                self._sent.append((host.id, written.message))

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Ask the senders."""
        honest = self.watch.honest
        at = {one: host for host in honest for one in _ids(host)}
        for sender, number in self._sent:
            host = at.get(sender)
            if host is not None and host.running.delivery.posted(number) is None:
                self.fail(f"node {host.place} has forgotten its message {number}")
        for problem in undelivered(honest):
            self.fail(problem)


def _person(host: Host, node: NodeId) -> NodeId:
    """The first id of a member, as a node knows it."""
    return host.running.state.roster.current.law.person(node)


def _ids(host: Host) -> set[NodeId]:
    """All ids that a node ever had."""
    law = host.running.state.roster.current.law
    return law.ids({law.person(host.id)})


DELIVERING: tuple[type[Checker], ...] = (
    a_message_is_processed_at_most_once,
    an_acknowledged_message_was_durable,
    at_least_once_arrives_after_healing,
)
