"""A fleet from nothing but a list of names: every node computes the same keys and first blocks.

For tests only: whoever knows the names can sign as any member.
"""

from collections.abc import Sequence

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import FleetId, fingerprint, fleet_id
from credimus.kernel.instant import Instant, Now
from credimus.lace.block import Block
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AdmitMember
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.state.operations import Found

FOUNDED_MS = 1_700_000_000_000
"""What the clock showed at the founding, in ms since the epoch: one time for all, in the past."""
NONCE = b"maelstrom's test"


def signer_of(name: str) -> SeedSigner:
    """The key of a node, which anybody can compute from its name."""
    return SeedSigner(fingerprint(b"credimus maelstrom", name.encode()))


def found(names: Sequence[str]) -> tuple[FleetId, list[Block]]:
    """The fleet of these nodes, and its first blocks: the first node founds it, and admits all.

    Equal at every node, as names, keys, clock and signatures are.
    """
    founder = signer_of(names[0])
    fleet = fleet_id(founder.public, NONCE)
    node = Node(fleet, [founder], Config(), Entropy(b"founding"))
    moment = Now(Instant(0), FOUNDED_MS)
    node.found(Found("maelstrom", NONCE, founder.public, names[0], ""))
    blocks = node.collect(moment).persist
    for name in names[1:]:
        node.execute(AdmitMember(public_key=signer_of(name).public, name=name), moment)
    return fleet, blocks + node.collect(moment).persist
