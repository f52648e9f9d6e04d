"""What a node shows of its frontier in a large fleet: a sum of all heads, and those that are new.

A frontier of 500 chains has 29 kB, and is the same at all neighbours nearly always. So they compare
sums, and show a whole frontier only where these differ and nothing is on its way that explains it.

Deliberately not here: gaps and pulls (machine.py).
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.instant import Instant, Now, after
from credimus.lace.frontier import Head
from credimus.lace.lace import Lace
from credimus.protocol.sync.interface import Digest, SyncConfig

FORMER_SUMS_MAX = 16
"""Sums of ours that are known again when a peer shows them. [guess: as many periods of change]"""


class _Difference(NamedTuple):
    """What a peer and we held when its digest differed from ours."""

    theirs: bytes
    ours: bytes
    in_a_row: int
    """Digests in a row that differed, each time otherwise, since our frontier was shown."""
    quiet_until: Instant
    """Before that the same difference is not answered again."""


class Digests:
    """What was shown last, and whose digests differ."""

    def __init__(self, config: SyncConfig, lace: Lace) -> None:
        self._config = config
        self._lace = lace
        self._shown_sum = b""
        self._former_sums: deque[bytes] = deque(maxlen=FORMER_SUMS_MAX)
        """Those that were shown before it."""
        self._is_settled = False
        """Whether the last two periods had the same sum."""
        self._turn = 0
        self._shown_to: tuple[NodeId, ...] = ()
        self._calm_count = 0
        """Periods in a row in which there was nothing else to show to anybody else."""
        self._shown: frozenset[BlockId] = frozenset()
        self._differing: BoundedMap[NodeId, _Difference] = BoundedMap(limits.DIGEST_PEERS_MAX)
        self._theirs: BoundedMap[NodeId, bytes] = BoundedMap(limits.DIGEST_PEERS_MAX)
        """The sum that each peer showed last."""

    def next(self, listeners: Sequence[NodeId]) -> tuple[Digest, Sequence[NodeId]] | None:
        """The digest of this period, with the heads that are new since the last one, and whom to
        show it: not those who have just shown the same, and some of those who showed what we did
        before. None when it was shown to the same peers twice and not all of the calm periods are
        over; then all are shown it."""
        held, to = self._lace.heads_sum, tuple(listeners)
        if (held, to) == (self._shown_sum, self._shown_to):
            self._calm_count += 1
            if self._calm_count > 1 and self._calm_count % self._config.calm_periods:
                return None
        else:
            self._calm_count, self._shown_to = 0, to
        self._is_settled = held == self._shown_sum
        if not self._is_settled:
            self._former_sums.append(self._shown_sum)
        if self._calm_count < self._config.calm_periods:
            to = self._some_of(to, held)
        fresh: tuple[Head, ...] = ()
        if not self._is_settled:
            heads = self._lace.frontier().heads
            if self._shown_sum:
                news = [head for head in heads if head.block not in self._shown]
                fresh = tuple(news[: limits.DIGEST_HEADS_MAX])
            self._shown_sum, self._shown = held, frozenset(head.block for head in heads)
        return Digest(held, fresh), to

    def _some_of(self, listeners: Sequence[NodeId], held: bytes) -> tuple[NodeId, ...]:
        """Whom to show news: whoever may lack more, and the next in turn of those who had all that
        we had at some time."""
        others = [one for one in listeners if self._theirs.get(one) != held]
        like = [one for one in others if self._theirs.get(one) in self._former_sums]
        first = self._turn % len(like) if like else 0
        self._turn += self._config.told_at_once
        later = [*like[first:], *like[:first]][self._config.told_at_once :]
        return tuple(one for one in others if one not in later)

    def asking(self) -> Digest:
        """A digest that wants a frontier if that of its receiver differs."""
        return Digest(self._lace.heads_sum, asked=True)

    def note(self, peer: NodeId, digest: Digest) -> None:
        """A peer has shown its digest."""
        self._theirs.put(peer, digest.sum)

    def is_alike(self, peer: NodeId) -> bool:
        """Whether a peer has shown the very sum that ours is now."""
        return self._theirs.get(peer) == self._lace.heads_sum

    def is_to_be_shown(self, peer: NodeId, digest: Digest, now: Now) -> bool:
        """Whether a peer is to be shown our whole frontier because its digest is another.

        At once when neither of us has changed for a period: so nothing on its way explains it, for
        a digest is taken up to half a second after it was sent. While one of us changes, every
        third time. Once for each difference, and again after a while, for the answer may be lost.
        """
        ours = self._lace.heads_sum
        if digest.sum == ours:
            self._differing.take(peer)
            return False
        if digest.asked:
            return True
        known = self._differing.get(peer)
        if known is not None and (known.theirs, known.ours) == (digest.sum, ours):
            is_shown = known.quiet_until <= now.instant
        else:
            known = _Difference(digest.sum, ours, known.in_a_row + 1 if known else 1, Instant(0))
            is_calm = not digest.fresh and self._is_settled and ours == self._shown_sum
            is_shown = is_calm or known.in_a_row >= self._config.differences_max
        if is_shown:
            quiet_until = after(now.instant, self._config.again_ns)
            known = known._replace(in_a_row=0, quiet_until=quiet_until)
        self._differing.put(peer, known)
        return is_shown
