"""From who is in reach to a level that does not flap, and to what can be said of links."""

import msgspec

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, after
from credimus.protocol.partition.interface import Level, PartitionConfig, Sight


def level_of(reachable: int, members: int, config: PartitionConfig) -> Level:
    """The level at which so many of so many members are in reach.

    Source: the requirement's section 3.1.
    """
    share = reachable * MILLION
    if share < config.severe_below * members:
        return Level.SEVERE
    if share < config.partial_below * members:
        return Level.PARTIAL
    if share < config.minor_below * members:
        return Level.MINOR
    return Level.NONE


class Lasting:
    """What rows show of cuts, once it has lasted: old rows tell of links that are gone."""

    def __init__(self) -> None:
        self._one_way: dict[tuple[NodeId, NodeId], Instant] = {}
        self._cut: dict[NodeId, Instant] = {}

    def of(self, sight: Sight, at: Instant) -> Sight:
        """The same sight, with only what has been seen for long."""
        self._one_way = {pair: self._one_way.get(pair, at) for pair in sight.one_way}
        self._cut = {one: self._cut.get(one, at) for one in sight.cut}
        return msgspec.structs.replace(
            sight,
            one_way=tuple(pair for pair, since in self._one_way.items() if _is_old(since, at)),
            cut=tuple(one for one, since in self._cut.items() if _is_old(since, at)),
        )


class Steadiness:
    """The level as told: it follows what is seen once that has lasted."""

    def __init__(self, config: PartitionConfig) -> None:
        self._config = config
        self._since: Instant | None = None
        """Since when what is seen differs, always to the same side."""
        self._seen = Level.NONE
        self.level = Level.NONE

    def see(self, sight: Sight, at: Instant) -> bool:
        """Take a look; returns whether the level changed."""
        seen = level_of(len(sight.reachable), len(sight.members), self._config)
        if seen is self.level:
            self._since = None
        elif self._since is None or (seen > self.level) is not (self._seen > self.level):
            self._since = at
        self._seen = seen
        due = self.deadline()
        if due is None or due > at:
            return False
        self.level, self._since = seen, None
        return True

    def deadline(self) -> Instant | None:
        """When what is seen will have lasted."""
        if self._since is None:
            return None
        worse = self._seen > self.level
        return after(self._since, self._config.worse_ns if worse else self._config.better_ns)


def _is_old(since: Instant, at: Instant) -> bool:
    return at >= after(since, _LASTING_NS)


_LASTING_NS = 6 * SECOND
"""After so long a row shows no link that is gone. [guess: a peer counts as heard for 4 s, and its
row needs a second or two to come here]"""
