"""Rings through all nodes, each in an order of its own that everybody computes alike.

Whoever is linked with the next node of a ring, and all others too, stands in a circle: so one whole
ring keeps the fleet connected, and two make any two nodes a few hops apart (the union of random
circles is an expander).

Source: Law and Siu, "Distributed construction of random expander networks" (INFOCOM 2003), 2.
Departs: the circles are not drawn by joining nodes; the order is that of fingerprints.
"""

from collections.abc import Collection, Sequence
from hashlib import blake2b

from credimus.kernel.ids import NodeId

RING_COUNT = 2
"""Rings. [guess: a second one, so that no single failure matters before it is mended]"""


class Rings:
    """Our place in each ring, and who comes next."""

    def __init__(self, own: NodeId) -> None:
        self._own = own
        self._places: dict[tuple[int, NodeId], bytes] = {}
        self._last: tuple[Sequence[NodeId], list[NodeId]] | None = None
        """Who was there, as the same object, when all were open to us; and who came next."""

    def next(self, there: Sequence[NodeId], avoided: Collection[NodeId]) -> list[NodeId]:
        """The next node in each ring that is not avoided; of all, if all are. Empty when alone."""
        if self._last is not None and self._last[0] is there and not avoided:
            return self._last[1]
        chosen: list[NodeId] = []
        open_to_us = [one for one in there if one not in avoided] or list(there)
        for ring in range(RING_COUNT if open_to_us else 0):
            own = self._place(ring, self._own)
            ahead = [one for one in open_to_us if self._place(ring, one) > own]
            chosen.append(min(ahead or open_to_us, key=lambda one: self._place(ring, one)))
        needed = list(dict.fromkeys(chosen))
        self._last = None if avoided else (there, needed)
        return needed

    def forget(self, there: Sequence[NodeId]) -> None:
        """Forget the places of all others than these."""
        kept = {self._own, *there}
        self._places = {key: one for key, one in self._places.items() if key[1] in kept}

    def _place(self, ring: int, node: NodeId) -> bytes:
        place = self._places.get((ring, node))
        if place is None:
            place = blake2b(node, digest_size=8, key=b"ring %d" % ring).digest()
            self._places[ring, node] = place
        return place
