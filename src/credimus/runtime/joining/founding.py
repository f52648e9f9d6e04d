"""The first blocks of a fleet, made before any node runs."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from nacl.utils import random

from credimus.kernel.codec import encode
from credimus.kernel.effects import Record
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import FleetId, fleet_id
from credimus.kernel.instant import Instant, Now
from credimus.lace.block import Block
from credimus.lace.seal import Signer
from credimus.node.commands import AdmitMember
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.runtime.store.interface import Fact, StoredBlock
from credimus.state.member_operations import Charter, Limit
from credimus.state.operations import Found


class Policy(NamedTuple):
    """What a fleet is founded with; its id names it, so nobody changes it later."""

    left_out_max: int = 0
    """The members, in millionths, that an electorate may leave out."""
    units_per_s_max: int = 0
    """What each member may write, in units per second; 0 for no limit."""
    charter: Charter | None = None
    """How it admits; by any member when None."""
    limit: Limit | None = None
    """What each member may state by category; as it likes when None."""

    @property
    def articles(self) -> list[Charter | Limit]:
        """What stands behind the founding, in order."""
        return [one for one in (self.charter, self.limit) if one is not None]


ANY_MEMBER = Policy()
"""Every electorate is the whole roster, and any member admits."""


def found_fleet(
    founder: Signer,
    fleet_name: str,
    name: str,
    address: str,
    members: tuple[AdmitMember, ...] = (),
    policy: Policy = ANY_MEMBER,
) -> tuple[FleetId, list[Block]]:
    """A new fleet: its id and the founder's blocks, the genesis first.

    Args:
        name, address: the founder's own.
        members: who is admitted at once.
        policy: what is so for ever.
    """
    nonce = random(16)
    numbers = policy.left_out_max, policy.units_per_s_max
    fleet = fleet_id(founder.public, nonce, *numbers, tuple(map(encode, policy.articles)))
    node = Node(fleet, [founder], Config(), Entropy(b"founding"))
    moment = Now(Instant(0), time.time_ns() // 1_000_000)
    node.found(Found(fleet_name, nonce, founder.public, name, address, *numbers))
    for article in policy.articles:
        node.authors[0].say(article)
    blocks = node.collect(moment).persist
    for member in members:
        node.execute(member, moment)
    return fleet, blocks + node.collect(moment).persist


def stored(block: Block) -> StoredBlock:
    """A block as the store keeps it."""
    header = block.header
    return StoredBlock(block.id, header.author, header.sequence, header.stamp, block.wire)


def facts_of(records: Sequence[Record]) -> list[Fact]:
    """Records as the store keeps them, of each key the last."""
    last = {record.key: record.value for record in records}
    return [Fact(key, value) for key, value in last.items()]
