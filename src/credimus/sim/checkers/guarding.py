"""What must hold at the doors of a node, whatever comes: sentences, as in agreement.py."""

from nacl import bindings, exceptions

from credimus.kernel.ids import BlockId, node_id, short
from credimus.lace.block import Block
from credimus.node.events import PeerFaulted
from credimus.node.node import NodeEffects
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.host import Host
from credimus.sim.watcher import Done


class nothing_unsigned_is_taken(Checker):  # noqa: N801 - a sentence
    """Every block on any disk was signed by the key whose fingerprint is its author's id."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._seen: set[BlockId] = set()

    def noted(self, host: Host, block: Block) -> None:
        """Verify each block once, and by itself."""
        if block.id in self._seen:
            return
        self._seen.add(block.id)
        key = host.running.state.roster.keys.get(block.author, b"")
        try:
            bindings.crypto_sign_open(block.signature + block.header_bytes, key)
        except (exceptions.BadSignatureError, exceptions.ValueError):
            self.fail(f"node {host.place} took {block!r}, which {short(block.author)} never signed")
        else:
            if node_id(key) != block.author:
                self.fail(f"node {host.place} took {block!r}, signed by {short(node_id(key))}")


class nothing_exceeds_its_limit(Checker):  # noqa: N801 - a sentence
    """Whatever an honest node holds of a member, that member was allowed to write by then."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._left: dict[BlockId, tuple[int, int]] = {}

    def noted(self, host: Host, block: Block) -> None:
        """Reckon the bucket of each chain anew, in thousandths of a unit."""
        rate = self.watch.fleet.config.units_per_s_max
        if not rate:
            return
        if block.id not in self._left:
            full = 1_000 * max(60 * rate, 4_104)
            wall_ms = block.header.stamp >> 16
            left, then_ms = self._left.get(block.header.previous, (full, wall_ms))
            leaves = block.leaves()
            cost = 8 + len(leaves) + sum(map(len, leaves)) // 128
            left = min(full, left + rate * (wall_ms - then_ms)) - 1_000 * cost
            self._left[block.id] = left, wall_ms
        if self._left[block.id][0] < 0 and not host.lies:
            self.fail(f"node {host.place} took {block!r}, more than its author may write")


class an_honest_peer_is_never_faulted(Checker):  # noqa: N801 - a sentence
    """No honest node finds fault with another, except over a clock that went astray, or what was
    sent in its name."""

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Look whom a step blamed."""
        blamed = [event for event in effects.emit if type(event) is PeerFaulted]
        if not blamed or host.lies or not self.watch.names_are_sound:
            return
        honest = {one.id for one in self.watch.fleet.hosts if not one.lies}
        for event in blamed:
            astray = event.code == "stamp-too-far-in-future" and not self.watch.clocks_are_sound
            if event.peer in honest and not astray:
                self.fail(f"node {host.place} blames {short(event.peer)}: {event.message}")


class no_node_starts_from_a_damaged_disk(Checker):  # noqa: N801 - a sentence
    """A node whose disk holds an altered row refuses to start."""

    def started(self, host: Host) -> None:
        """Look at the disk that a life begins from."""
        if host.disk.is_damaged:
            self.fail(f"node {host.place} runs from a disk that was altered")
