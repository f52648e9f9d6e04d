"""Clocks: the monotonic one runs forward, the wall clock is not behind what others stamped."""

import time

from credimus.kernel.limits import SKEW_MS_MAX
from credimus.runtime.doctor.finding import Finding, ok, problem, warning

CHECK = "clock"
EARLIEST_MS = 1_735_689_600_000
"""2025-01-01: before the first release, so that an earlier clock was never set."""
BEHIND_MS_MAX = 1_000
"""How far stamps may be ahead of the wall clock without a word, in ms. [guess: NTP keeps well
below]"""
_READINGS = 1_000
_RESOLUTION_S_MAX = 0.001


def check_clock(wall_ms: int, newest_ms: int | None) -> list[Finding]:
    """Whether the clocks can be trusted.

    Args:
        wall_ms: the wall clock now.
        newest_ms: the latest stamp of any block held, by whoever signed it.
    """
    return [_wall(wall_ms, newest_ms), _monotonic()]


def _wall(wall_ms: int, newest_ms: int | None) -> Finding:
    if wall_ms < EARLIEST_MS:
        return problem(
            CHECK,
            f"the wall clock says {time.strftime('%Y-%m-%d', time.gmtime(wall_ms / 1_000))}: it was"
            " never set",
            "set it, best by NTP",
        )
    if newest_ms is None:
        return ok(CHECK, "the wall clock is set; no block to compare it with")
    ahead_ms = newest_ms - wall_ms
    if ahead_ms > SKEW_MS_MAX:
        return problem(
            CHECK,
            f"the newest block is stamped {ahead_ms / 1_000:.0f} s ahead of this clock; other "
            f"nodes' blocks are refused past {SKEW_MS_MAX // 1_000} s",
            "set the clock by NTP, here and at the other nodes",
        )
    if ahead_ms > BEHIND_MS_MAX:
        return warning(
            CHECK,
            f"the newest block is stamped {ahead_ms / 1_000:.1f} s ahead of this clock",
            "set the clock by NTP, here and at the other nodes",
        )
    return ok(CHECK, "the wall clock is not behind the newest block")


def _monotonic() -> Finding:
    resolution_s = time.get_clock_info("monotonic").resolution
    readings = [time.monotonic_ns() for _ in range(_READINGS)]
    if readings != sorted(readings):
        return problem(
            CHECK, "the monotonic clock runs backward", "report it to the system's maker"
        )
    if resolution_s > _RESOLUTION_S_MAX:
        return warning(
            CHECK,
            f"the monotonic clock has a resolution of {resolution_s * 1_000:g} ms",
            "timeouts are coarser than they should be; use a better clock source",
        )
    return ok(CHECK, "the monotonic clock runs forward")
