"""The wires that peers asked for last, bounded by bytes."""

from collections import OrderedDict


class WireCache:
    """The wires used last, up to a number of bytes."""

    __slots__ = ("_bytes", "_bytes_max", "_wires")

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._wires: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, id_: bytes) -> bytes | None:
        """The wire, which becomes the youngest, or None."""
        wire = self._wires.get(id_)
        if wire is not None:
            self._wires.move_to_end(id_)
        return wire

    def drop(self, id_: bytes) -> None:
        """Keep it no more."""
        self._bytes -= len(self._wires.pop(id_, b""))

    def put(self, id_: bytes, wire: bytes) -> None:
        """Keep the wire as the youngest; the oldest go when there is no room."""
        if id_ in self._wires or len(wire) > self._bytes_max:
            return
        self._wires[id_] = wire
        self._bytes += len(wire)
        while self._bytes > self._bytes_max:
            self._bytes -= len(self._wires.popitem(last=False)[1])
