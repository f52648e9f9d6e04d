"""sync.md: digests; delivery.md: messages between applications, and what a receiver answers;
vigilance.md: claims and accusations."""

from nacl import bindings

from stranger.identifiers import mp, unpack

TAKEN, DONE, OVERLOADED, STALE = 0, 1, 2, 4
UNDER_WAY_MAX = 128


def heads_sum(heads: list) -> bytes:
    """sync.md, digests."""
    return (sum(int.from_bytes(one[2][:16], "big") for one in heads) % 2**128).to_bytes(16, "big")


def envelope(seed: bytes, content: list) -> bytes:
    return _sealed(15, b"credimus message", seed, content)


def answer(seed: bytes, reply: list) -> bytes:
    return _sealed(16, b"credimus answer", seed, reply)


def claim(seed: bytes, said: list) -> bytes:
    return _sealed(23, b"credimus state claim", seed, said)


def accusation(seed: bytes, charge: list) -> bytes:
    return _sealed(24, b"credimus accusation", seed, charge)


def exclude_each_other(one: list, other: list) -> bool:
    if one[:2] != other[:2] or one == other:
        return False
    return abs(one[2] - other[2]) <= 1_000 or (
        (one[5], one[3]) == (other[5], other[3]) and one[6] != other[6]
    )


def enough(members: int) -> int:
    return max(2, members // 3 + 1)


def opened(wire: bytes, tag: int, domain: bytes, key: bytes) -> list:
    found, written, signature = unpack(wire)
    assert found == tag
    bindings.crypto_sign_open(signature + domain + b"\0" + written, key)
    return list(unpack(written))


def _sealed(tag: int, domain: bytes, seed: bytes, array: list) -> bytes:
    _, secret = bindings.crypto_sign_seed_keypair(seed)
    written = mp(array)
    return mp([tag, written, bindings.crypto_sign(domain + b"\0" + written, secret)[:64]])


class Receiver:
    """What is kept of one sender, in modes 1 and 2."""

    def __init__(self) -> None:
        self.floor = 0
        self.waiting: set[int] = set()
        self.finished: set[int] = set()

    def hear(self, number: int, lowest: int) -> int:
        self.floor = max(self.floor, lowest)
        self.finished = {one for one in self.finished if one >= self.floor}
        if number in self.finished:
            return DONE
        if number in self.waiting:
            return TAKEN
        if number < self.floor:
            return STALE
        if len(self.waiting) + len(self.finished) >= UNDER_WAY_MAX:
            return OVERLOADED
        self.waiting.add(number)
        return TAKEN

    def finish(self, number: int) -> None:
        self.waiting.discard(number)
        if number >= self.floor:
            self.finished.add(number)
