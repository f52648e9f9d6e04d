"""Small wrongs in the delivery of messages, for table.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from credimus.protocol.delivery.inbox import _Sender
from credimus.protocol.delivery.outbox import Outbox
from credimus.sim.disk import Disk
from credimus.sim.fleet import Fleet
from credimus.sim.saboteurs.patching import patched


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
