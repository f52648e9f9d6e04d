"""Splits as the API shows them: the endpoint, the diary's entries, this node's own events, the
metrics."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TypeAlias, assert_never

from credimus.api.message import Request
from credimus.api.shapes import answers as shapes
from credimus.api.shapes.partitions import (
    AbsenceItem,
    ChangeItem,
    OutcomeItem,
    PartitionItem,
    Partitions,
    ReconciledItem,
)
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import BeliefId
from credimus.node.node import Node
from credimus.node.showing.queries import name_of
from credimus.protocol.membership.interface import (
    MembershipEvent,
    PeerAlive,
    PeerDead,
    PeerSuspected,
)
from credimus.protocol.partition.interface import (
    Episode,
    PartitionChanged,
    PartitionEvent,
    PartitionHealed,
)
from credimus.protocol.recovery.interface import RecoveryBegan, RecoveryEnded, ToldEvent
from credimus.protocol.reunion.interface import ReunionBegan, ReunionEnded, ToldReunion
from credimus.runtime.daemon import Daemon
from credimus.state.events import BeliefsReconciled, ReconciliationWithdrawn
from credimus.state.fleet import FleetState
from credimus.state.outcomes import outcomes_of

ReachEvent: TypeAlias = (
    MembershipEvent | PartitionEvent | ToldEvent | ToldReunion
    | BeliefsReconciled | ReconciliationWithdrawn
)  # fmt: skip
"""About who is in reach, or what came of it."""


def show_partitions(daemon: Daemon, _: None, __: Request) -> Partitions:
    """GET /v1/partitions: who is in reach, and the diary of splits."""
    return partitions_view(daemon)


def partitions_view(daemon: Daemon) -> Partitions:
    """How the node stands, and its diary, newest first."""
    partition, config = daemon.node.partition, daemon.settings.core().partition
    sight = partition.sight
    current = partition.episode()
    entries = [*daemon.diary.entries, *([] if current is None else [current])]
    return Partitions(
        level=partition.level.word,  # type: ignore[arg-type]
        reachable=len(sight.reachable),
        members=len(sight.members),
        lopsided=bool(sight.one_way),
        reason=partition.reason if sight.absent or sight.one_way else "",
        groups=[[one.hex() for one in group] for group in sight.groups],
        policy=config.policy.value,
        strategy=config.strategy.name.lower(),  # type: ignore[arg-type]
        partitions=[partition_view(daemon.node.state, one) for one in reversed(entries)],
    )


def partition_view(state: FleetState, episode: Episode) -> PartitionItem:
    """One entry of the diary."""
    return PartitionItem(
        began_ms=episode.began_ms,
        healed_ms=episode.healed_ms,
        level=episode.level.word,  # type: ignore[arg-type]
        worst=episode.worst.word,  # type: ignore[arg-type]
        lopsided=episode.lopsided,
        members=episode.member_count,
        absent=[
            AbsenceItem(
                member=one.member.hex(),
                name=name_of(state, one.member),
                cause=one.cause.word,  # type: ignore[arg-type]
                since_ms=one.since_ms,
                back_ms=one.back_ms,
                blocks=one.block_count,
            )
            for one in episode.absences
        ],
        groups=[[one.hex() for one in group] for group in episode.groups],
        blocks=episode.block_count,
        beliefs=episode.belief_count,
        far_beliefs=episode.far_belief_count,
        changes=[
            ChangeItem(
                belief=one.belief.hex(),
                round=one.round.hex(),
                before=None if one.before is None else one.before.word,
                after=one.after.word,
                why=one.why,
            )
            for one in episode.changes
        ],
        changes_left_out=episode.left_out_count,
        reconciled=[
            ReconciledItem(
                first=one.beliefs[0].hex(),
                second=one.beliefs[1].hex(),
                strategy=one.strategy.name.lower(),  # type: ignore[arg-type]
                finding=one.finding.name.lower(),  # type: ignore[arg-type]
                author=one.author.hex(),
            )
            for one in episode.reconciled
        ],
        cut_short=episode.cut_short,
        uncompared=episode.uncompared_count,
    )


def outcome_views(node: Node, belief: BeliefId) -> list[OutcomeItem]:
    """What reconciliations make of a belief."""
    return [
        OutcomeItem(
            other=one.other.hex(),
            effect=one.effect.value,
            strategy=one.strategy.name.lower(),  # type: ignore[arg-type]
            finding=one.finding.name.lower(),  # type: ignore[arg-type]
            author=one.author.hex(),
            said_ms=wall_ms_of(one.stamp),
            why=one.why,
        )
        for one in outcomes_of(node.state, node.lace, belief)
    ]


def reach_event(
    state: FleetState,
    cursor: str,
    event: ReachEvent,
) -> shapes.Event:
    """An event about who is in reach, or what came of it."""
    match event:
        case BeliefsReconciled() | ReconciliationWithdrawn():
            return shapes.Event(
                cursor=cursor,
                kind="reconciled" if isinstance(event, BeliefsReconciled) else "withdrawn",
                belief=event.first.hex(),
                other=event.second.hex(),
                member=event.author.hex(),
                strategy=event.strategy.name.lower(),  # type: ignore[arg-type]
            )
        case PeerAlive() | PeerDead():
            kind = LOCAL_KINDS[type(event)]
            return shapes.Event(cursor=cursor, kind=kind, member=event.peer.hex())
        case PeerSuspected(peer, by):
            reason = f"{name_of(state, by) or by.hex()[:12]} had no answer from it"
            return shapes.Event(cursor=cursor, kind="suspected", member=peer.hex(), reason=reason)
        case PartitionChanged():
            return shapes.Event(
                cursor=cursor,
                kind="partition",
                level=event.level.word,  # type: ignore[arg-type]
                reason=event.reason,
            )
        case PartitionHealed(episode=episode):
            view = partition_view(state, episode)
            return shapes.Event(cursor=cursor, kind="healed", level=view.level, partition=view)
        case RecoveryBegan(cause):
            return shapes.Event(cursor=cursor, kind="recovering", reason=cause.name.lower())
        case RecoveryEnded(_, said, lost):
            reason = f"{said} steps said again, {lost} blocks lost"
            return shapes.Event(cursor=cursor, kind="recovered", reason=reason)
        case ReunionBegan(strategy, count):
            reason = f"diverged: {count} steps by {strategy.name.lower()}"
            return shapes.Event(cursor=cursor, kind="recovering", reason=reason)
        case ReunionEnded(undone, count, why):
            reason = f"undone: {why}; {count} steps last" if undone else f"{count} steps done"
            return shapes.Event(cursor=cursor, kind="recovered", reason=f"diverged: {reason}")
        case _:
            assert_never(event)


LOCAL_KINDS: dict[
    type[MembershipEvent | PartitionEvent | ToldEvent | ToldReunion], shapes.EventKind
] = {
    PeerAlive: "alive", PeerSuspected: "suspected", PeerDead: "dead",
    PartitionChanged: "partition", PartitionHealed: "healed",
    RecoveryBegan: "recovering", RecoveryEnded: "recovered",
    ReunionBegan: "recovering", ReunionEnded: "recovered",
}  # fmt: skip


def partition_figures(node: Node) -> Iterator[Any]:
    """The metrics of splits."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    partition = node.partition
    sight = partition.sight
    yield GaugeMetricFamily(
        "credimus_partition_level",
        "How much of the fleet is out of reach: 0 none, 1 minor, 2 partial, 3 severe",
        value=int(partition.level),
    )
    yield GaugeMetricFamily(
        "credimus_partition_reachable",
        "Members in reach both ways, this node included",
        value=len(sight.reachable),
    )
    for name, count in asdict(partition.counts).items():
        yield CounterMetricFamily(f"credimus_partition_{name}", _TEXTS[name], value=count)
    yield CounterMetricFamily(
        "credimus_partition_uncompared",
        "Beliefs accepted apart, and pairs of them, that were too many to be reconciled",
        value=partition.uncompared_count,
    )


_TEXTS = {
    "splits": "Times that part of the fleet came to be out of reach",
    "refused": "Writes refused because the fleet was split",
    "tentative": "Writes taken that can not be decided before the fleet heals",
    "reconciled": "Pairs of beliefs accepted apart that this node reconciled",
}
