"""How beliefs depend on each other, and which came before which.

A belief came before another when the block that first asserted it is in the causal past of the
block that first asserted the other. First means the smallest stamp, so every holder of the same
blocks answers alike. The requirement's section 1.4 asks this of vector clocks; the lace knows it.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from credimus.kernel.errors import NotFound
from credimus.kernel.ids import BeliefId, BlockId
from credimus.state.beliefs import Beliefs, Link
from credimus.state.operations import Relation

HappenedBefore: TypeAlias = Callable[[BlockId, BlockId], bool]
"""Of two blocks; the lace knows."""

_LEANS_ON = frozenset({Relation.DEPENDS_ON, Relation.REFINES})
_CARRIES = frozenset({Relation.SUPPORTS, Relation.IMPLIES})


class Dependencies:
    """Questions about the graph of beliefs; holds nothing of its own."""

    def __init__(self, beliefs: Beliefs, happened_before: HappenedBefore) -> None:
        self._beliefs = beliefs
        self._blocks_before = happened_before

    def edges(self, belief: BeliefId) -> list[Link]:
        """The live relations from and to a belief, in order of their keys."""
        return self._beliefs.links(belief)

    def grounds(self, belief: BeliefId) -> list[BeliefId]:
        """What a belief leans on directly: it depends on or refines it, or is supported by it."""
        found = set()
        for link in self.edges(belief):
            if link.source == belief and link.relation in _LEANS_ON:
                found.add(link.target)
            elif link.target == belief and link.relation in _CARRIES:
                found.add(link.source)
        return sorted(found)

    def leaning_on(self, belief: BeliefId) -> list[BeliefId]:
        """What leans on a belief directly: those of which it is a ground."""
        found = set()
        for link in self.edges(belief):
            if link.target == belief and link.relation in _LEANS_ON:
                found.add(link.source)
            elif link.source == belief and link.relation in _CARRIES:
                found.add(link.target)
        return sorted(found)

    def all_grounds(self, belief: BeliefId) -> list[BeliefId]:
        """What a belief leans on directly or through others, itself left out; cycles end."""
        seen: set[BeliefId] = set()
        waiting = [belief]
        while waiting:
            for ground in self.grounds(waiting.pop()):
                if ground not in seen:
                    seen.add(ground)
                    waiting.append(ground)
        return sorted(seen - {belief})

    def happened_before(self, one: BeliefId, other: BeliefId) -> bool:
        """Whether `one` was first asserted in the causal past of the first assertion of `other`.

        False when either was never asserted, and for beliefs that began in one block. Where a block
        was let go under a checkpoint, the order of stamps stands in.
        """
        first, second = self._beliefs.get(one), self._beliefs.get(other)
        if first is None or second is None or first.origin_block == second.origin_block:
            return False
        try:
            return self._blocks_before(first.origin_block, second.origin_block)
        except NotFound:
            return first.origin < second.origin

    def concurrent(self, belief: BeliefId, among: Iterable[BeliefId]) -> list[BeliefId]:
        """Those of some beliefs that neither came before this one nor after it, sorted.

        Cost: two walks of the lace for each.
        """
        return sorted(
            other
            for other in among
            if other != belief
            and self._beliefs.get(other) is not None
            and not self.happened_before(belief, other)
            and not self.happened_before(other, belief)
        )
