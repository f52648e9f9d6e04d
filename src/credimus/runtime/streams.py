"""How many callers follow the events of one node as a stream, and how many were too slow."""

from credimus.kernel import limits
from credimus.kernel.errors import Unavailable


class Streams:
    """The streams of one node, counted."""

    def __init__(self) -> None:
        self.count = 0
        """Under way now."""
        self.cut_count = 0
        """Ended because their readers took nothing."""

    def enter(self) -> None:
        """Begin one; `leave` when it has ended.

        Raises:
            Unavailable: `too-many-streams`.
        """
        if self.count >= limits.STREAMS_MAX:
            raise Unavailable(
                "too-many-streams",
                f"{limits.STREAMS_MAX} callers follow the events already; end one, or try again "
                "later.",
            )
        self.count += 1

    def leave(self) -> None:
        """One has ended."""
        self.count -= 1

    def cut(self) -> None:
        """One was ended because its reader was too slow."""
        self.cut_count += 1
