"""A node's store follows its checkpoints, and a restart begins from the last one."""

from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from msgspec import structs

from credimus.kernel.codec import encode
from credimus.kernel.effects import Effects
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import StorageError
from credimus.kernel.ids import FleetId
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node, NodeEffects
from credimus.node.recovering.compacting import Compacting, Compaction
from credimus.protocol.checkpointing.interface import CheckpointConfig
from credimus.protocol.checkpointing.proof import read_base
from credimus.runtime.audit.check import check_log
from credimus.runtime.driver import Driver
from credimus.runtime.joining.founding import found_fleet, stored
from credimus.runtime.pruning import Pruning
from credimus.runtime.store.interface import Fact, Store, StoredBlock
from credimus.runtime.store.memory import MemoryStore
from credimus.runtime.store.snapshots import keep_snapshot, kept_snapshot
from credimus.runtime.store.sqlite import SqliteStore
from credimus.state.events import BeliefChanged
from strategies import make_block

SIGNER = SeedSigner(b"p" * 32)
CONFIG = Config(
    checkpoints=CheckpointConfig(
        interval_ms=10_000, keep_ms=5_000, retention_ms=5_000, look_ns=MILLISECOND
    )
)


class Run:
    """One node on a store, and virtual time."""

    def __init__(self, fleet: FleetId, store: Store, wall_ms: int) -> None:
        self.node = Node(fleet, [SIGNER], CONFIG, Entropy(b"run"))
        self.node.compacting.read = store.wires
        self.store = store
        self.pruning = Pruning(store, self.node.compacting)
        self.wall_ms = wall_ms
        self.told: list[object] = []
        kept = kept_snapshot(store, lambda what: StorageError("corrupt", what))
        if kept is not None:
            self.node.restore_snapshot(kept[0])
        self.folded_count = self.node.restore(block.wire for block in store.blocks())
        self.node.resume(self.now)

    @property
    def now(self) -> Now:
        return Now(Instant(self.wall_ms * MILLISECOND), self.wall_ms)

    def step(self, content: str = "") -> None:
        """A second later."""
        self.wall_ms += 1_000
        if content:
            self.node.execute(AssertBelief(content=content, ttl_ms=2_000), self.now)
        self.node.tick(self.now)
        effects = self.node.collect(self.now)
        self.pruning.keep()
        self.store.append([stored(block) for block in effects.persist])
        self.pruning.follow()
        self.told += effects.emit


def test_of_what_a_checkpoint_thinned_is_told(tmp_path: Path) -> None:
    """Lists would show the confidence of an assertion whose time is over."""
    fleet, blocks = found_fleet(SIGNER, "pruned", "n0", "")
    store = SqliteStore(tmp_path / "log.db")
    store.append([stored(block) for block in blocks])
    run = Run(fleet, store, (blocks[0].header.stamp >> 16) + 1)
    for confidence, ttl_ms in ((900_000, 0), (500_000, 2_000)):
        said = AssertBelief(content="it rains", confidence=confidence, ttl_ms=ttl_ms)
        belief = run.node.execute(said, run.now).belief
        run.step()
    beliefs = run.node.state.beliefs
    assert beliefs.confidence(belief) == 500_000
    run.told.clear()
    while not run.node.state.checkpoints.number:
        run.step("and so on")
    assert beliefs.confidence(belief) == 900_000
    assert BeliefChanged(belief) in run.told
    store.close()


def test_a_restart_begins_from_the_last_checkpoint(tmp_path: Path) -> None:
    fleet, blocks = found_fleet(SIGNER, "pruned", "n0", "")
    store = SqliteStore(tmp_path / "log.db")
    store.append([stored(block) for block in blocks])
    wall_ms = (blocks[0].header.stamp >> 16) + 1
    run = Run(fleet, store, wall_ms)
    for number in range(60):
        run.step(f"reading {number}")
    state = run.node.state
    assert state.checkpoints.number >= 3
    assert not run.pruning.gone
    assert store.block_count == len(run.node.lace) < 40
    assert len(state.beliefs) < 30
    last = state.checkpoints.last
    assert last is not None
    assert last.released.beliefs > 0
    assert run.node.compacting.witnesses == [SIGNER.node_id]
    store.close()

    again = Run(fleet, SqliteStore(tmp_path / "log.db"), run.wall_ms)
    assert again.node.state.fingerprint() == state.fingerprint()
    assert again.folded_count == len(again.node.lace)
    assert again.node.compacting.trim() == []
    for number in range(20):
        again.step(f"later {number}")
    assert again.node.state.checkpoints.number > state.checkpoints.number
    again.store.close()


def test_a_snapshot_is_kept_before_the_blocks_of_its_step() -> None:
    """Some may build on what is held in it alone: a node that was killed between the two could
    not start again."""
    fleet, blocks = found_fleet(SIGNER, "pruned", "n0", "")
    store = Told()
    store.append([stored(block) for block in blocks])
    driver = Driver(Run(fleet, store, (blocks[0].header.stamp >> 16) + 1).node, store)
    effects: NodeEffects = Effects(persist=[make_block(SIGNER, [])])
    store.told.clear()
    with patch.object(Compacting, "waiting", Compaction(b"snapshot", [])):
        driver._finish(effects)
    assert store.told == ["facts", "blocks"]


class Told(MemoryStore):
    """Tells what was appended, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def append(
        self, blocks: Sequence[StoredBlock], facts: Sequence[Fact] = (), *, synced: bool = True
    ) -> None:
        """As any store."""
        super().append(blocks, facts, synced=synced)
        self.told.append("blocks" if blocks else "facts")


def test_blocks_that_a_crash_left_over_are_found_again(tmp_path: Path) -> None:
    fleet, blocks = found_fleet(SIGNER, "pruned", "n0", "")
    store = SqliteStore(tmp_path / "log.db")
    store.append([stored(block) for block in blocks])
    run = Run(fleet, store, (blocks[0].header.stamp >> 16) + 1)
    run.pruning.drop_some = lambda: None  # type: ignore[method-assign]
    while not run.node.state.checkpoints.number:
        run.step("the same again and again")
    left = len(run.pruning.gone)
    assert left > 0
    again = Run(fleet, store, run.wall_ms)
    assert again.node.state.fingerprint() == run.node.state.fingerprint()
    again.pruning.add(again.node.compacting.trim())
    assert set(again.pruning.gone) == set(run.pruning.gone)
    again.pruning.drop_some()
    assert store.block_count == len(again.node.lace)
    store.close()


def test_a_block_that_comes_again_while_it_waits_to_be_dropped_stays(tmp_path: Path) -> None:
    fleet, blocks = found_fleet(SIGNER, "pruned", "n0", "")
    store = SqliteStore(tmp_path / "log.db")
    store.append([stored(block) for block in blocks])
    run = Run(fleet, store, (blocks[0].header.stamp >> 16) + 1)
    drop_some, run.pruning.drop_some = run.pruning.drop_some, lambda: None  # type: ignore[method-assign]
    while not run.node.state.checkpoints.number:
        run.step("the same again and again")
    again, other = list(run.pruning.gone)[:2]
    run.pruning.spare([again])
    drop_some()
    assert len(store.wires([again])) == 1
    assert not store.wires([other])
    store.close()


def pruned(folder: Path) -> tuple[FleetId, Path]:
    """The log of a node that let blocks go; no node uses it."""
    fleet, blocks = found_fleet(SIGNER, "pruned", "n0", "")
    store = SqliteStore(folder / "log.db")
    store.append([stored(block) for block in blocks])
    run = Run(fleet, store, (blocks[0].header.stamp >> 16) + 1)
    for number in range(40):
        run.step(f"reading {number}")
    assert run.node.state.checkpoints.number
    store.close()
    return fleet, folder / "log.db"


def test_a_pruned_log_is_verified_from_its_checkpoint_on(tmp_path: Path) -> None:
    fleet, path = pruned(tmp_path)
    found = check_log(path, fleet, SIGNER.public)
    assert found.broken is None
    assert found.checkpoint >= 1
    assert found.blocks > 1
    assert check_log(path, fleet, SIGNER.public, found.head).broken is None
    other = check_log(path, fleet, SIGNER.public, f"2:{'00' * 32}").broken
    assert other is not None
    assert "can not be compared" in other.why


def test_a_checkpoint_that_nobody_certifies_is_named(tmp_path: Path) -> None:
    fleet, path = pruned(tmp_path)
    store = SqliteStore(path)
    kept = kept_snapshot(store, lambda what: StorageError("corrupt", what))
    assert kept is not None
    base = read_base(kept[0])
    forged = structs.replace(base, proof=structs.replace(base.proof, words=()))
    keep_snapshot(store, encode(forged), 0)
    store.close()
    broken = check_log(path, fleet, SIGNER.public).broken
    assert broken is not None
    assert broken.table == "facts"
    assert "0 certify" in broken.why


def test_a_checkpoint_of_another_fleet_is_named(tmp_path: Path) -> None:
    _, path = pruned(tmp_path)
    broken = check_log(path, FleetId(b"x" * 16), SIGNER.public).broken
    assert broken is not None
    assert broken.table == "facts"
