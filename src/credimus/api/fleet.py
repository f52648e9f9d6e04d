"""Endpoints about the node and its fleet: status, members, tickets, joining, links, health."""

import os
import time

import msgspec

from credimus import __version__
from credimus.api import inputs, shapes
from credimus.api.message import Answer, Headers, Request
from credimus.api.problems import HttpError
from credimus.api.views import evaluating_view
from credimus.kernel.errors import Unavailable, UsageError
from credimus.kernel.hlc import wall_ms_of
from credimus.node.queries import belief_counts, faults_of, round_counts, suffices
from credimus.runtime.admitting import admit
from credimus.runtime.daemon import Daemon
from credimus.runtime.store.interface import read_cursor, written_cursor
from credimus.runtime.ticket import REQUEST_BYTES_MAX, ticket_text
from credimus.state.verdict import Verdict

OCTETS = "application/octet-stream"


def status(daemon: Daemon, _: None, __: Request) -> shapes.Status:
    """GET /v1/status: how the node is."""
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
        beliefs=len(state.beliefs),
        decided=sum(verdicts[one.word] for one in Verdict if one.decided),
        verdicts=verdicts,
        rounds=round_counts(state),
        faults=[
            shapes.FaultItem(peer=peer.hex(), code=code, count=count)
            for peer, code, count in faults_of(node)
        ],
        failure=_failure(daemon),
        inbox_dropped=daemon.driver.inbox_dropped_count + daemon.links.counts.dropped,
        steps=daemon.driver.step_count,
        evaluating=None if daemon.asking is None else evaluating_view(daemon.asking),
    )


def members(daemon: Daemon, asked: inputs.MembersAsked, _: Request) -> Answer:
    """GET /v1/members: the roster, in order of admission; `Link` names the next page."""
    connected, own = set(daemon.links.neighbours()), daemon.node.id
    after = (-1, b"") if asked.cursor is None else read_cursor(asked.cursor)
    current = daemon.node.state.roster.current.by_id.values()
    rest = sorted(
        (one for one in current if (one.admitted_stamp, one.node) > after),
        key=lambda one: (one.admitted_stamp, one.node),
    )
    page = rest[: asked.limit]
    items = [
        shapes.MemberItem(
            id=one.node.hex(),
            name=one.name,
            address=one.address,
            admitted_ms=wall_ms_of(one.admitted_stamp),
            admitted_by=one.admitted_by.hex(),
            self=one.node == own,
            connected=one.node == own or one.node in connected,
        )
        for one in page
    ]
    headers: Headers = ()
    if len(rest) > len(page):
        cursor = written_cursor(page[-1].admitted_stamp, page[-1].node)
        target = f"/v1/members?limit={asked.limit}&cursor={cursor}"
        headers = (("link", f'<{target}>; rel="next"'),)
    return Answer(msgspec.json.encode(items), headers=headers)


def invite(daemon: Daemon, asked: inputs.NewTicket, _: Request) -> shapes.Invitation:
    """POST /v1/tickets: a ticket with which one node can join."""
    node, roster = daemon.node, daemon.node.state.roster
    if node.id not in roster.current or roster.founder is None:
        raise Unavailable(
            "not-a-member", "this node is not in its roster yet; try again when it has caught up."
        )
    address = (asked.address or daemon.url).rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise UsageError("address-unusable", "address: give one such as http://10.0.0.7:8701.")
    ticket = daemon.tickets.issue(address, node.fleet, roster.keys[roster.founder], asked.expires_s)
    return shapes.Invitation(
        ticket=ticket_text(ticket),
        id=ticket.ticket.hex(),
        fleet=node.fleet.hex(),
        expires_ms=ticket.expires_wall_ms,
    )


async def join(daemon: Daemon, _: None, request: Request) -> Answer:
    """POST /v1/join: sealed bytes in and out; the ticket is the permission."""
    if len(request.body) > REQUEST_BYTES_MAX:
        raise HttpError(
            "body-too-large", f"the body has more than {REQUEST_BYTES_MAX} bytes; send less.", 413
        )
    return Answer(await admit(daemon, request.body), media_type=OCTETS)


async def set_links(daemon: Daemon, asked: inputs.LinksWanted, _: Request) -> shapes.LinksState:
    """POST /v1/links: takes the links to other nodes down, or up again."""
    await daemon.links.set_open(asked.open)
    return shapes.LinksState(open=daemon.links.are_open, dialled=list(daemon.links.dialled))


def alive(_: Daemon, __: None, ___: Request) -> shapes.Alive:
    """GET /livez: the process answers."""
    return shapes.Alive()


def ready(daemon: Daemon, _: None, __: Request) -> shapes.Alive:
    """GET /readyz: the store is loaded and takes writes; a partition does not matter."""
    failure = daemon.driver.failure
    if failure is not None:
        raise failure.with_traceback(None)
    return shapes.Alive()


def health(daemon: Daemon, _: None, __: Request) -> shapes.Health:
    """GET /health: the fleet as this node sees it."""
    node, current = daemon.node, daemon.node.state.roster.current
    connected = {one for one in daemon.links.neighbours() if one in current and one != node.id}
    expected, size = len(current), len(connected) + (node.id in current)
    orphans, failure = node.orphan_count, _failure(daemon)
    lags = [
        shapes.Lag(
            member=one.node.hex(),
            name=one.name,
            connected=one.node in connected,
            blocks=daemon.acknowledged.lag(one.node),
        )
        for one in sorted(current.by_id.values(), key=lambda one: (one.admitted_stamp, one.node))
        if one.node != node.id
    ]
    in_sync = not orphans and not any(one.blocks for one in lags if one.connected)
    return shapes.Health(
        status="failing" if failure else "ok" if size == expected and in_sync else "degraded",
        cluster_size=size,
        expected=expected,
        in_sync=in_sync,
        lag=lags,
        quorum=suffices(daemon.rules, size, expected),
        orphans=orphans,
        failure=failure,
    )


def _failure(daemon: Daemon) -> shapes.Failure | None:
    failure = daemon.driver.failure
    return None if failure is None else shapes.Failure(code=failure.code, message=failure.message)
