"""Moments as JSON says them where people read along."""

from datetime import UTC, datetime

_LAST_MS = 253_402_300_799_999
"""The end of the year 9999, the last that ISO 8601 writes with four digits."""


def iso(wall_ms: int) -> str:
    """Milliseconds since the Unix epoch as ISO 8601 in UTC; what is later is shown as the end."""
    moment = datetime.fromtimestamp(min(wall_ms, _LAST_MS) / 1_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
