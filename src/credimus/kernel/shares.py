"""Fair room for many senders: once a queue is long, each has a share of what is left of it.

A queue that is short costs nothing here; nobody is counted.
"""

from credimus.kernel.limits import INBOX_FREE, INBOX_SHARE_MAX


class Shares:
    """Counts what each sender has waiting in one queue beyond its free part."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[bytes, int] = {}

    def admits(self, sender: bytes, waiting_count: int) -> bool:
        """Whether one more of this sender may wait, behind so many of all; then it is counted."""
        if waiting_count < INBOX_FREE:
            return True
        count = self._counts.get(sender, 0)
        if count >= INBOX_SHARE_MAX:
            return False
        self._counts[sender] = count + 1
        return True

    def clear(self) -> None:
        """The queue was emptied."""
        if self._counts:
            self._counts = {}
