"""What a node says of itself, of its fleet and of what happened, as the API's shapes."""

import os
import time
from collections.abc import Iterable
from typing import assert_never

from credimus import __version__
from credimus.api.endpoints.doors import doors_view
from credimus.api.endpoints.partitions import ReachEvent, reach_event
from credimus.api.endpoints.violations import conduct_event
from credimus.api.shapes import answers as shapes
from credimus.api.shapes import inputs
from credimus.api.shapes.doors import FaultItem
from credimus.api.shapes.members import Held, MemberItem, PowerName, Standing
from credimus.api.views.beliefs import word
from credimus.api.views.peers import peers_view
from credimus.api.views.standing import Standings
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.node.showing.queries import (
    Lags,
    belief_counts,
    faults_of,
    last_stamp_of,
    round_counts,
)
from credimus.protocol.vigilance.interface import ConductEvent
from credimus.protocol.vigilance.interface import Standing as VigilanceStanding
from credimus.runtime.daemon import Daemon
from credimus.runtime.driver import now
from credimus.runtime.evaluating.asking import Asking
from credimus.runtime.feed import FeedEvent, Mark
from credimus.runtime.store.interface import read_cursor, written_cursor
from credimus.state.events import (
    BeliefAsserted,
    BeliefChanged,
    BeliefsReconciled,
    CheckpointAttested,
    CheckpointReached,
    DoubleVote,
    EquivocationProven,
    KeyRotated,
    MemberAdmitted,
    MemberExpelled,
    MemberLeft,
    PlainFact,
    ProposalIgnored,
    ReconciliationWithdrawn,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
    RoundRefused,
    ToldFact,
)
from credimus.state.fleet import FleetState
from credimus.state.member_operations import Powers
from credimus.state.membership.members import Member, Members
from credimus.state.voting.verdict import Verdict


def status_view(daemon: Daemon) -> shapes.Status:
    """How the node is."""
    node, state, settings = daemon.node, daemon.node.state, daemon.settings
    verdicts = belief_counts(state)
    return shapes.Status(
        fleet=node.fleet.hex(),
        fleet_name=state.roster.fleet_name,
        node=node.id.hex(),
        name=settings.node.name,
        version=__version__,
        pid=os.getpid(),
        uptime_s=round((time.monotonic_ns() - daemon.started_ns) / 1e9, 3),
        listen=settings.node.listen,
        api=daemon.url,
        link=settings.node.link,
        links_open=daemon.links.are_open,
        fingerprint=daemon.fingerprint(),
        blocks=len(node.lace),
        orphans=node.orphan_count,
        members=len(state.roster.current),
        neighbours=[one.hex() for one in daemon.links.neighbours()],
        peers=peers_view(node),
        beliefs=len(state.beliefs),
        decided=sum(verdicts[one.word] for one in Verdict if one.decided),
        verdicts=verdicts,
        rounds=round_counts(state),
        faults=[
            FaultItem(peer=peer.hex(), code=code, count=count)
            for peer, code, count in faults_of(node)
        ],
        failure=failure_view(daemon),
        inbox_dropped=daemon.driver.inbox_dropped_count + daemon.links.counts.dropped,
        steps=daemon.driver.step_count,
        evaluating=None if daemon.asking is None else evaluating_view(daemon.asking),
        latest_ms=wall_ms_of(node.clock.last),
        checkpoint_since_ms=node.compacting.due_since_ms,
        forked=node.authors[0].forked,
        doors=doors_view(daemon),
    )


def evaluating_view(asking: Asking) -> shapes.Evaluating:
    """What became of the questions to slow evaluators."""
    return shapes.Evaluating(
        waiting=asking.waiting_count,
        running=asking.running_count,
        overflow=asking.overflow_count,
        late=asking.late_count,
        uncast=asking.uncast_count,
        evaluators=[
            shapes.EvaluatorItem(
                name=one.name,
                asked=one.asked_count,
                answered=one.answered_count,
                left=one.left_count,
                failures=dict(sorted(one.failures.items())),
                failing=one.is_failing,
            )
            for one in asking.counts
        ],
    )


def members_view(daemon: Daemon) -> list[MemberItem]:
    """Who is in the roster, in order of admission."""
    return _shown(daemon, _by_admission(daemon, everybody=False))


def members_page(daemon: Daemon, asked: inputs.MembersAsked) -> tuple[list[MemberItem], str | None]:
    """Some of the roster, in order of admission, and the cursor of the next page."""
    after = (-1, b"") if asked.cursor is None else read_cursor(asked.cursor)
    listed = _by_admission(daemon, everybody=asked.all)
    rest = [one for one in listed if (one.admitted_stamp, one.node) > after]
    page = rest[: asked.limit]
    more = len(rest) > len(page)
    cursor = written_cursor(page[-1].admitted_stamp, page[-1].node) if more else None
    return _shown(daemon, page), cursor


def _by_admission(daemon: Daemon, *, everybody: bool) -> list[Member]:
    roster = daemon.node.state.roster.current
    listed = [*roster.by_id.values()]
    if everybody:
        listed += [*roster.pending.values(), *roster.expelled.values()]
    return sorted(listed, key=lambda one: (one.admitted_stamp, one.node))


def _shown(daemon: Daemon, members: Iterable[Member]) -> list[MemberItem]:
    connected = set(daemon.links.neighbours())
    standing = Standings(daemon.node.state)
    roster = daemon.node.state.roster.current
    held, behind = _held(daemon), Lags(daemon.node)
    return [
        MemberItem(
            id=one.node.hex(),
            name=one.name,
            address=one.address,
            admitted_ms=wall_ms_of(one.admitted_stamp),
            admitted_by=one.admitted_by.hex(),
            self=one.node == daemon.node.id,
            connected=one.node == daemon.node.id or one.node in connected,
            lag=behind.blocks(one.node),
            said_ms=_wall_ms(last_stamp_of(daemon.node, one.node)),
            conduct=standing.conduct(one.node),
            skill=standing.skill(one.node),
            standing=_standing(roster, one.node),
            held=held.get(one.node, "clear"),
            may=powers_named(roster.powers(one.node)),
            categories=list(roster.powers(one.node).categories),
        )
        for one in members
    ]


_HELD: dict[VigilanceStanding, Held] = {
    VigilanceStanding.CLEAR: "clear",
    VigilanceStanding.WATCHED: "watched",
    VigilanceStanding.LIMITED: "limited",
    VigilanceStanding.QUARANTINED: "quarantined",
}


def _held(daemon: Daemon) -> dict[NodeId, Held]:
    conduct = daemon.node.vigilance.conduct(now().instant)
    return {one.member: _HELD[one.standing] for one in conduct}


def _standing(roster: Members, node: NodeId) -> Standing:
    if node in roster.pending:
        return "pending"
    if node in roster.expelled:
        return "expelled"
    return "exposed" if node in roster.exposed else "member"


def powers_named(powers: Powers) -> list[PowerName]:
    """What a member may say, by name."""
    named: list[PowerName] = ["propose", "vote", "admit", "expel"]
    return [one for one in named if getattr(powers, one)]


def _wall_ms(stamp: int | None) -> int | None:
    return None if stamp is None else wall_ms_of(stamp)


def failure_view(daemon: Daemon) -> shapes.Failure | None:
    """Why the node writes nothing now, if so."""
    failure = daemon.driver.failure
    return None if failure is None else shapes.Failure(code=failure.code, message=failure.message)


def events_view(daemon: Daemon, after: Mark, limit: int) -> shapes.EventPage:
    """The events after a place; the first tells how many were missed, if any were."""
    feed, state = daemon.feed, daemon.node.state
    missed, begin, events = feed.read(after, limit)
    shown = [_event(state, feed.cursor(mark), event) for mark, event in events]
    if missed:
        shown.insert(0, shapes.Event(cursor=feed.cursor(begin), kind="missed", missed=missed))
    last = events[-1][0] if events else begin
    return shapes.EventPage(events=shown, cursor=feed.cursor(last))


def _event(state: FleetState, cursor: str, event: FeedEvent) -> shapes.Event:
    if isinstance(event, ReachEvent):
        return reach_event(state, cursor, event)
    if isinstance(event, ConductEvent):
        return conduct_event(state, cursor, event)
    if isinstance(event, _OF_MEMBERS):
        return _member_event(cursor, event)
    return _fact(state, cursor, event)


def _fact(state: FleetState, cursor: str, event: PlainFact) -> shapes.Event:
    belief: BeliefId | None = None
    round_: RoundId | None = None
    member: NodeId | None = None
    reason: str | None = None
    first = False
    culprits: tuple[NodeId, ...] = ()
    match event:
        case DoubleVote(round_, member):
            pass
        case BeliefAsserted(belief, member, first):
            pass
        case BeliefChanged(belief):
            pass
        case ProposalIgnored(member, belief):
            pass
        case RoundOpened(round_) | RoundDecided(round_) | RoundExpired(round_):
            pass
        case RoundContested(round_, _, culprits):
            pass
        case RoundRefused(round_, member, reason):
            pass
        case CheckpointAttested() | CheckpointReached():
            member = getattr(event, "member", None)
            reason = f"checkpoint {event.checkpoint.hex()}"
        case _:
            assert_never(event)
    found = None if round_ is None else state.rounds.get(round_)
    if found is not None:
        belief = found.belief
    return shapes.Event(
        cursor=cursor,
        kind=KINDS[type(event)],
        belief=None if belief is None else belief.hex(),
        round=None if round_ is None else round_.hex(),
        member=None if member is None else member.hex(),
        verdict=None if belief is None else word(state.rounds.verdict(belief)),
        first=first,
        reason=reason,
        culprits=[one.hex() for one in culprits],
    )


_OF_MEMBERS = (MemberAdmitted, MemberLeft, MemberExpelled, EquivocationProven, KeyRotated)


def _member_event(
    cursor: str,
    event: MemberAdmitted | MemberLeft | MemberExpelled | EquivocationProven | KeyRotated,
) -> shapes.Event:
    kind = KINDS[type(event)]
    if isinstance(event, KeyRotated):
        old, new = event.old.hex(), event.new.hex()
        return shapes.Event(cursor=cursor, kind=kind, member=old, successor=new)
    return shapes.Event(cursor=cursor, kind=kind, member=event.node.hex())


KINDS: dict[type[ToldFact], shapes.EventKind] = {
    BeliefAsserted: "asserted", BeliefChanged: "changed", RoundOpened: "opened",
    ProposalIgnored: "ignored", RoundRefused: "refused", RoundDecided: "decided",
    RoundExpired: "expired", RoundContested: "contested", DoubleVote: "contradicted",
    MemberAdmitted: "admitted", MemberLeft: "left", MemberExpelled: "expelled",
    KeyRotated: "rotated", EquivocationProven: "exposed", BeliefsReconciled: "reconciled",
    ReconciliationWithdrawn: "withdrawn",
}  # fmt: skip
