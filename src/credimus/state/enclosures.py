"""Who was given the key of which enclosed belief: every box that somebody made for a reader.

A box is only a claim: whether it holds the key, its reader finds out. So none replaces another,
and the state depends on the set of operations alone.
"""

from collections.abc import Collection

from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BeliefId, NodeId, fingerprint
from credimus.lace.enclosing import Box
from credimus.lace.lace import Place
from credimus.state.events import BeliefChanged, StateEvent
from credimus.state.keeping_operations import Enclose

Given = tuple[NodeId, bytes, bytes]
"""Who gave it, the ephemeral key, the box."""


class Enclosures:
    """The fold of boxes."""

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

    def let_go(self, kept: Collection[bytes]) -> int:
        """Forget the boxes of all keys but some; returns how many went."""
        gone = [key for key in self._given if key[0] not in kept]
        count = sum(len(self._given.pop(key)) for key in gone)
        self._readers = {name: who for name, who in self._readers.items() if name in kept}
        return count

    def snapshot(self) -> bytes:
        """All of it, canonical."""
        return encode(
            tuple(
                (name, reader, tuple(sorted(given)))
                for (name, reader), given in sorted(self._given.items())
            )
        )

    def restore(self, raw: bytes) -> None:
        """Become what was written; for a fold that is new.

        Raises:
            PeerFault: `malformed`.
        """
        every = decode(raw, _image, "snapshot of the enclosures")
        if encode(every) != raw:
            raise PeerFault("malformed", "snapshot of the enclosures: not the canonical bytes")
        for name, reader, given in every:
            who = NodeId(reader)
            self._readers.setdefault(name, {})[who] = None
            self._given[name, who] = {
                (NodeId(giver), ephemeral, closed): None for giver, ephemeral, closed in given
            }

    def fingerprint(self) -> bytes:
        """Of all boxes."""
        every = sorted(
            (name, reader, sorted(given)) for (name, reader), given in self._given.items()
        )
        return fingerprint(b"credimus enclosures", encode(every))


_image = decoder(tuple[tuple[bytes, bytes, tuple[tuple[bytes, bytes, bytes], ...]], ...])
