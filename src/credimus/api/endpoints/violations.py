"""Wrongs as the API shows them: the endpoint, this node's own events, the metrics."""

from collections.abc import Iterator
from typing import Any, assert_never

from credimus.api.message import Request
from credimus.api.shapes import answers as shapes
from credimus.api.shapes.violations import HeldItem, ViolationItem, Violations
from credimus.kernel.ids import NodeId
from credimus.node.showing.queries import name_of
from credimus.protocol.vigilance.interface import (
    ConductEvent,
    MemberParoled,
    MemberQuarantined,
    Standing,
    StateDoubted,
    ViolationSeen,
)
from credimus.protocol.vigilance.judging import witnesses_needed
from credimus.runtime.daemon import Daemon
from credimus.runtime.driver import now
from credimus.state.fleet import FleetState


def show_violations(daemon: Daemon, _: None, __: Request) -> Violations:
    """GET /v1/violations: what was found against whom, and what follows here."""
    return violations_view(daemon)


def violations_view(daemon: Daemon) -> Violations:
    """What this node holds against members."""
    node, moment = daemon.node, now()
    state = node.state
    held = sorted(
        node.vigilance.conduct(moment.instant),
        key=lambda one: (-one.standing, -one.points, one.member),
    )
    return Violations(
        threshold=daemon.settings.core().vigilance.threshold,
        witnesses=witnesses_needed(len(state.roster.current)),
        members=[
            HeldItem(
                member=one.member.hex(),
                name=_name(state, one.member),
                standing=one.standing.word,  # type: ignore[arg-type]
                points=one.points,
                quarantined=one.quarantined_count,
                left_ms=one.left_ms,
                ignored=one.ignored_count,
            )
            for one in held
        ],
        violations=[
            ViolationItem(
                member=one.member.hex(),
                name=_name(state, one.member),
                kind=one.kind.word,  # type: ignore[arg-type]
                signed=one.kind.is_signed,
                count=one.count,
                first_ms=one.first_ms,
                last_ms=one.last_ms,
                detail=one.detail,
                accusers=[accuser.hex() for accuser in one.accusers],
                witnessed=one.witnessed,
            )
            for one in node.vigilance.violations(moment)
        ],
    )


def conduct_event(state: FleetState, cursor: str, event: ConductEvent) -> shapes.Event:
    """An event about what a member did wrong, or what came of it."""
    kind = CONDUCT_KINDS[type(event)]
    match event:
        case ViolationSeen(member, wrong, detail, accusers):
            by = f"; {len(accusers)} members say so" if accusers else ""
            reason = f"{wrong.word}: {detail}{by}"
            return shapes.Event(cursor=cursor, kind=kind, member=member.hex(), reason=reason)
        case MemberQuarantined(member, pause_ms, wrong):
            reason = f"for {pause_ms / 1_000:g} s, because of {wrong.word}"
            return shapes.Event(cursor=cursor, kind=kind, member=member.hex(), reason=reason)
        case MemberParoled(member):
            return shapes.Event(cursor=cursor, kind=kind, member=member.hex())
        case StateDoubted(witnesses):
            names = ", ".join(_name(state, one) for one in witnesses)
            return shapes.Event(cursor=cursor, kind=kind, reason=f"{names} claim another state")
        case _:
            assert_never(event)


CONDUCT_KINDS: dict[type[ConductEvent], shapes.EventKind] = {
    ViolationSeen: "violation", MemberQuarantined: "quarantined", MemberParoled: "paroled",
    StateDoubted: "doubted",
}  # fmt: skip


def conduct_figures(daemon: Daemon) -> Iterator[Any]:
    """The metrics of wrongs."""
    from prometheus_client.core import (  # noqa: PLC0415 - loaded when first asked for
        CounterMetricFamily,
        GaugeMetricFamily,
    )

    vigilance, moment = daemon.node.vigilance, now()
    held = [one.standing for one in vigilance.conduct(moment.instant)]
    standings = GaugeMetricFamily(
        "credimus_members_held", "Members by how this node holds them", labels=["standing"]
    )
    for standing in (Standing.WATCHED, Standing.LIMITED, Standing.QUARANTINED):
        standings.add_metric([standing.word], held.count(standing))
    yield standings
    yield CounterMetricFamily(
        "credimus_violations",
        "Wrongs of members that were told as events",
        value=vigilance.violation_count,
    )


def _name(state: FleetState, member: NodeId) -> str:
    return name_of(state, member) or member.hex()[:12]
