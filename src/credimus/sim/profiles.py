"""Kinds of trouble, from none to all at once."""

import msgspec

from credimus.kernel.errors import UsageError
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.sim.network import CALM, Weather


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How a fleet is troubled; a period of 0 means never. Durations lie between two bounds."""

    name: str
    weather: Weather = CALM
    crash_period_ns: int = 0
    """Between two crashes of random nodes, each at a random lane of a step."""
    down_ns: tuple[int, int] = (50 * MILLISECOND, 3 * SECOND)
    """How long a crashed node stays down."""
    lying: bool = False
    """Whether one member answers both ways in every round."""
    stack_period_ns: int = 0
    """Between two attempts of one member to decide with electors of its choice."""
    cut_period_ns: int = 0
    """Between two partitions of the network."""
    cut_ns: tuple[int, int] = (300 * MILLISECOND, 4 * SECOND)
    """How long a partition lasts."""
    pause_period_ns: int = 0
    """Between two pauses in which a node does nothing."""
    pause_ns: tuple[int, int] = (100 * MILLISECOND, 2 * SECOND)
    """How long a pause lasts."""
    jump_period_ns: int = 0
    """Between two jumps of a wall clock, forth or back."""
    jump_ms_max: int = 2_000
    """How far a wall clock jumps, in ms."""


_LOSSY = Weather(
    delay_ns_max=20 * MILLISECOND, slow_ratio=30_000, loss_ratio=100_000, duplicate_ratio=50_000
)

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(name="calm"),
        Profile(name="lossy", weather=_LOSSY),
        Profile(name="partition", cut_period_ns=1_500 * MILLISECOND),
        Profile(name="liar", weather=_LOSSY, lying=True),
        Profile(name="stacked", weather=_LOSSY, stack_period_ns=150 * MILLISECOND),
        Profile(name="churn", crash_period_ns=600 * MILLISECOND),
        Profile(name="absent", crash_period_ns=2 * SECOND, down_ns=(6 * SECOND, 8 * SECOND)),
        Profile(
            name="storm",
            weather=_LOSSY,
            crash_period_ns=900 * MILLISECOND,
            cut_period_ns=2 * SECOND,
            pause_period_ns=1_500 * MILLISECOND,
            jump_period_ns=2 * SECOND,
        ),
    )
}


def profile_named(name: str) -> Profile:
    """The profile of that name.

    Raises:
        UsageError: `unknown-profile`.
    """
    found = PROFILES.get(name)
    if found is None:
        raise UsageError("unknown-profile", f"{name!r} is no profile; use {', '.join(PROFILES)}")
    return found
