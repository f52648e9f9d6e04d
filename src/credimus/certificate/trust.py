"""What a verifier trusts: the id of a fleet, and with it its founder's key and policy.

A fleet's file is one line of text, made to be published and pasted:

    credimus-fleet-1 <fleet id> <founder's public key> <fleet name>
"""

from typing import NamedTuple

import msgspec

from credimus.kernel.errors import UsageError
from credimus.kernel.ids import ID_BYTES, FleetId

PREFIX = "credimus-fleet-1"
_KEY_BYTES = 32


class Trust(NamedTuple):
    """The fleet whose certificates are taken."""

    fleet: FleetId
    founder_key: bytes | None = None
    """None where only the id is known; it names the key."""


class FleetKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a fleet publishes, so that strangers can check its certificates."""

    fleet: str
    fleet_name: str
    founder_key: str
    """Ed25519; in hex, as the fleet's id."""
    trust: str
    """The line of its file."""


def fleet_key(fleet: FleetId, founder_key: bytes, fleet_name: str) -> FleetKey:
    """What a fleet publishes."""
    return FleetKey(
        fleet=fleet.hex(),
        fleet_name=fleet_name,
        founder_key=founder_key.hex(),
        trust=trust_text(Trust(fleet, founder_key), fleet_name),
    )


def trust_text(trust: Trust, fleet_name: str) -> str:
    """The line that a fleet publishes."""
    key = (trust.founder_key or b"").hex()
    return f"{PREFIX} {trust.fleet.hex()} {key} {fleet_name}\n"


def read_trust(text: str) -> Trust:
    """What a fleet's file says, or a bare fleet id in hex. Lines that begin with # are passed over.

    Raises:
        UsageError: `bad-trust`.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()[:1] not in ("", "#")]
    words = lines[0] if len(lines) == 1 else []
    if len(words) == 1:
        return Trust(FleetId(_octets(words[0], ID_BYTES)))
    if len(words) < 3 or words[0] != PREFIX:
        raise _bad()
    return Trust(FleetId(_octets(words[1], ID_BYTES)), _octets(words[2], _KEY_BYTES))


def _octets(digits: str, count: int) -> bytes:
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        raise _bad() from None
    if len(octets) != count:
        raise _bad()
    return octets


def _bad() -> UsageError:
    return UsageError(
        "bad-trust",
        "this names no fleet; give the fleet's id of 32 hex digits, or the file that `credimus "
        "trust` printed at a member.",
    )
