"""Where a belief comes from: what it leans on, and which related beliefs came before it.

Bounded: a liar may relate a belief to all others, and the lace may be long.
"""

from collections.abc import Iterable

from credimus.kernel.ids import BeliefId, BlockId
from credimus.lace.lace import Lace
from credimus.state.dependencies import Dependencies
from credimus.state.fleet import FleetState
from credimus.why.explanation import History, OrderName, Related

RELATED_MAX = 32
"""Beliefs told of as related; each costs up to two walks of the lace. [guess]"""
STEPS_MAX = 20_000
"""Blocks walked over for one explanation: some 20 ms. [guess]"""


class Order:
    """Asks the lace which of two blocks came before the other, in a bounded number of steps."""

    def __init__(self, lace: Lace, steps_max: int = STEPS_MAX) -> None:
        self._lace = lace
        self._steps_left = steps_max

    def before(self, one: BlockId, other: BlockId) -> bool | None:
        """Whether `one` is in the causal past of `other`; None when that is not known."""
        goal = self._lace.get(one)
        seen: set[BlockId] = set()
        begin = self._lace.get(other)
        if goal is None or begin is None:  # let go under a checkpoint
            return None
        waiting = [begin]
        while waiting:
            if self._steps_left <= 0:
                return None
            self._steps_left -= 1
            for predecessor in waiting.pop().predecessors():
                if predecessor == one:
                    return True
                if predecessor not in seen:
                    seen.add(predecessor)
                    place = self._lace.get(predecessor)
                    if place is not None and place.stamp > goal.stamp:
                        waiting.append(place)
        return False


def history(state: FleetState, lace: Lace, belief: BeliefId) -> History:
    """What a belief leans on, and how it stands in time to what is related to it."""
    graph = Dependencies(state.beliefs, lace.happened_before)
    relations = _relations(graph, belief)
    direct = graph.grounds(belief)
    through = _through(graph, belief, direct)
    names = list(dict.fromkeys((*direct, *relations, *through)))
    order = Order(lace)
    shown = {
        one: Related(
            id=one.hex(),
            content=_content(state, one),
            verdict=_verdict(state, one),  # type: ignore[arg-type]
            relations=relations.get(one, []),
            order=_order(state, order, one, belief),
        )
        for one in names[:RELATED_MAX]
    }
    return History(
        leans_on=[one.hex() for one in direct if one in shown],
        leans_on_through=[one.hex() for one in through if one in shown],
        related=list(shown.values()),
        left_out=len(names) - len(shown),
    )


def _relations(graph: Dependencies, belief: BeliefId) -> dict[BeliefId, list[str]]:
    """Each belief with a relation to this one, and which."""
    found: dict[BeliefId, list[str]] = {}
    for link in graph.edges(belief):
        words = link.relation.name.lower().replace("_", " ")
        if link.source == belief:
            found.setdefault(link.target, []).append(f"it {words}")
        else:
            found.setdefault(link.source, []).append(f"{words} it")
    return found


def _through(graph: Dependencies, belief: BeliefId, direct: Iterable[BeliefId]) -> list[BeliefId]:
    """What the direct grounds lean on in turn, nearest first; a little more than is shown."""
    seen = dict.fromkeys((belief, *direct))
    first = len(seen)
    waiting = [one for one in seen if one != belief]
    for one in waiting:
        if len(seen) - first > RELATED_MAX:
            break
        for ground in graph.grounds(one):
            if ground not in seen:
                seen[ground] = None
                waiting.append(ground)
    return list(seen)[first:]


def _order(state: FleetState, order: Order, one: BeliefId, belief: BeliefId) -> OrderName:
    other, this = state.beliefs.get(one), state.beliefs.get(belief)
    if other is None or this is None:
        return "unknown"
    if other.origin_block == this.origin_block:
        return "concurrent"
    earlier = order.before(other.origin_block, this.origin_block)
    later = order.before(this.origin_block, other.origin_block)
    if earlier or later:
        return "before" if earlier else "after"
    return "unknown" if earlier is None or later is None else "concurrent"


def _content(state: FleetState, belief: BeliefId) -> str:
    found = state.beliefs.get(belief)
    return found.content if found is not None else ""


def _verdict(state: FleetState, belief: BeliefId) -> str | None:
    verdict = state.rounds.verdict(belief)
    return None if verdict is None else verdict.word
