"""A peer, as the API shows it."""

import msgspec


class PeerItem(msgspec.Struct, frozen=True, kw_only=True):
    """Another member, as far as this node can reach it."""

    id: str
    name: str
    status: str
    """alive, suspect, dead, or unknown when nothing was ever heard of it."""
    incarnation: int
    rtt_us: int | None
    """Median round trip of its last answers, in us."""
    rtt_us_p90: int | None
    through_others: bool
    """Whether it answered the last probe through others only."""
