"""Small wrongs with checkpoints, under which their sentences must fail; see table.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from credimus.kernel.ids import BlockId
from credimus.kernel.portions import Portions
from credimus.lace.lace import Lace
from credimus.node.recovering import compacting
from credimus.node.recovering.compacting import Compacting
from credimus.sim.checkers.compaction import (
    a_joiner_from_a_checkpoint_agrees,
    nothing_is_pruned_before_it_is_certified,
    pruned_and_whole_nodes_agree,
    what_a_block_names_is_held,
)
from credimus.sim.checkers.telling import what_is_told_is_all_there_is
from credimus.sim.fleet import Fleet
from credimus.sim.saboteurs.patching import patched
from credimus.state.enclosures import Enclosures
from credimus.state.fleet import FleetState
from credimus.state.keeping import releasing
from credimus.state.keeping.checkpoints import Checkpoints, Released


@contextmanager
def a_checkpoint_that_lets_all_go(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Everybody lets go of what is still wanted."""
    kept = releasing.release

    def all_of_it(state: FleetState, stamp: int, retention_ms: int) -> Portions[Released]:  # noqa: ARG001
        return kept(state, stamp, 0)

    with patched(releasing, "release", all_of_it):
        yield


@contextmanager
def a_snapshot_that_forgets_the_keys_of_beliefs(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Who folds on from a snapshot has lost what was enclosed before; everybody agrees on that."""
    with patched(Enclosures, "restore", lambda *_: None):
        yield


@contextmanager
def a_word_that_is_enough(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """One member certifies a checkpoint for all."""

    def enough(self: Checkpoints, key: tuple[int, bytes], members: Any) -> bool:
        return bool(members) and self.proposal(key[1]) is not None

    with patched(Checkpoints, "_suffices", enough):
        yield


@contextmanager
def a_snapshot_that_lacks_a_belief(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Who begins from a checkpoint of others forgets a belief."""
    install = Compacting.install

    def forgetful(self: Compacting, *given: Any) -> Any:
        taken = install(self, *given)
        self._state.beliefs._beliefs.popitem()  # noqa: SLF001
        return taken

    with patched(Compacting, "install", forgetful):
        yield


@contextmanager
def a_lace_that_takes_names_for_blocks(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Heads of a checkpoint are named although no more is known of them."""
    let_go = Lace.let_go

    def careless(self: Lace, *given: Any) -> list[BlockId]:
        gone = let_go(self, *given)
        self._names.clear()
        return gone

    with patched(Lace, "let_go", careless):
        yield


@contextmanager
def a_snapshot_that_nobody_tells_of(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Who begins from a checkpoint of others says nothing of what came with it."""
    with patched(compacting, "told_since", lambda *_: []):
        yield


WRONGS = (
    (a_lace_that_takes_names_for_blocks, what_a_block_names_is_held, 12),
    (a_checkpoint_that_lets_all_go, pruned_and_whole_nodes_agree, 8),
    (a_snapshot_that_forgets_the_keys_of_beliefs, pruned_and_whole_nodes_agree, 8),
    (a_word_that_is_enough, nothing_is_pruned_before_it_is_certified, 8),
    (a_snapshot_that_nobody_tells_of, what_is_told_is_all_there_is, 12),
    (a_snapshot_that_lacks_a_belief, a_joiner_from_a_checkpoint_agrees, 12),
)
"""Each with the sentence that it trips, and the virtual seconds that it needs to show."""
