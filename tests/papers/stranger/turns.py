"""The order in which members probe each other, after docs/protocol/membership.md."""

from hashlib import blake2b


def distances(others: int, cycle: int) -> list[int]:
    """d of that page, for a ring of one more than `others`."""
    seed = blake2b(b"turns", digest_size=32, person=b"credimus").digest()
    key = blake2b(b"%d" % cycle, key=seed, digest_size=32).digest()
    words: list[int] = []
    block = 0
    order = list(range(1, others + 1))
    for last in range(others - 1, 0, -1):
        if not words:
            raw = blake2b(block.to_bytes(8, "big"), key=key).digest()
            words = [int.from_bytes(raw[at : at + 8], "big") for at in range(0, 64, 8)]
            block += 1
        other = (words.pop() * (last + 1)) >> 64
        order[last], order[other] = order[other], order[last]
    return order
