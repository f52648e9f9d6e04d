"""Names are fingerprints: every id is a domain-separated SHA-256, cut to the width its use needs.

Deliberately not here: keys and signatures (lace/seal.py), or any id that is not derived from
content.
"""

from hashlib import sha256
from typing import NewType

FleetId = NewType("FleetId", bytes)
"""16 bytes: fingerprint of the founder's public key, a nonce and the fleet's policy."""
NodeId = NewType("NodeId", bytes)
"""16 bytes: fingerprint of an Ed25519 public key. Hosted members have one too."""
BlockId = NewType("BlockId", bytes)
"""32 bytes: SHA-256 of the header bytes as sent."""
BeliefId = NewType("BeliefId", bytes)
"""16 bytes: fingerprint of category and normalised content."""
RoundId = NewType("RoundId", bytes)
"""16 bytes: fingerprint of everything that electors agree to when they vote."""
ElectorateId = NewType("ElectorateId", bytes)
"""16 bytes: fingerprint of sorted (member, weight) pairs."""

ID_BYTES = 16
BLOCK_ID_BYTES = 32
PREFIX_DIGITS_MIN = 4
"""Hex digits that a shortened id of a belief or member needs. [guess: fewer are seldom meant]"""


def fingerprint(domain: bytes, *parts: bytes) -> bytes:
    """The SHA-256 (32 bytes) of a domain and length-prefixed parts; no two inputs share a preimage.

    Args:
        domain: a short constant naming the use, so that equal parts in two uses differ.
        parts: byte strings of any length below 4 GiB.
    """
    pieces = [domain]
    for part in parts:
        pieces.append(len(part).to_bytes(4, "big"))
        pieces.append(part)
    return sha256(b"".join(pieces)).digest()


def node_id(public_key: bytes) -> NodeId:
    """The id of the holder of a 32-byte Ed25519 public key."""
    return NodeId(fingerprint(b"credimus node", public_key)[:ID_BYTES])


def fleet_id(
    founder_key: bytes,
    nonce: bytes,
    left_out_max: int = 0,
    units_per_s_max: int = 0,
    articles: tuple[bytes, ...] = (),
) -> FleetId:
    """The id of the fleet that this founder began with this nonce and policy.

    Args:
        left_out_max: millionths of the members that an electorate may leave out. The id names it,
            so that nobody, the founder included, can change it later.
        units_per_s_max: what each member may write, in units per second; likewise.
        articles: the encodings of what else it is founded with for ever: how it admits, where not
            any member does; what it limits by category.
    """
    policy = left_out_max.to_bytes(4, "big") + units_per_s_max.to_bytes(4, "big")
    parts = founder_key, nonce, policy, *articles
    return FleetId(fingerprint(b"credimus fleet", *parts)[:ID_BYTES])


def id_digits(given: str) -> str | None:
    """The hex digits of an id of a belief or member, or of a beginning that is long enough; None
    for anything else."""
    digits = given.strip().lower()
    is_long_enough = PREFIX_DIGITS_MIN <= len(digits) <= 2 * ID_BYTES
    return digits if is_long_enough and not set(digits) - _HEX else None


_HEX = frozenset("0123456789abcdef")


def short(identifier: bytes) -> str:
    """The first 12 hex digits: enough for a person, never used for equality."""
    return identifier[:6].hex()
