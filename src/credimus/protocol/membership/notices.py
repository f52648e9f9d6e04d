"""When a node tells all at once what it has to say of members, and does not wait for probes."""

from credimus.kernel.instant import Instant, Now, after
from credimus.protocol.membership.interface import MembershipConfig


class Notices:
    """The pauses between one node's notices. What comes amid one waits for its end: in a split much
    does at a time, and with probes alone it would be late where few are left to probe."""

    def __init__(self, config: MembershipConfig) -> None:
        self._config = config
        self._next = Instant(0)
        self._has_news = False

    def deadline(self) -> Instant | None:
        """When the next is to leave, if something waits."""
        return self._next if self._has_news else None

    def leaves(self, member_count: int, now: Now) -> bool:
        """Whether there is something to tell and it leaves now, not after the pause."""
        self._has_news = now.instant < self._next
        if self._has_news:
            return False
        crowds = max(1, member_count // self._config.crowd_count)
        self._next = after(now.instant, crowds * self._config.notice_gap_ns)
        return True
