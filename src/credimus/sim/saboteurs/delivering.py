"""Small wrongs in the delivery of messages, for table.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from credimus.kernel.ids import NodeId
from credimus.protocol.delivery.inbox import Inbox, _Sender
from credimus.protocol.delivery.interface import Content, Finish
from credimus.protocol.delivery.outbox import Outbox
from credimus.protocol.delivery.posted import Posted
from credimus.sim.disk import Disk
from credimus.sim.fleet import Fleet
from credimus.sim.saboteurs.patching import patched
from credimus.state.membership.members import Members


@contextmanager
def a_receiver_that_forgets_what_it_finished(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Results are not kept, so that a repeated message is new."""

    def nothing(*_: Any) -> None:
        return None

    with patched(_Sender, "finish", nothing):
        yield


@contextmanager
def a_disk_that_takes_no_records(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Blocks are kept, records are not."""
    append = Disk.append

    def blocks_only(self: Disk, blocks: Any, _: Any = (), *, synced: bool = True) -> None:
        append(self, blocks, synced=synced)

    with patched(Disk, "append", blocks_only):
        yield


@contextmanager
def a_sender_that_sends_once(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Nothing is sent again, however long the answer is missing."""

    def nothing(*_: Any) -> None:
        return None

    with patched(Outbox, "_at", nothing):
        yield


@contextmanager
def a_sender_that_forgets_who_took_a_new_key(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Messages go to the id that a receiver had when they were posted."""
    send = Outbox._send  # noqa: SLF001

    def stubborn(self: Outbox, posted: Posted, receiver: NodeId, *rest: Any) -> None:
        with patched(Members, "seat", lambda _, node: node):
            send(self, posted, receiver, *rest)

    with patched(Outbox, "_send", stubborn):
        yield


@contextmanager
def a_receiver_that_takes_a_new_key_for_another_sender(
    fleet: Fleet,  # noqa: ARG001
) -> Iterator[None]:
    """What was finished under a sender's old key is let in again under its new one."""
    take, finish = Inbox.take, Inbox.finish

    def taken(self: Inbox, _: NodeId, content: Content, *rest: Any) -> Any:
        return take(self, content.sender, content, *rest)

    def finished(self: Inbox, _: NodeId, asked: Finish, *rest: Any) -> Any:
        return finish(self, asked.sender, asked, *rest)

    with patched(Inbox, "take", taken), patched(Inbox, "finish", finished):
        yield
