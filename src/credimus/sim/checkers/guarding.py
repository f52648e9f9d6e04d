"""What must hold at the doors of a node, whatever comes: sentences, as in agreement.py."""

from fractions import Fraction

from nacl import bindings, exceptions

from credimus.kernel.ids import BlockId, NodeId, node_id, short
from credimus.lace.block import Block
from credimus.node.events import PeerFaulted
from credimus.node.node import NodeEffects
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.host import Host
from credimus.sim.watcher import Done
from credimus.state.member_operations import CategoryLimit, Limit, Rotate
from credimus.state.operations import Assert, read_operations


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
        self._left: dict[BlockId, tuple[int, int, dict[str, Fraction]]] = {}
        """What is left of the units in thousandths, when, and of each category in beliefs."""
        self._began_behind: dict[NodeId, BlockId] = {}
        """Where a key took the place of another."""

    def noted(self, host: Host, block: Block) -> None:
        """Reckon the buckets of each chain anew, by fractions."""
        config = self.watch.fleet.config
        if not (config.units_per_s_max or config.limit):
            return
        if block.id not in self._left:
            self._left[block.id] = self._reckon(block, config.units_per_s_max, config.limit)
        units, _, categories = self._left[block.id]
        if host.lies:
            return
        if config.units_per_s_max and units < 0:
            self.fail(f"node {host.place} took {block!r}, more than its author may write")
        for category, left in categories.items():
            if left < 0:
                self.fail(f"node {host.place} took {block!r}, more of {category} than may be")

    def _reckon(
        self, block: Block, rate: int, limit: Limit | None
    ) -> tuple[int, int, dict[str, Fraction]]:
        full = 1_000 * max(60 * rate, 4_104)
        limits = {one.category: one for one in limit.categories} if limit else {}
        wall_ms = block.header.stamp >> 16
        most = {name: Fraction(one.burst) for name, one in limits.items()}
        previous = block.header.previous or self._began_behind.get(block.author, BlockId(b""))
        units, then_ms, categories = self._left.get(previous, (full, wall_ms, most))
        leaves = block.leaves()
        cost = 8 + len(leaves) + sum(map(len, leaves)) // 128
        units = min(full, units + rate * (wall_ms - then_ms)) - 1_000 * cost
        categories = {
            name: min(most[name], left + Fraction(1_000 * (wall_ms - then_ms), _step_us(one)))
            for (name, left), one in zip(categories.items(), limits.values(), strict=True)
        }
        for said in read_operations(block.body):
            if isinstance(said, Assert) and said.category in categories:
                categories[said.category] -= 1
            elif isinstance(said, Rotate):
                self._began_behind[node_id(said.public_key)] = block.id
        return units, wall_ms, categories


def _step_us(limit: CategoryLimit) -> int:
    return 3_600_000_000 // limit.per_hour


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
