"""How eager the nodes are: two settings of one driver, each for one of Maelstrom's challenges."""

from enum import Enum

from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.maelstrom.messages import NODES_MAX
from credimus.node.config import Config
from credimus.protocol.dissemination.interface import DisseminationConfig
from credimus.protocol.membership.interface import MembershipConfig
from credimus.protocol.partition.interface import PartitionConfig, Policy
from credimus.protocol.sync.interface import SyncConfig
from credimus.protocol.vigilance.interface import VigilanceConfig


class Mode(Enum):
    """Milliseconds between two messages on one link, at least."""

    FAST = 100
    """[measured: docs/maelstrom.md; a value waits at most twice for so long, and for two links]"""
    EFFICIENT = 300
    """[measured: likewise; with more than 300 a block often comes before those that it builds on,
    and waits for them]"""

    @property
    def period_ns(self) -> int:
        """The same in ns."""
        return self.value * MILLISECOND


CONFIG = Config(
    dissemination=DisseminationConfig(direct_count_max=NODES_MAX),  # the grid carries blocks
    sync=SyncConfig(
        beacon_period_ns=2 * SECOND,  # [guess: a healed split is noticed within two]
        patience_ns=1_500 * MILLISECOND,  # [guess: above two hops of 100 ms and two slow periods]
        retry_ns=2 * SECOND,
    ),
    membership=MembershipConfig(  # nobody joins or dies in these tests, so it is nearly quiet
        period_ns=10 * SECOND,
        direct_ns=4 * SECOND,
        indirect_ns=4 * SECOND,
        patience_ns_max=8 * SECOND,
        hello_count=0,
        call_period_ns=10 * SECOND,
        row_period_ns=60 * SECOND,
        notice_gap_ns=10 * SECOND,
    ),
    partition=PartitionConfig(policy=Policy.OPEN),  # a cut must not stop what only has to arrive
    vigilance=VigilanceConfig(claim_period_ns=600 * SECOND),  # nobody lies in these tests
)
"""The settings of every node's core: repair costs few messages, as Maelstrom counts them all."""
