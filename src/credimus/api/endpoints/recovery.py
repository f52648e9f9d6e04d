"""GET /v1/recovery: how far the node is on its way back."""

from typing import Literal

from credimus.api.message import Request
from credimus.api.shapes.recovery import MemberName, RecoveryAnswer, RecoveryView
from credimus.node.queries import name_of
from credimus.protocol.recovery.interface import Cause, Phase, Shown
from credimus.runtime.daemon import Daemon
from credimus.runtime.driver import now

CAUSES: dict[Cause, Literal["damaged", "behind"]] = {
    Cause.DAMAGED: "damaged",
    Cause.BEHIND: "behind",
}
PHASES: dict[Phase, Literal["gathering", "saying", "ended"]] = {
    Phase.GATHERING: "gathering",
    Phase.SAYING: "saying",
    Phase.ENDED: "ended",
}


def show_recovery(daemon: Daemon, _: None, __: Request) -> RecoveryAnswer:
    """GET /v1/recovery: how far the node is on its way back."""
    return recovery_view(daemon)


def recovery_view(daemon: Daemon) -> RecoveryAnswer:
    """The last recovery of a node."""
    shown = daemon.node.recovery.shown(now())
    return RecoveryAnswer(recovery=None if shown is None else _view(daemon, shown))


def _view(daemon: Daemon, shown: Shown) -> RecoveryView:
    state = daemon.node.state
    return RecoveryView(
        cause=CAUSES[shown.cause],
        phase=PHASES[shown.phase],
        health=_health(shown),
        began_ms=shown.began_ms,
        ended_ms=shown.ended_ms,
        writes=not shown.is_holding,
        awaited=shown.awaited_count,
        waiting=shown.loose_count,
        snapshot_bytes=shown.snapshot_bytes[0],
        snapshot_size=shown.snapshot_bytes[1],
        unanswered=[MemberName(id=one.hex(), name=name_of(state, one)) for one in shown.unanswered],
        steps=shown.step_count,
        steps_total=shown.step_total,
        remaining_ms=shown.remaining_ms,
    )


def _health(shown: Shown) -> Literal["moving", "stalled", "stuck", "ended"]:
    if shown.phase is Phase.ENDED:
        return "ended"
    if shown.is_stuck:
        return "stuck"
    return "stalled" if shown.is_stalled else "moving"
