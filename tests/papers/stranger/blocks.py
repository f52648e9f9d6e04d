"""blocks.md and operations.md: what a block is, and how it is read."""

from hashlib import sha256

import msgspec
from nacl import bindings

from stranger.identifiers import mp, unpack

MILLION = 1_000_000


def merkle_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + merkle_root(leaves[:split]) + merkle_root(leaves[split:])).digest()


def sealed(seed: bytes, fleet: bytes, place: tuple, operations: list) -> bytes:
    """The wire form of a block signed with the key of this seed.

    Args:
        place: (author, sequence, stamp, previous, parents).
    """
    author, sequence, stamp, previous, parents = place
    predecessors = mp([*([previous] if sequence > 1 else []), *sorted(parents)])
    root = merkle_root([predecessors, *map(mp, operations)])
    header = mp([2, fleet, author, sequence, stamp, root, len(operations)])
    _, secret = bindings.crypto_sign_seed_keypair(seed)
    signature = bindings.crypto_sign(header, secret)[:64]
    return mp([header, signature, predecessors, mp(operations)])


_POWERS = [True, True, True, True, []]
_DEFAULTS: dict[int, list] = {
    1: [None] * 6 + [0],
    4: [None, None, None, None, None, [], 0],
    7: [None, None, [], 500_000, 0],
    8: [None] * 6 + [b""],
    16: [None, 1, 1, 0],
    20: [None, None, None, False],
    24: [None, None, None, None],
    11: [None, None, b"", b"", b"", []],
    13: [None] * 4 + [4],
    23: [None] * 4 + [4],
}


def padded(given: list, whole: list) -> list:
    """A list with the trailing fields that a writer may leave out."""
    return [*given, *whole[len(given) :]]


def operation_of(raw: list) -> list:
    one = padded(raw, _DEFAULTS.get(raw[0], []))
    if one[0] == 8:
        one[3] = padded(one[3], [3, 0, 1, 1, 510_000])
    elif one[0] == 7:
        one[2] = [padded(skill, [None, None, 1]) for skill in one[2]]
    elif one[0] == 9:
        one[1] = [padded(vote, [None, None, MILLION, ""]) for vote in one[1]]
    elif one[0] == 17:
        one[4] = padded(one[4], _POWERS)
    elif one[0] == 24 and one[3] is not None:
        one[3] = padded(one[3], _POWERS)
    elif one[0] == 19:
        one[2:4] = [padded(shown, [None, None, 0, b"", b""]) for shown in one[2:4]]
    elif one[0] == 12:
        one[1] = [padded(conclusion, [None] * 5 + [0, []]) for conclusion in one[1]]
    return one


class Block:
    """A block as read from the wire; its place is not judged yet."""

    def __init__(self, wire: bytes) -> None:
        self.header_bytes, self.signature, first, body = unpack(wire)
        self.id = sha256(self.header_bytes).digest()
        (self.version, self.fleet, self.author, self.sequence, self.stamp, root,
         count) = unpack(self.header_bytes)  # fmt: skip
        named = unpack(first)
        self.previous, self.parents = (named[0], named[1:]) if self.sequence > 1 else (b"", named)
        self.leaves = leaves = [bytes(one) for one in unpack(body, type=list[msgspec.Raw])]
        self.first = first
        assert merkle_root([first, *leaves]) == root
        assert len(leaves) == count
        self.operations = [operation_of(one) for one in unpack(body)]

    @property
    def predecessors(self) -> list[bytes]:
        return [*([self.previous] if self.previous else []), *self.parents]
