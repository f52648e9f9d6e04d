"""What `GET /health` answers: whether a node does its work, and who lacks what."""

from typing import Literal

import msgspec

from credimus.api.shapes.answers import Failure
from credimus.api.shapes.partitions import LevelName


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How far behind another member is."""

    member: str
    name: str
    connected: bool
    blocks: int
    """Of this node's own, that it is not known to hold."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """GET /health."""

    status: Literal["ok", "degraded", "failing"]
    cluster_size: int
    """Members connected, this node included."""
    expected: int
    """Members in the roster."""
    in_sync: bool
    """Whether nothing waits for other blocks, and no connected member that shows this node what it
    holds (above twelve nodes, its neighbours) lacks a block of this node's for over 10 s."""
    lag: list[Lag]
    partition: LevelName
    """How much of the fleet is out of reach."""
    quorum: bool
    """Whether the connected members suffice to decide under this node's rules."""
    orphans: int
    """Blocks that wait for others that this node lacks."""
    left_alone: list[str]
    """Peers that are ignored, and evaluators that are not asked, for a while."""
    failure: Failure | None
