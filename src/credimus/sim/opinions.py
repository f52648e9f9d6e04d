"""What nodes think of members and beliefs, and the sentence that it follows from their blocks."""

from credimus.kernel.entropy import Stream
from credimus.sim.checker import Checker
from credimus.sim.refold import fold_blocks


class same_blocks_same_standing(Checker):  # noqa: N801 - a sentence
    """Skill, conduct and credence are the same wherever the same blocks are, in any order."""

    def finish(self, stream: Stream) -> None:
        """Fold the blocks of every honest node in a random order and compare what comes out."""
        for host in self.watch.honest:
            node = host.running
            places = [place.id for place in node.lace.in_causal_order()]
            if any(place not in self.watch.record.blocks for place in places):
                continue  # something taken is not durable yet
            anew = fold_blocks(self.watch.fleet.id, self.watch.record, places, stream)
            if anew.standing.fingerprint() != node.state.standing.fingerprint():
                self.fail(f"node {host.place}: {len(places)} blocks give another standing")
