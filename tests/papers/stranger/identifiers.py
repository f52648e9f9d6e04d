"""identifiers.md: fingerprints and the names made from them."""

from hashlib import sha256

import msgspec

mp = msgspec.msgpack.encode
unpack = msgspec.msgpack.decode


def fingerprint(domain: bytes, *parts: bytes) -> bytes:
    return sha256(domain + b"".join(len(p).to_bytes(4, "big") + p for p in parts)).digest()


def node_id(key: bytes) -> bytes:
    return fingerprint(b"credimus node", key)[:16]


def fleet_id(
    key: bytes, nonce: bytes, left_out_max: int, units_per_s_max: int, articles: list | None = None
) -> bytes:
    policy = left_out_max.to_bytes(4, "big") + units_per_s_max.to_bytes(4, "big")
    return fingerprint(b"credimus fleet", key, nonce, policy, *map(mp, articles or []))[:16]


def articles_of(said: list[list]) -> list[list]:
    """The operations right behind a `Found` that its fleet's id names."""
    found = said[:1] if said and said[0][0] == 16 else []
    after = said[len(found) :]
    return found + (after[:1] if after and after[0][0] == 25 else [])


def normalised(content: str) -> bytes:
    raw = bytes(c + 32 if 65 <= c <= 90 else c for c in content.encode())
    for blank in b"\t\n\x0b\x0c\r":
        raw = raw.replace(bytes([blank]), b" ")
    words = b" ".join(word for word in raw.split(b" ") if word)
    while words[-1:] in (b".", b" "):
        words = words[:-1]
    return words


def belief_id(content: str, category: str) -> bytes:
    return fingerprint(b"credimus belief", category.encode(), normalised(content))[:16]


def electorate_id(electors: list, further: list | None = None) -> bytes:
    """`further` is what follows the electors in their publication."""
    if further in (None, [[], 500_000, 0]):
        return fingerprint(b"credimus electorate", mp(electors))[:16]
    return fingerprint(b"credimus skilled electorate", mp([electors, *further]))[:16]


def round_id(belief: bytes, attempt: int, rules: list, electorate: bytes) -> bytes:
    return fingerprint(b"credimus round", mp([belief, attempt, rules, electorate]))[:16]
