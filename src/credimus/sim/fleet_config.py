"""The make of a simulated fleet."""

import msgspec

from credimus.kernel.instant import MICROSECOND, MILLISECOND
from credimus.node.config import Config
from credimus.state.member_operations import Charter, Limit
from credimus.state.operations import Strategy


class FleetConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The make of a simulated fleet."""

    nodes: int = 5
    """Computers that found the fleet together, 1 and up."""
    joiners: int = 0
    """Computers that stand by; `admit` brings them in."""
    members_per_node: int = 1
    """Members that one node hosts, itself included."""
    node: Config = Config()
    """The settings of every node."""
    strategies: tuple[Strategy, ...] = ()
    """How the node at each place reconciles, in turn; as `node` says when empty."""
    left_out_max: int = 0
    """The members, in millionths, that an electorate may leave out: a policy for ever."""
    charter: Charter | None = None
    """How the fleet admits, if not by any member: a policy for ever."""
    units_per_s_max: int = 0
    """What each member may write, in units per second; 0 for no limit: a policy for ever."""
    limit: Limit | None = None
    """What each member may state by category, if not as it likes: a policy for ever."""

    @property
    def articles(self) -> list[Charter | Limit]:
        """What stands behind the founding, in order."""
        return [one for one in (self.charter, self.limit) if one is not None]

    waited_ppm: int = 0
    """The lives of nodes, in millionths, in which callers wait for verdicts all along: such a node
    steps in halves, as the driver does."""
    take_ns: int = 0
    """How long a node works for each 256 bytes of a message that it looks at, in ns."""
    write_ns_min: int = 300 * MICROSECOND
    """The quickest durable write. [measured: SQLite FULL, 3,000 transactions per second]"""
    write_ns_max: int = 2 * MILLISECOND
    """The slowest durable write. [guess]"""
    skew_ms_max: int = 250
    """How far a wall clock may be ahead or behind, in ms. [guess]"""
