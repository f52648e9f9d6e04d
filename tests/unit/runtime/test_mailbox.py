"""What the mailbox hands out is durable; a full disk and too many callers are told, not hidden."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import NotFound, StorageError, Unavailable
from credimus.node.commands import SendMessage
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.delivery.envelope import seal_content
from credimus.protocol.delivery.interface import Content, Mode
from credimus.runtime import mailbox as mailboxes
from credimus.runtime.driver import Driver
from credimus.runtime.joining.founding import stored
from credimus.runtime.mailbox import Mailbox
from credimus.runtime.store.interface import Fact, StoredBlock
from credimus.runtime.store.memory import MemoryStore
from strategies import FLEET, GENESIS, MEMBERS, SIGNERS

SEND = SendMessage(to=(MEMBERS[1],), payload=b"hello")


class Watched(MemoryStore):
    """A disk that can be full, and that says whether it was waited for."""

    full = False

    def __init__(self) -> None:
        super().__init__()
        self.synced: list[bool] = []

    def append(
        self, blocks: Sequence[StoredBlock], facts: Sequence[Fact] = (), *, synced: bool = True
    ) -> None:
        """Refuse all while it is full."""
        if self.full:
            raise StorageError("disk-full", "the disk is full")
        self.synced.append(synced)
        super().append(blocks, facts, synced=synced)


def at_work() -> tuple[Watched, Driver, Mailbox]:
    disk = Watched()
    disk.append([stored(GENESIS)])
    node = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"mailbox"))
    node.restore(disk.wires([GENESIS.id]))
    driver = Driver(node, disk)
    made = Mailbox(driver, "life")
    driver.listen(made.note)
    driver.begin()
    return disk, driver, made


def come(driver: Driver, mode: Mode = Mode.AT_MOST_ONCE) -> None:
    content = Content(FLEET, MEMBERS[1], MEMBERS[0], 1, 1, mode, 0, 1 << 50, b"hello")
    driver.deliver([(MEMBERS[1], encode(seal_content(SIGNERS[1], content)))])


def play(scene: Any) -> None:
    asyncio.run(asyncio.wait_for(scene, 30))


def test_a_message_that_was_sent_is_on_disk_and_the_disk_was_waited_for() -> None:
    async def scene() -> None:
        disk, driver, mailbox = at_work()
        view = await mailbox.send(SEND)
        assert [key for key, _ in disk.facts("delivery/out")] == [f"delivery/out/{view.number}"]
        assert disk.synced[-1]
        driver.close()

    play(scene())


def test_while_the_disk_is_full_nothing_is_sent_or_handed_out() -> None:
    async def scene() -> None:
        disk, driver, mailbox = at_work()
        disk.full = True
        come(driver)
        while driver.failure is None:
            await asyncio.sleep(0.001)
        with pytest.raises(StorageError):
            await mailbox.read(0, 1)
        with pytest.raises(StorageError):
            await mailbox.send(SEND)
        disk.full = False
        while driver.failure is not None:
            await asyncio.sleep(0.01)
        (held,) = await mailbox.read(0, 1)
        assert held.payload == b"hello"
        assert disk.facts("delivery/replay") != []
        driver.close()

    play(scene())


def test_what_is_waited_for_in_vain_is_told_as_it_stands() -> None:
    async def scene() -> None:
        _, driver, mailbox = at_work()
        assert await mailbox.read(0, 1, 0.01) == []
        view = await mailbox.send(SEND)
        assert not (await mailbox.settled(view.number, 0.01)).is_settled
        with pytest.raises(NotFound, match="is not known"):
            await mailbox.settled(99, 0.01)
        reading = asyncio.create_task(mailbox.read(0, 1, None))
        await asyncio.sleep(0)
        come(driver, Mode.EXACTLY_ONCE)
        assert [held.sender for held in await reading] == [MEMBERS[1]]
        driver.close()

    play(scene())


def test_who_waits_is_bounded_and_told_when_the_node_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "WAITING_MAX", 1)

    async def scene() -> None:
        _, driver, mailbox = at_work()
        waiting = asyncio.create_task(mailbox.read(0, 1, None))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="too many callers"):
            await mailbox.read(0, 1, None)
        mailbox.end()
        with pytest.raises(Unavailable, match="stopping"):
            await waiting
        driver.close()

    play(scene())
