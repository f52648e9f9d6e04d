"""What a store remembers of a recovery."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from credimus.kernel.codec import decode, decoder
from credimus.kernel.errors import PeerFault, StorageError
from credimus.lace.block import Block
from credimus.protocol.recovery.interface import LOOSE_FAMILY, SESSION_KEY, Session
from credimus.protocol.recovery.repeating import read

_session = decoder(Session)


class Recalled(NamedTuple):
    """What a store remembers of a recovery."""

    session: Session | None
    loose: list[Block]
    keys: list[str]
    """Of the records with the loose blocks."""


def recalled(facts_of: Callable[[str], Iterable[tuple[str, bytes]]]) -> Recalled:
    """What a store remembers.

    Raises:
        StorageError: `corrupt`.
    """
    session: Session | None = None
    parts: dict[str, bytes] = {}
    keys: list[str] = []
    try:
        for key, value in facts_of("recovery"):
            if key == SESSION_KEY:
                session = decode(value, _session, "recovery session")
        for key, value in facts_of(LOOSE_FAMILY):
            keys.append(key)
            name = key.rpartition("-")[0]
            parts[name] = parts.get(name, b"") + value
        return Recalled(session, [read(wire) for wire in parts.values()], keys)
    except PeerFault as problem:
        raise StorageError(
            "corrupt", f"what was kept of a recovery is damaged: {problem.message}"
        ) from None
