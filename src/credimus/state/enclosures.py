"""Who was given the key of which enclosed belief: every box that somebody made for a reader.

A box is only a claim: whether it holds the key, its reader finds out. So none replaces another,
and the state depends on the set of operations alone.
"""

from credimus.kernel.codec import encode
from credimus.kernel.ids import BeliefId, NodeId, fingerprint
from credimus.lace.enclosing import Box
from credimus.lace.lace import Place
from credimus.state.events import BeliefChanged, StateEvent
from credimus.state.operations import Enclose

Given = tuple[NodeId, bytes, bytes]
"""Who gave it, the ephemeral key, the box."""


class Enclosures:
    """The fold of boxes."""

    __slots__ = ("_given", "_readers")

    def __init__(self) -> None:
        self._given: dict[tuple[bytes, NodeId], dict[Given, None]] = {}
        self._readers: dict[bytes, dict[NodeId, None]] = {}

    def add(self, said: Enclose, place: Place) -> list[StateEvent]:
        """Fold the boxes of one operation."""
        readers = self._readers.setdefault(said.key_name, {})
        for box in said.boxes:
            reader = NodeId(box.reader)
            readers[reader] = None
            given = self._given.setdefault((said.key_name, reader), {})
            given[place.author, said.ephemeral, box.closed] = None
        return [BeliefChanged(BeliefId(said.belief))]

    def boxes(self, key_name: bytes, reader: NodeId) -> list[tuple[NodeId, bytes, Box]]:
        """Who gave a reader a box for that key, with the ephemeral key and the box; sorted."""
        given = sorted(self._given.get((key_name, reader), ()))
        return [(giver, ephemeral, Box(reader, closed)) for giver, ephemeral, closed in given]

    def readers(self, key_name: bytes) -> list[NodeId]:
        """Everybody who was given a box for that key, sorted."""
        return sorted(self._readers.get(key_name, ()))

    def fingerprint(self) -> bytes:
        """Of all boxes."""
        every = sorted(
            (name, reader, sorted(given)) for (name, reader), given in self._given.items()
        )
        return fingerprint(b"credimus enclosures", encode(every))
