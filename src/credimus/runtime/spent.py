"""Where a driver's time goes."""

from dataclasses import dataclass


@dataclass(slots=True)
class Spent:
    """Where the time of the steps went, in ns since the start; waits for disk and CPU included."""

    take_ns: int = 0
    """Messages of peers: read, checked, folded."""
    decide_ns: int = 0
    """Voting, concluding, sealing: what the node itself says."""
    persist_ns: int = 0
    """The store's transactions."""
    send_ns: int = 0
    """Handing messages to the transport."""
    emit_ns: int = 0
    """Telling callers and listeners."""
