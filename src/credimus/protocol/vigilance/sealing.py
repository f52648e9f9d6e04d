"""Sealing and opening claims and accusations; each kind is signed in a domain of its own.

Deliberately not here: whether who signed is a member (machine.py).
"""

from typing import Final

from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.ids import fingerprint
from credimus.lace.frontier import Frontier
from credimus.lace.seal import Signer, check_signature
from credimus.protocol.vigilance.interface import Accusation, Charge, Claim, StateClaim

CLAIM_DOMAIN: Final = b"credimus state claim\x00"
CHARGE_DOMAIN: Final = b"credimus accusation\x00"
_claim = decoder(StateClaim)
_charge = decoder(Charge)


def seal_claim(signer: Signer, claim: StateClaim) -> Claim:
    """The claim, signed by the member whose state it is."""
    written = encode(claim)
    return Claim(written, signer.sign(CLAIM_DOMAIN + written))


def seal_charge(signer: Signer, charge: Charge) -> Accusation:
    """The accusation, signed by its accuser."""
    written = encode(charge)
    return Accusation(written, signer.sign(CHARGE_DOMAIN + written))


def read_claim(message: Claim) -> StateClaim:
    """What a claim says; its signature is not checked.

    Raises:
        PeerFault: `malformed`.
    """
    claim: StateClaim = decode(message.claimed, _claim, "claim")
    return claim


def read_charge(message: Accusation) -> Charge:
    """What an accusation says; its signature is not checked.

    Raises:
        PeerFault: `malformed`.
    """
    charge: Charge = decode(message.charge, _charge, "accusation")
    return charge


def check_claim(message: Claim, public_key: bytes) -> None:
    """Refuse a claim that the holder of this key did not sign.

    Raises:
        PeerFault: `bad-signature`.
    """
    check_signature(public_key, CLAIM_DOMAIN + message.claimed, message.signature, "a claim")


def check_charge(message: Accusation, public_key: bytes) -> None:
    """Refuse an accusation that the holder of this key did not sign.

    Raises:
        PeerFault: `bad-signature`.
    """
    signed = CHARGE_DOMAIN + message.charge
    check_signature(public_key, signed, message.signature, "an accusation")


def frontier_digest(frontier: Frontier, line: bytes) -> bytes:
    """32 bytes that name all blocks behind a frontier, and what was let go of them.

    Args:
        line: the fingerprint of the checkpoints in force.
    """
    return fingerprint(b"credimus frontier", encode(frontier), line)
