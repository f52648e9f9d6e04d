"""What liars do about members: slander, false evidence, words that are not theirs to say; and the
honest member that has a proven equivocator expelled.

Liars sign with their own keys only, so each of these is either no more than one voice, or refused.
"""

from collections.abc import Sequence

from credimus.kernel.codec import encode
from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.block import Block, open_wire, read_block
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AnyCommand, ExpelMember
from credimus.node.node import Node
from credimus.node.saying.author import Author
from credimus.protocol.sync.interface import Blocks
from credimus.sim.faults.fault import Fault, Scene
from credimus.sim.faults.lies import Lie
from credimus.sim.host import Host
from credimus.state.member_operations import Exhibit, Expel, Expose
from credimus.state.operations import Admit, Operation


class Slander(Lie, frozen=True, tag="slander"):
    """Says that honest members are to go: with its one voice, and by evidence that there is not."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Slander one of them."""
        victim = _victim(scene)
        if scene.stream.happens(500_000):
            scene.fleet.order(liar.place, ExpelMember(member=victim.id, reason="slander"))
        else:
            _send(scene, liar, [Expel(victim.id, "slander", by_evidence=True)])


class FalseEvidence(Lie, frozen=True, tag="false-evidence"):
    """Shows blocks of honest members, whole or bent, as if they proved something."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Show everybody two blocks of one."""
        victim = _victim(scene)
        blocks = _blocks_of(liar, victim.id)
        if not blocks:
            return
        one, other = scene.stream.choose(blocks), scene.stream.choose(blocks)
        shown = [_testimony(one), _testimony(other)]
        if scene.stream.happens(500_000):  # the same place, in other words
            words = bytearray(one.header_bytes)
            words[-1] ^= 1
            shown[1] = Exhibit(bytes(words), one.signature)
        key = victim.signers[0].public
        _send(scene, liar, [Expose(key, shown[0], shown[1])])


class Overreach(Lie, frozen=True, tag="overreach"):
    """Admits keys of its own in a fleet whose founder admits."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Admit one more."""
        stranger = SeedSigner(scene.stream.octets(32))
        _send(scene, liar, [Admit(stranger.public, "a stranger", "")])


class Expulsion(Fault, frozen=True, tag="expulsion"):
    """An honest member has somebody expelled who was proven to equivocate, if anybody was."""

    def strike(self, scene: Scene) -> None:
        """Expel one."""
        able = [host for host in scene.fleet.up if not host.lies]
        if able:
            scene.fleet.order(scene.stream.choose(able).place, _expelling)


def _expelling(node: Node) -> AnyCommand | None:
    roster = node.state.roster.current
    there = [one for one in sorted(roster.law.exposed) if one in roster]
    return ExpelMember(member=NodeId(there[0]), reason="proven") if there else None


def _victim(scene: Scene) -> Host:
    return scene.stream.choose([host for host in scene.fleet.hosts if not host.lies])


def _blocks_of(liar: Host, victim: NodeId) -> list[Block]:
    ids: Sequence[BlockId] = [place.id for place in liar.running.lace.walk(0, victim)]
    return [read_block(open_wire(wire), wire) for wire in liar.disk.wires_of(ids[-16:])]


def _testimony(block: Block) -> Exhibit:
    return Exhibit(block.header_bytes, block.signature)


def _send(scene: Scene, liar: Host, operations: list[Operation]) -> None:
    """Tell everybody in a block at the next place of the liar's chain, beside its own next one."""
    node = liar.running
    author = Author(liar.signers[0], node.fleet, node.lace, node.state.beliefs)
    for operation in operations:
        author.say(operation)
    wall_ms = liar.now(scene.fleet.agenda.now_ns).wall_ms
    made = author.seal(lambda: node.clock.next(wall_ms))
    if made is None:
        return
    payload = encode(Blocks((made[0].wire,)))
    for place in scene.fleet.places:
        if place != liar.place:
            scene.fleet.network.send(liar.place, place, payload)
