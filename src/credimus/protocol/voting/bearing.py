"""How beliefs that are held true, or false, bear on another by its relations. Pure.

    it implies, depends on or refines what is false    it is false
    what is true implies it                            it is true
    what is true supports it                           it may be true: half as sure

What a belief depends on can hold without it, and an alternative need not exclude: both say nothing.
"""

from collections.abc import Callable, Sequence

from credimus.kernel.ids import BeliefId
from credimus.protocol.voting.interface import Ballot
from credimus.state.beliefs import Link
from credimus.state.operations import Choice, Relation

_FALLS_WITH = {
    Relation.IMPLIES: "implies",
    Relation.DEPENDS_ON: "depends on",
    Relation.REFINES: "refines",
}


def inferred(
    belief: BeliefId, links: Sequence[Link], standing: Callable[[BeliefId], int]
) -> Ballot | None:
    """The ballot that the relations of a belief give; None when they say nothing.

    Args:
        links: the relations from and to it that are relied on.
        standing: how sure one is of a belief, in millionths: below 0 that it is false.
    """
    for link in links:
        if link.source == belief and link.relation in _FALLS_WITH:
            sure = standing(link.target)
            if sure < 0:
                word = _FALLS_WITH[link.relation]
                return Ballot(Choice.REJECT, -sure, f"{word} {link.target.hex()[:12]}")
    for relation, word, share in (
        (Relation.IMPLIES, "implied by", 1),
        (Relation.SUPPORTS, "supported by", 2),
    ):
        for link in links:
            if link.target == belief and link.relation is relation:
                sure = standing(link.source)
                if sure > 0:
                    return Ballot(Choice.ACCEPT, sure // share, f"{word} {link.source.hex()[:12]}")
    return None
