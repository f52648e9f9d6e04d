"""Certificates of what is kept outlast the votes that they prove."""

import asyncio
import zlib
from collections.abc import Sequence

import pytest

from credimus.certificate import Archive, Trust, make_certificate, verify
from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict, StorageError
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AssertBelief, ShareProof
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.checkpointing.interface import (
    BorrowProof,
    CheckpointConfig,
    LendProof,
    ProofBorrowed,
    ProofSought,
)
from credimus.runtime import archiving
from credimus.runtime.archiving import Archiving
from credimus.runtime.joining.founding import found_fleet, stored
from credimus.runtime.pruning import Pruning
from credimus.runtime.store.interface import FACT_BYTES_MAX, Fact, StoredBlock
from credimus.runtime.store.memory import MemoryStore
from credimus.state.beliefs import Belief
from credimus.state.identity import belief_id

SIGNER = SeedSigner(b"a" * 32)
KEPT_MS = 8_000
CONFIG = CheckpointConfig(
    interval_ms=4_000, keep_ms=KEPT_MS, retention_ms=4_000, look_ns=MILLISECOND
)


class Store(MemoryStore):
    """One that can be full."""

    is_full = False

    def append(
        self, blocks: Sequence[StoredBlock], facts: Sequence[Fact] = (), *, synced: bool = True
    ) -> None:
        if self.is_full:
            raise StorageError("disk-full", "no space is left")
        super().append(blocks, facts, synced=synced)


class Run:
    """One node that keeps certificates, and virtual time."""

    def __init__(self, room: int = 8) -> None:
        fleet, blocks = found_fleet(SIGNER, "archived", "n0", "")
        self.store = Store()
        self.store.append([stored(block) for block in blocks])
        self.node = Node(fleet, [SIGNER], Config(checkpoints=CONFIG), Entropy(b"run"))
        self.node.compacting.read = self.store.wires
        self.node.restore(block.wire for block in self.store.blocks())
        self.pruning = Pruning(self.store, self.node.compacting)
        self.pruning.drop_some = lambda: None  # type: ignore[method-assign]
        self.archive = Archiving(self.node, self.store, CONFIG, room)
        self.wall_ms = (blocks[0].header.stamp >> 16) + 1
        self.node.resume(self.now)

    @property
    def now(self) -> Now:
        return Now(Instant(self.wall_ms * MILLISECOND), self.wall_ms)

    def step(self, content: str, ttl_ms: int = 0) -> None:
        """A second later."""
        self.wall_ms += 1_000
        self.node.execute(AssertBelief(content=content, ttl_ms=ttl_ms), self.now)
        self.node.tick(self.now)
        effects = self.node.collect(self.now)
        self.pruning.keep()
        self.store.append([stored(block) for block in effects.persist])
        self.pruning.follow()
        self.archive.note(effects.emit)
        self.archive.forget_some()

    def pass_time(self, seconds: int, *, keeping: bool = True) -> None:
        for second in range(seconds):
            self.step(f"soon over {self.wall_ms} {second}", ttl_ms=500)
            if keeping:
                for belief, _ in self.archive.due(self.wall_ms):
                    self.archive.keep(belief)

    def belief(self, content: str) -> Belief:
        found = self.node.state.beliefs.get(belief_id(content, "general"))
        assert found is not None
        return found

    def certify(self, belief: Belief) -> bytes:
        node = self.node
        return make_certificate(
            Archive(node.fleet, node.lace, node.state, self.store.wires), belief
        )


def test_what_is_kept_can_be_proved_after_its_votes_went() -> None:
    run = Run()
    run.step("the pier is open")
    belief = run.belief("the pier is open")
    run.pass_time(30)
    assert run.node.state.checkpoints.number >= 2
    with pytest.raises(Conflict, match="no certificate before") as refusal:
        run.certify(belief)
    assert refusal.value.code == "compacted"
    text = run.archive.find(belief.id)
    assert text is not None
    assert verify(text, Trust(run.node.fleet)).certificate.statement == "the pier is open"


def test_what_lasts_half_the_time_is_not_archived_before() -> None:
    run = Run()
    run.step("the pier is open")
    belief = run.belief("the pier is open")
    run.pass_time(KEPT_MS // 2_000 - 1)
    assert run.archive.find(belief.id) is None
    run.pass_time(2)
    assert run.archive.find(belief.id) is not None


def test_what_ends_is_not_archived_and_what_went_is_forgotten() -> None:
    run = Run()
    run.step("open for long", ttl_ms=20_000)
    belief = run.belief("open for long")
    run.pass_time(10)
    assert run.archive.find(belief.id) is not None
    assert len(run.store.facts("proof")) == 1
    run.pass_time(30)
    assert run.node.state.beliefs.get(belief.id) is None
    assert not run.store.facts("proof")


def test_the_oldest_make_room() -> None:
    run = Run(room=2)
    for number in range(4):
        run.step(f"kept {number}")
    beliefs = [run.belief(f"kept {number}") for number in range(4)]
    run.pass_time(30)
    assert [run.archive.find(one.id) is not None for one in beliefs] == [False, False, True, True]


def test_what_went_before_it_was_archived_is_passed_over() -> None:
    run = Run()
    run.step("the pier is open")
    belief = run.belief("the pier is open")
    run.pass_time(30, keeping=False)
    assert belief.id not in [one.id for one, _ in run.archive.due(run.wall_ms)]
    run.archive.keep(belief)
    assert run.archive.find(belief.id) is None


def look_once(run: Run) -> list[StorageError]:
    """Let it look for work once; returns the failures that it told."""
    failures: list[StorageError] = []

    async def look() -> None:
        task = asyncio.get_running_loop().create_task(run.archive.keep_up(failures.append))
        await asyncio.sleep(0)
        task.cancel()

    run.archive.wall_ms = lambda: run.wall_ms + KEPT_MS
    asyncio.run(look())
    return failures


def test_it_is_done_beside_the_nodes_work() -> None:
    run = Run()
    run.step("the pier is open")
    assert not look_once(run)
    assert run.archive.find(run.belief("the pier is open").id) is not None


def test_a_full_disk_is_told_and_it_is_tried_again() -> None:
    run = Run()
    run.step("the pier is open")
    run.store.is_full = True
    assert [one.code for one in look_once(run)] == ["disk-full"]
    run.store.is_full = False
    assert not look_once(run)
    assert run.archive.find(run.belief("the pier is open").id) is not None


def test_none_are_kept_where_there_is_no_room() -> None:
    run = Run(room=0)
    run.step("the pier is open")
    assert not look_once(run)
    assert not run.store.facts("proof")


PEERS = tuple(NodeId(bytes([number]) * 16) for number in range(1, 7))


def borrowed(run: Run, answers: dict[NodeId, bytes | None]) -> tuple[Archiving, list[NodeId]]:
    """An archive of a node that keeps nothing, of which members answer so; and whom it asked."""
    archive, asked = Archiving(run.node, MemoryStore(), CONFIG, 8), list[NodeId]()
    archive.in_reach = lambda: [run.node.id, *answers]

    def submit(command: ShareProof) -> None:
        said = command.what
        assert isinstance(said, BorrowProof)
        asked.extend(said.peers)
        for peer in said.peers:
            content = answers[peer]
            if content is not None:
                event = ProofBorrowed(peer, said.belief, content)
                asyncio.get_running_loop().call_soon(archive.note, [event])

    archive.submit = submit
    return archive, asked


def let_go() -> tuple[Run, Belief, bytes]:
    """A node that keeps the certificate of a belief whose votes went; and that, as it is lent."""
    run = Run()
    run.step("the pier is open")
    run.step("the pier is closed")
    belief = run.belief("the pier is open")
    run.pass_time(30)
    return run, belief, lent(run, belief)


def lent(run: Run, belief: Belief) -> bytes:
    """What the node answers a member."""
    said: list[ShareProof] = []
    run.archive.submit = said.append
    run.archive.note([ProofSought(PEERS[0], belief.id)])
    (command,) = said
    assert isinstance(command.what, LendProof)
    assert (command.what.peer, command.what.belief) == (PEERS[0], belief.id)
    return command.what.content


def test_what_a_member_keeps_is_borrowed_verified_and_kept() -> None:
    run, belief, good = let_go()
    archive, asked = borrowed(run, {PEERS[0]: b"", PEERS[1]: good})
    text = asyncio.run(archive.borrow(belief.id))
    assert text is not None
    assert verify(text, Trust(run.node.fleet)).certificate.belief == belief.id.hex()
    assert asked == list(PEERS[:2])
    assert archive.find(belief.id) == text


def test_what_does_not_hold_is_passed_over() -> None:
    run, belief, good = let_go()
    other = lent(run, run.belief("the pier is closed"))
    assert other
    assert other != good
    wrong = [b"", b"no zlib", other, zlib.compress(b"{}"), good[:-9]]
    archive, asked = borrowed(run, dict(zip(PEERS, [*wrong, good], strict=True)))
    assert asyncio.run(archive.borrow(belief.id)) is not None
    assert asked == list(PEERS), "some at a time, until one held"
    archive, _ = borrowed(run, dict(zip(PEERS, wrong, strict=False)))
    assert asyncio.run(archive.borrow(belief.id)) is None
    assert archive.find(belief.id) is None


def test_who_asks_for_the_same_waits_for_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    run, belief, good = let_go()
    archive, asked = borrowed(run, {PEERS[0]: good})

    async def both() -> list[bytes | None]:
        return list(await asyncio.gather(*(archive.borrow(belief.id) for _ in range(2))))

    one, other = asyncio.run(both())
    assert one is other is not None
    assert asked == [PEERS[0]]
    monkeypatch.setattr(archiving, "BORROWED_AT_ONCE", 0)
    assert asyncio.run(archive.borrow(belief.id)) is None, "too many are asked for at once"


def test_a_member_that_does_not_answer_is_waited_for_shortly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, belief, good = let_go()
    monkeypatch.setattr(archiving, "PATIENCE_S", 0.001)
    monkeypatch.setattr(archiving, "ASKED_AT_ONCE", 1)
    archive, asked = borrowed(run, {PEERS[0]: None, PEERS[1]: good})
    assert asyncio.run(archive.borrow(belief.id)) is not None
    assert asked == list(PEERS[:2])


def test_what_is_kept_fits_a_message() -> None:
    assert limits.PROOF_BYTES_MAX == FACT_BYTES_MAX
