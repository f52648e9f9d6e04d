"""Room on the disk of the folder."""

import shutil

from credimus.runtime.doctor.finding import Finding, ok, problem, warning
from credimus.runtime.home import Home

CHECK = "disk"
FREE_BYTES_MIN = 64 * 1_048_576
"""Below it a node may stop writing any minute: 64 MiB. [guess]"""
FREE_BYTES_LOW = 1_073_741_824
"""Below it room should be made: 1 GiB. [guess: a million beliefs]"""


def check_disk(home: Home) -> list[Finding]:
    """Whether the disk has room."""
    return [judge_room(shutil.disk_usage(home.folder).free, str(home))]


def judge_room(free_bytes: int, where: str) -> Finding:
    """What so many free bytes mean."""
    free = f"{free_bytes / 1_048_576:,.0f} MiB are free at {where}"
    if free_bytes < FREE_BYTES_MIN:
        return problem(CHECK, free, "free some space, or move the folder while the node is stopped")
    if free_bytes < FREE_BYTES_LOW:
        return warning(CHECK, free, "free some space soon")
    return ok(CHECK, free)
