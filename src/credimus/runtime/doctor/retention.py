"""Whether the fleet lets go of what is over: checkpoints that more than two thirds certify."""

from credimus.runtime.doctor.finding import Answers, Finding, ok, warning
from credimus.runtime.settings.keeping import CheckpointSettings

CHECK = "checkpoints"
LATE_H = 1
"""Hours that members may take over one. [guess: some ten turns]"""
_HOUR_MS = 3_600_000


def check_retention(
    settings: CheckpointSettings, wall_ms: int, running: Answers | None
) -> list[Finding]:
    """Whether this node takes part, and whether the next checkpoint comes along."""
    if not settings.enabled:
        return [ok(CHECK, "off here: blocks go only if two thirds of the others certify it")]
    since_ms = running.status.get("checkpoint_since_ms") if running is not None else None
    if since_ms is not None and wall_ms - since_ms > LATE_H * _HOUR_MS:
        hours = (wall_ms - since_ms) // _HOUR_MS
        return [
            warning(
                CHECK,
                f"the next one has been under way for {hours} h: a third of the members or more "
                "do not certify it; meanwhile nothing is let go, and the database grows",
                "start the members that are away, or expel those that are gone for good; set "
                "[checkpoints] alike everywhere, and run one version (see docs/retention.md)",
            )
        ]
    return [ok(CHECK, f"blocks older than {settings.keep_hours:g} h go by checkpoints")]
