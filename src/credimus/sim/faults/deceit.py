"""What liars do about each other's and the honest members' good name: false claims of their state,
accusations, and messages in the names of others.

Deliberately not here: lies about blocks (lies.py) and about members in blocks (slander.py).
"""

from typing import Annotated

from msgspec import Meta

from credimus.kernel.codec import encode
from credimus.kernel.ids import NodeId
from credimus.node.node import Node
from credimus.protocol.sync.interface import Blocks
from credimus.protocol.vigilance.docket import ACCUSED
from credimus.protocol.vigilance.interface import Charge, Claim, StateClaim
from credimus.protocol.vigilance.judging import VERSION
from credimus.protocol.vigilance.sealing import frontier_digest, seal_charge, seal_claim
from credimus.sim.faults.fault import Fault, Scene
from credimus.sim.faults.lies import Lie
from credimus.sim.host import Host


class FalseState(Lie, frozen=True, tag="false-state"):
    """From now on a liar's node claims states that its blocks do not come to."""

    def act(self, scene: Scene, liar: Host) -> None:  # noqa: ARG002
        """Bend what it computes."""
        liar.running.vigilance.fingerprint_of = false_fingerprint


class TwoStates(Lie, frozen=True, tag="two-states"):
    """Signs two states of the same blocks, and shows one to each half of the fleet."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Claim both."""
        others = [place for place in scene.fleet.places if place != liar.place]
        scene.stream.shuffle(others)
        half = len(others) // 2
        for told in (others[:half], others[half:]):
            payload = encode(_claim(scene, liar, scene.stream.octets(32)))
            for place in told:
                scene.fleet.network.send(liar.place, place, payload)


class Accuse(Lie, frozen=True, tag="accuse"):
    """All liars accuse the same honest member of the same wrong; sometimes in others' names too."""

    def act(self, scene: Scene, liar: Host) -> None:  # noqa: ARG002
        """Accuse it once."""
        fleet, stream = scene.fleet, scene.stream
        honest = [host for host in fleet.hosts if not host.lies]
        accused, kind = stream.choose(honest).id, stream.choose(sorted(ACCUSED))
        accusers: list[tuple[Host, NodeId]] = [(one, one.id) for one in scene.liars]
        if stream.happens(300_000):  # a signature that is not the accuser's
            accusers.append((scene.liars[0], stream.choose(honest).id))
        for liar_, name in accusers:
            wall_ms = liar_.now(fleet.agenda.now_ns).wall_ms
            charge = Charge(fleet.id, name, wall_ms, accused, kind, "it lies")
            payload = encode(seal_charge(liar_.signers[0], charge))
            for place in fleet.places:
                if place != liar_.place:
                    fleet.network.send(liar_.place, place, payload)


class Impersonate(Fault, frozen=True, tag="impersonate"):
    """Somebody on the links sends nonsense, and blocks of no fleet, in an honest member's name."""

    count: Annotated[int, Meta(ge=1, le=100_000)] = 20
    """Messages to each node. Range 1 to 100,000."""

    def strike(self, scene: Scene) -> None:
        """Blacken one name at all others."""
        stream = scene.stream
        victim = stream.choose([host for host in scene.fleet.hosts if not host.lies])
        for place in scene.fleet.places:
            for _ in range(self.count if place != victim.place else 0):
                payload = stream.octets(stream.between(1, 60))
                if stream.happens(500_000):
                    payload = encode(Blocks((payload,)))
                scene.fleet.network.send(victim.place, place, payload)


def false_fingerprint() -> bytes:
    """What no blocks come to."""
    return b"\xff" * 32


def claims_falsely(node: Node) -> bool:
    """Whether a node was made to claim false states."""
    return node.vigilance.fingerprint_of is false_fingerprint


def _claim(scene: Scene, liar: Host, fingerprint: bytes) -> Claim:
    """A claim of the blocks that the liar's node holds."""
    lace, state = liar.running.lace, liar.running.state
    wall_ms = liar.now(scene.fleet.agenda.now_ns).wall_ms
    digest = frontier_digest(lace.frontier(), state.checkpoints.fingerprint())
    said = StateClaim(scene.fleet.id, liar.id, wall_ms, VERSION, len(lace), digest, fingerprint)
    return seal_claim(liar.signers[0], said)
