"""How urgent a block is, and what that changes: how many get it at once, who, how soon the rest."""

from enum import Enum, IntEnum

import msgspec

from credimus.kernel.instant import MILLISECOND


class Urgency(IntEnum):
    """Of a block: the highest of its operations'. It is nobody's signed word, only advice."""

    LOW = 0
    NORMAL = 1
    CRITICAL = 2

    @property
    def word(self) -> str:
        """For people."""
        return self.name.lower()


class Selection(Enum):
    """Which neighbours come first."""

    NEAREST = "nearest"
    """By measured round-trip time; those that were not measured last."""
    RANDOM = "random"
    PROBABILISTIC = "probabilistic"
    """In random order, each with the chance `push_ppm`."""


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """How blocks of one urgency travel on the overlay."""

    fanout: int
    """Neighbours that a node pushes to when it meets an author's blocks for the first time; prunes
    and grafts then make a tree of it. Range 1 and up."""
    rounds: int
    """Hops from the author within which that is so, and within which extra copies are sent. Range 0
    and up."""
    selection: Selection
    """Which neighbours those are, and which get extra copies."""
    redundancy_percent: int
    """Copies that a node is to receive on average, in percent; the tree brings the first hundred.
    Range 100 and up."""
    announce_ns: int
    """How long announcements wait for more; meanwhile many become needless."""
    patience_ns: int
    """From an announcement to asking for the block."""
    wait_ns: int
    """How long our own blocks wait for company before they leave."""

    def __post_init__(self) -> None:
        if self.fanout < 1 or self.rounds < 0 or self.redundancy_percent < 100:
            raise ValueError("fanout from 1, rounds from 0, redundancy_percent from 100")
        if min(self.announce_ns, self.patience_ns, self.wait_ns) < 0:
            raise ValueError("announce_ns, patience_ns, wait_ns: from 0")


def seed_strategies() -> dict[Urgency, Strategy]:
    """The three of the seed: fanout, rounds, selection and redundancy are its own; the times are
    guesses."""
    return {
        Urgency.CRITICAL: Strategy(
            fanout=5, rounds=3, selection=Selection.NEAREST, redundancy_percent=200,
            announce_ns=0, patience_ns=20 * MILLISECOND, wait_ns=0,
        ),
        Urgency.NORMAL: Strategy(
            fanout=3, rounds=5, selection=Selection.RANDOM, redundancy_percent=150,
            announce_ns=10 * MILLISECOND, patience_ns=10 * MILLISECOND, wait_ns=0,
        ),
        Urgency.LOW: Strategy(
            fanout=2, rounds=10, selection=Selection.PROBABILISTIC, redundancy_percent=120,
            announce_ns=100 * MILLISECOND, patience_ns=200 * MILLISECOND,
            wait_ns=200 * MILLISECOND,
        ),
    }  # fmt: skip
