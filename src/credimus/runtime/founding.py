"""The first blocks of a fleet, made before any node runs."""

import time

from nacl.utils import random

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import FleetId, fleet_id
from credimus.kernel.instant import Instant, Now
from credimus.lace.block import Block
from credimus.lace.seal import Signer
from credimus.node.commands import AdmitMember
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.runtime.store.interface import StoredBlock
from credimus.state.operations import Found


def found_fleet(
    founder: Signer,
    fleet_name: str,
    name: str,
    address: str,
    members: tuple[AdmitMember, ...] = (),
    left_out_max: int = 0,
    units_per_s_max: int = 0,
) -> tuple[FleetId, list[Block]]:
    """A new fleet: its id and the founder's blocks, the genesis first.

    Args:
        name, address: the founder's own.
        members: who is admitted at once.
        left_out_max: the members, in millionths, that an electorate may leave out; for ever.
        units_per_s_max: what each member may write, in units per second; 0 for no limit; for ever.
    """
    nonce = random(16)
    fleet = fleet_id(founder.public, nonce, left_out_max, units_per_s_max)
    node = Node(fleet, [founder], Config(), Entropy(b"founding"))
    moment = Now(Instant(0), time.time_ns() // 1_000_000)
    node.found(
        Found(fleet_name, nonce, founder.public, name, address, left_out_max, units_per_s_max)
    )
    blocks = node.collect(moment).persist
    for member in members:
        node.execute(member, moment)
    return fleet, blocks + node.collect(moment).persist


def stored(block: Block) -> StoredBlock:
    """A block as the store keeps it."""
    header = block.header
    return StoredBlock(block.id, header.author, header.sequence, header.stamp, block.wire)
