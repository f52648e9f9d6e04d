"""GET /v1/log: who did what, when, in causal order."""

import msgspec

from credimus.api.message import Request
from credimus.api.shapes import inputs
from credimus.api.times import iso
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import NodeId
from credimus.lace.lace import Place
from credimus.node.node import Node
from credimus.node.showing.queries import find_belief, name_of
from credimus.runtime.audit.entries import Entry
from credimus.runtime.audit.kinds import Kind
from credimus.runtime.audit.log import AuditQuery, audit
from credimus.runtime.daemon import Daemon
from credimus.state.fleet import FleetState
from credimus.state.membership.naming import member_named


class LogItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a member did."""

    stamp: int
    """Hybrid logical clock of its block: later things have greater ones."""
    time: str
    """ISO 8601, of the stamp."""
    author: str
    author_name: str
    """Empty for who is no member now."""
    block: str
    sequence: int
    index: int
    """Of the operation in its block."""
    kind: Kind
    summary: str
    belief: str | None
    round: str | None


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/log."""

    entries: list[LogItem]
    """May be fewer than the limit although there are more: go on while there is a cursor."""
    cursor: str | None


class ActionItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done, or refused, at this node itself."""

    number: int
    time: str
    principal: str
    """The id of the token; empty for the node's owner, and the node itself."""
    name: str
    what: str
    on: str
    blocks: int
    """How many blocks the log held then."""


def read_actions(daemon: Daemon, asked: inputs.ActionsAsked, _: Request) -> list[ActionItem]:
    """GET /v1/actions: what was done at this node itself, the newest first."""
    return [
        ActionItem(
            number=one.number,
            time=iso(one.wall_ms),
            principal=one.principal,
            name=one.name,
            what=one.what,
            on=one.on,
            blocks=one.block_count,
        )
        for one in daemon.journal.newest(asked.limit)
    ]


def read_log(daemon: Daemon, asked: inputs.LogAsked, _: Request) -> LogPage:
    """GET /v1/log: who did what, when, in causal order."""
    node, everything = daemon.node, AuditQuery()
    query = AuditQuery(
        author=None if asked.author is None else _author(node, asked.author),
        kind=asked.kind,
        belief=None if asked.belief is None else find_belief(node.state, asked.belief).id,
        since_ms=asked.since if asked.since is not None else everything.since_ms,
        until_ms=asked.until if asked.until is not None else everything.until_ms,
        newest_first=asked.order == "newest",
        limit=asked.limit,
        cursor=asked.cursor,
    )
    page = audit(node, daemon.store, query)
    entries = [_view(node.state, place, entry) for place, entry in page.entries]
    return LogPage(entries=entries, cursor=page.cursor)


def _author(node: Node, given: str) -> NodeId:
    """The author that is meant: a member, or whoever has written.

    Raises:
        NotFound, Conflict: as `member_named`.
    """
    current = node.state.roster.current
    return member_named(current, given, {*current.by_id, *node.lace.authors()})


def _view(state: FleetState, place: Place, entry: Entry) -> LogItem:
    return LogItem(
        stamp=place.stamp,
        time=iso(wall_ms_of(place.stamp)),
        author=place.author.hex(),
        author_name=name_of(state, place.author),
        block=place.id.hex(),
        sequence=place.sequence,
        index=entry.index,
        kind=entry.kind,
        summary=entry.summary,
        belief=None if entry.belief is None else entry.belief.hex(),
        round=None if entry.round is None else entry.round.hex(),
    )
