"""Calls to members that are not there: one is pinged each second, and who starts says that it is
here. Nothing follows from silence.
"""

from collections.abc import Sequence
from typing import Any

from credimus.kernel.effects import Send
from credimus.kernel.entropy import Stream
from credimus.kernel.instant import Instant, Now, after
from credimus.protocol.membership.interface import MembershipConfig
from credimus.protocol.membership.standing import Peer, Standing
from credimus.protocol.membership.telling import Telling


class Calls:
    """Those of one node."""

    def __init__(
        self, config: MembershipConfig, standing: Standing, telling: Telling, stream: Stream
    ) -> None:
        self._config = config
        self._standing = standing
        self._telling = telling
        self._stream = stream
        self._count = 0
        self.due: Instant | None = None
        """The next call; None while everybody is there."""

    def begin(self, now: Now) -> None:
        """Somebody has gone: call it from the next period on."""
        if self.due is None:
            self.due = after(now.instant, self._config.call_period_ns)

    def call(self, now: Now, sends: list[Send[Any]]) -> Peer | None:
        """Whom to ping now, in turn; greets after a start. None, and no further call, when nobody
        is missing."""
        absent = [peer for peer in self._standing if not peer.is_there]
        if not absent:
            self.due = None
            return None
        if self._count < self._config.hello_count:
            sends += self._greetings(absent)
        self._count += 1
        self.due = after(now.instant, self._config.call_period_ns)
        return absent[self._count % len(absent)]

    def _greetings(self, absent: Sequence[Peer]) -> list[Send[Any]]:
        """That we are here: to all, and in a crowd from the second time on to some who are not
        there, for the others have heard it or hear it from others."""
        notice = self._telling.notice()
        if not self._count or len(self._standing) <= self._config.crowd_count:
            return [Send(None, notice)]
        to = self._stream.sample(absent, self._config.hello_sample_count)
        return [Send(peer.id, notice) for peer in to]
