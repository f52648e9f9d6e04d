"""What is said for some readers only, and the sentence that nobody else ever reads it."""

import re

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import NodeId, short
from credimus.lace.enclosing import is_enclosed, name_in
from credimus.node.node import Node
from credimus.sim.checkers.checker import Checker

_EVERY = 9  # one statement in so many is for some eyes only
_NUMBER = re.compile(r"\(report (\d+)\)")


def readers_of(content: str, count: int) -> frozenset[int]:
    """The places of the hosts, of so many, that a statement is for; empty for an open one."""
    found = _NUMBER.search(content)
    number = int(found[1]) if found else 0
    if number % _EVERY or not number:
        return frozenset()
    return frozenset({number % count, number // _EVERY % count})


class only_readers_read(Checker):  # noqa: N801 - a sentence
    """Who was not meant to read a belief can not, and who was given its key can."""

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Let every honest node read what it holds."""
        count = len(self.watch.fleet.hosts)
        honest = {one for host in self.watch.honest for one in host.ids}
        for host in self.watch.honest:
            node = host.running
            for belief in node.state.beliefs:
                if not is_enclosed(belief.content):
                    continue
                plain = node.reading.read(belief.content, belief.id)
                asserted = {who for who, _, _ in node.state.beliefs.assertions(belief.id)}
                if plain is None:
                    if asserted & host.ids or _was_given(node, belief.content, host.ids, honest):
                        self.fail(f"node {host.place} can not read {short(belief.id)} any more")
                elif host.place not in readers_of(plain, count) and not _gave_it_itself(
                    node, belief.content, host.ids
                ):
                    self.fail(f"node {host.place} reads {short(belief.id)}, for others only")


def _gave_it_itself(node: Node, content: str, ids: set[NodeId]) -> bool:
    """Whether a node's box is its own: who says something is a reader, also after a retraction."""
    return _was_given(node, content, ids, ids)


def _was_given(node: Node, content: str, ids: set[NodeId], givers: set[NodeId]) -> bool:
    """Whether one of some ids holds a box of one of some others; a liar's may hold nothing."""
    name = name_in(content) or b""
    boxes = [box for one in sorted(ids) for box in node.state.enclosures.boxes(name, one)]
    return any(giver in givers for giver, _, _ in boxes)
