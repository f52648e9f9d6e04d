"""One tree for each author and urgency: who pushes its blocks to us, and to whom we push them.

A tree begins as a little gossip: everybody pushes to a few neighbours. Who gets a block twice
prunes the later link; who gets only its announcement grafts. What is left is a tree of first
arrivals, so of the quickest links, with the author at its root.

Source: Leitao, Pereira, Rodrigues, "Epidemic broadcast trees" (SRDS 2007), 3.3 and 3.8.
Departs: the paper shares one tree among all authors and begins with a flood on all links; a tree of
each author is never deeper than its own gossip, and links have a direction.
"""

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.ids import NodeId
from credimus.protocol.dissemination.urgency import Urgency


class Tree:
    """Our place in one tree."""

    __slots__ = ("children", "parent")

    def __init__(self, children: list[NodeId]) -> None:
        self.parent: NodeId | None = None
        """Who pushes to us; None at the root, and before anything came."""
        self.children: dict[NodeId, None] = dict.fromkeys(children)
        """To whom we push."""


class Trees:
    """All trees of one node."""

    def __init__(self) -> None:
        self._trees: BoundedMap[tuple[NodeId, Urgency], Tree] = BoundedMap(limits.TREES_MAX)

    def __len__(self) -> int:
        return len(self._trees)

    def get(self, author: NodeId, urgency: Urgency) -> Tree | None:
        """The tree, if it has begun."""
        return self._trees.get((author, urgency))

    def begin(self, author: NodeId, urgency: Urgency, children: list[NodeId]) -> Tree:
        """Begin a tree with these children."""
        tree = Tree(children)
        self._trees.put((author, urgency), tree)
        return tree

    def keep(self, neighbours: frozenset[NodeId]) -> None:
        """Whoever is no neighbour any more is neither parent nor child."""
        for _, tree in self._trees.items():  # noqa: PERF102 - a bounded map has no values()
            if tree.parent is not None and tree.parent not in neighbours:
                tree.parent = None
            if not tree.children.keys() <= neighbours:
                tree.children = {one: None for one in tree.children if one in neighbours}
