"""GET and POST /v1/recovery: how far the node is on its way back; reunions, planned and undone."""

from typing import Literal

import msgspec

from credimus.api.endpoints.reunion import command_of, planned, reunion_view
from credimus.api.message import Request
from credimus.api.shapes.recovery import (
    MemberName,
    RecoveryAnswer,
    RecoveryView,
    WayName,
    WayView,
)
from credimus.api.shapes.reunion import RecoveryAsked
from credimus.node.showing.queries import name_of
from credimus.protocol.recovery.interface import Cause, Phase, Shown, WayKind
from credimus.runtime.access.principals import Principal
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


async def recover(daemon: Daemon, asked: RecoveryAsked, request: Request) -> RecoveryAnswer:
    """POST /v1/recovery: plans, begins or takes back a reunion of what was decided apart."""
    return await reunited(daemon, asked, request.principal)


async def reunited(
    daemon: Daemon, asked: RecoveryAsked, principal: Principal | None = None
) -> RecoveryAnswer:
    """What was asked is done; the answer tells how things are then.

    Raises:
        UsageError: `bad-field`.
        NotFound: `unknown-partition`, `no-reunion`.
        Conflict: `reunion-under-way`, `plan-changed`.
    """
    if asked.action == "plan":
        return msgspec.structs.replace(recovery_view(daemon), plan=planned(daemon, asked))
    await daemon.driver.submit(command_of(daemon, asked)).local()
    begins = asked.action == "begin"
    daemon.enter("reunion-begun" if begins else "reunion-undone", asked.plan or "", principal)
    return recovery_view(daemon)


def recovery_view(daemon: Daemon) -> RecoveryAnswer:
    """The last recovery of a node, and its last reunion."""
    shown = daemon.node.recovery.shown(now())
    view = None if shown is None else _view(daemon, shown)
    return RecoveryAnswer(recovery=view, reunion=reunion_view(daemon))


def _view(daemon: Daemon, shown: Shown) -> RecoveryView:
    state = daemon.node.state
    return RecoveryView(
        cause=CAUSES[shown.cause],
        phase=PHASES[shown.phase],
        health=_health(shown),
        way=_word(shown.way),
        ways=[
            WayView(
                way=_word(one.kind),
                blocks=one.block_count,
                bytes=one.byte_count,
                possible=one.is_possible,
            )
            for one in shown.ways
        ],
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
        blocks=shown.came_count,
        blocks_total=shown.came_count + shown.missing_count,
    )


def _word(kind: WayKind) -> WayName:
    return kind.name.lower()  # type: ignore[return-value]


def _health(shown: Shown) -> Literal["moving", "stalled", "stuck", "ended"]:
    if shown.phase is Phase.ENDED:
        return "ended"
    if shown.is_stuck:
        return "stuck"
    return "stalled" if shown.is_stalled else "moving"
