"""What nodes think of members and beliefs, and the sentence that it follows from their blocks."""

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Stream
from credimus.sim.checkers.checker import Checker
from credimus.sim.checkers.refold import fold_blocks


class same_blocks_same_standing(Checker):  # noqa: N801 - a sentence
    """Skill, conduct and credence are the same wherever the same blocks are, in any order."""

    def finish(self, stream: Stream) -> None:
        """Fold the blocks of every honest node in a random order and compare what comes out."""
        compacted: dict[bytes, bytes] = {}
        folded: dict[bytes, bytes] = {}
        for host in self.watch.honest:
            node = host.running
            if node.state.checkpoints.number:  # what went can not be folded again
                same = node.state.checkpoints.id + encode(node.lace.frontier())
                told = node.state.standing.fingerprint()
                if compacted.setdefault(same, told) != told:
                    self.fail(f"node {host.place}: one checkpoint gives another standing")
                continue
            places = [place.id for place in node.lace.in_causal_order()]
            if any(place not in self.watch.record.blocks for place in places):
                continue  # something taken is not durable yet
            held = encode(node.lace.frontier())
            if held not in folded:
                anew = fold_blocks(self.watch.fleet.id, self.watch.record, places, stream)
                folded[held] = anew.standing.fingerprint()
            if folded[held] != node.state.standing.fingerprint():
                self.fail(f"node {host.place}: {len(places)} blocks give another standing")
