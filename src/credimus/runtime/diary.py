"""The diary of splits, kept in the node's store: what began is written down at once, and again when
it has healed, so that a crash in between leaves an entry that says so.

Deliberately not here: what an entry says (protocol/partition).
"""

import logging
from collections.abc import Callable, Sequence

import msgspec

from credimus.kernel import limits
from credimus.kernel.errors import StorageError
from credimus.node.events import NodeEvent
from credimus.protocol.partition.interface import (
    Episode,
    Level,
    PartitionChanged,
    PartitionHealed,
)
from credimus.runtime.store.interface import Store

FAMILY = "partition"
_log = logging.getLogger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Episode).decode


class PartitionDiary:
    """The splits that are over, oldest first.

    Args:
        current: the split that is going on, if there is one.
    """

    def __init__(self, store: Store, current: Callable[[], Episode | None]) -> None:
        self._store = store
        self._current = current
        self.entries: list[Episode] = []
        for key, value in store.facts(FAMILY):
            try:
                entry = _decode(value)
            except msgspec.DecodeError as problem:
                _log.warning("%s: an entry of the diary can not be read: %s", key, problem)
                continue
            if entry.healed_ms is None:
                entry = msgspec.structs.replace(entry, cut_short=True)
            self.entries.append(entry)

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Write down that a split began, and all of it when it has healed."""
        for event in events:
            if isinstance(event, PartitionHealed):
                self._keep(event.episode)
                self.entries.append(event.episode)
                del self.entries[: -limits.EPISODES_MAX]
            elif isinstance(event, PartitionChanged) and event.level is not Level.NONE:
                begun = self._current()
                if begun is not None:
                    self._keep(begun)

    def _keep(self, entry: Episode) -> None:
        try:
            key = f"{FAMILY}/{entry.began_ms}"
            self._store.remember(key, _encode(entry), limits.EPISODES_MAX)
        except StorageError as problem:
            _log.error("the diary of splits: %s", problem.message)
