"""Chance is a named stream of a seed: the same seed and name give the same draws everywhere.

Deliberately not cryptographic: keys, nonces and secrets are made by the runtime, never here.
"""

from collections.abc import MutableSequence, Sequence
from hashlib import blake2b
from struct import Struct
from typing import TypeVar

Item = TypeVar("Item")
_WORDS = 8
_UNPACK = Struct(">8Q").unpack


class Stream:
    """An endless sequence of 64-bit words: keyed BLAKE2b of a counter.

    Equal on every machine and Python version, unlike the standard generators' derived draws.
    """

    __slots__ = ("_counter", "_key", "_words")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._counter = 0
        self._words: list[int] = []

    def word(self) -> int:
        """The next 64-bit word."""
        if not self._words:
            block = blake2b(self._counter.to_bytes(8, "big"), key=self._key).digest()
            self._counter += 1
            self._words = list(_UNPACK(block))
        return self._words.pop()

    def below(self, bound: int) -> int:
        """A whole number in [0, bound); the bias is below bound / 2**64."""
        return (self.word() * bound) >> 64

    def between(self, low: int, high: int) -> int:
        """A whole number in [low, high], both ends included."""
        return low + self.below(high - low + 1)

    def happens(self, millionths: int) -> bool:
        """True with a probability given in millionths."""
        return self.below(1_000_000) < millionths

    def choose(self, items: Sequence[Item]) -> Item:
        """One of a non-empty sequence, each alike."""
        return items[self.below(len(items))]

    def sample(self, items: Sequence[Item], count: int) -> list[Item]:
        """`count` distinct positions of a sequence (all of it when shorter), in random order."""
        pool = list(items)
        count = min(count, len(pool))
        for place in range(count):
            other = place + self.below(len(pool) - place)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]

    def shuffle(self, items: MutableSequence[Item]) -> None:
        """Permute in place (Fisher and Yates)."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]

    def octets(self, count: int) -> bytes:
        """`count` bytes."""
        words = (count + _WORDS - 1) // _WORDS
        return b"".join(self.word().to_bytes(8, "big") for _ in range(words))[:count]


class Entropy:
    """A seed from which every part of a node draws its own stream, by name."""

    __slots__ = ("_seed",)

    def __init__(self, seed: bytes) -> None:
        self._seed = blake2b(seed, digest_size=32, person=b"credimus").digest()

    def stream(self, name: str) -> Stream:
        """The stream of that name; asking twice gives the same draws from the start."""
        return Stream(blake2b(name.encode(), key=self._seed, digest_size=32).digest())

    def child(self, name: str) -> "Entropy":
        """A seed of its own for a part of a part."""
        return Entropy(blake2b(name.encode(), key=self._seed, digest_size=32).digest())
