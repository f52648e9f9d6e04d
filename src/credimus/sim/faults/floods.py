"""Liars who drown the others in what is well formed: in blocks, and in messages.

Deliberately not here: a client gone mad (computers.py), bytes that mean nothing (lies.py).
"""

from typing import Annotated

from msgspec import Meta

from credimus.kernel.codec import encode
from credimus.kernel.hlc import stamp_of
from credimus.lace.block import NO_PREVIOUS, VERSION, Block, Header, root_of, write_predecessors
from credimus.lace.seal import pack_leaves, seal
from credimus.protocol.sync.interface import Beacon, Blocks
from credimus.sim.faults.fault import Scene
from credimus.sim.faults.lies import Lie
from credimus.sim.host import Host
from credimus.state.operations import Assert

_CONTENT = "flood " * 160
_UNITS_EACH = 1 + (len(_CONTENT) + 40) // 128
_PER_BLOCK = 200
_UNLIMITED = 1_000


class Torrent(Lie, frozen=True, tag="torrent"):
    """Writes many times what the fleet allows each member, signed and well formed."""

    times: Annotated[int, Meta(ge=1, le=1_000)] = 100
    """How many times what is allowed in the time from one strike to the next. Range 1 to 1,000."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Write on from the head of the liar's chain, and show it to all, its own node too."""
        rate = scene.fleet.config.units_per_s_max or _UNLIMITED
        units = self.times * rate * max(1, self.every_ms) // 1_000
        _show(scene, liar, _chain(scene, liar, units // _UNITS_EACH, (_CONTENT, "report")))


class Clamour(Lie, frozen=True, tag="clamour"):
    """States more of each limited category than the fleet allows, in few operations: far from the
    limit in units, signed and well formed."""

    times: Annotated[int, Meta(ge=1, le=100)] = 3
    """How many times what a full bucket holds. Range 1 to 100."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Write on from the head of the liar's chain, and show it to all, its own node too."""
        limit = scene.fleet.config.limit
        for one in () if limit is None else limit.categories:
            count = min(self.times * one.burst, _PER_BLOCK)
            _show(scene, liar, _chain(scene, liar, count, ("clamour ", one.category)))


class Hail(Lie, frozen=True, tag="hail"):
    """Sends one node more messages than anybody can take, each of them in order."""

    count: Annotated[int, Meta(ge=1, le=100_000)] = 3_000
    """How many at a time. Range 1 to 100,000."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Send them all at once."""
        payload = encode(Beacon(liar.running.lace.frontier()))
        victim = scene.stream.choose([one for one in scene.fleet.places if one != liar.place])
        for _ in range(self.count):
            scene.fleet.network.send(liar.place, victim, payload)


def _show(scene: Scene, liar: Host, blocks: list[Block]) -> None:
    for block in blocks:
        payload = encode(Blocks((block.wire,)))
        for place in scene.fleet.places:
            if place != liar.place:
                scene.fleet.network.send(liar.place, place, payload)
        if liar.hear(liar.id, payload):
            scene.fleet.wake(liar)


def _chain(scene: Scene, liar: Host, operation_count: int, words: tuple[str, str]) -> list[Block]:
    """Blocks with so many operations, behind the last that the liar's own node took.

    Args:
        words: the beginning of each belief, and the category.
    """
    node, signer = liar.running, liar.signers[0]
    head = node.lace.head(signer.node_id)
    wall_ms = liar.now(scene.fleet.agenda.now_ns).wall_ms
    stamp: int = max(stamp_of(wall_ms), node.clock.last)
    sequence, previous = (head.sequence, head.id) if head else (0, NO_PREVIOUS)
    counter = node.state.beliefs.claims_made(signer.node_id)
    blocks: list[Block] = []
    for first in range(0, operation_count, _PER_BLOCK):
        count = min(_PER_BLOCK, operation_count - first)
        said = [
            Assert(counter + first + n + 1, f"{words[0]}{scene.strike_count}.{first + n}",
                   words[1], 1)
            for n in range(count)
        ]  # fmt: skip
        leaves = [encode(one) for one in said]
        root = root_of(write_predecessors(previous, ()), leaves)
        sequence, stamp = sequence + 1, stamp + 1
        header = Header(
            VERSION, node.fleet, signer.node_id, sequence, stamp, previous, (), root, count
        )  # fmt: skip
        blocks.append(seal(signer, header, pack_leaves(leaves)))
        previous = blocks[-1].id
    return blocks
