"""Endpoints about the node and its fleet: status, members, tickets, joining, links, health."""

import os
import time

from starlette.requests import Request
from starlette.responses import Response

from credimus import __version__
from credimus.api import shapes
from credimus.api.endpoint import read_body
from credimus.api.views import evaluating_view
from credimus.kernel.errors import Unavailable, UsageError
from credimus.kernel.hlc import wall_ms_of
from credimus.node.queries import belief_counts, faults_of, lag_of, last_stamp_of, round_counts
from credimus.runtime.admitting import admit
from credimus.runtime.daemon import Daemon
from credimus.runtime.ticket import REQUEST_BYTES_MAX, ticket_text
from credimus.state.verdict import Verdict

OCTETS = "application/octet-stream"


async def status(daemon: Daemon, _: None, __: Request) -> shapes.Status:
    """GET /v1/status."""
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
        latest_ms=wall_ms_of(node.clock.last),
        forked=node.authors[0].forked,
    )


async def members(daemon: Daemon, _: None, __: Request) -> list[shapes.MemberItem]:
    """GET /v1/members."""
    connected = set(daemon.links.neighbours())
    current = daemon.node.state.roster.current.by_id.values()
    return [
        shapes.MemberItem(
            id=one.node.hex(),
            name=one.name,
            address=one.address,
            admitted_ms=wall_ms_of(one.admitted_stamp),
            admitted_by=one.admitted_by.hex(),
            self=one.node == daemon.node.id,
            connected=one.node == daemon.node.id or one.node in connected,
            lag=lag_of(daemon.node, one.node),
            said_ms=_wall_ms(last_stamp_of(daemon.node, one.node)),
        )
        for one in sorted(current, key=lambda one: (one.admitted_stamp, one.node))
    ]


async def invite(daemon: Daemon, asked: shapes.NewTicket, _: Request) -> shapes.Invitation:
    """POST /v1/tickets."""
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


async def join(daemon: Daemon, _: None, request: Request) -> Response:
    """POST /v1/join: sealed bytes in and out; the ticket is the permission."""
    body = await read_body(request, REQUEST_BYTES_MAX)
    return Response(await admit(daemon, body), media_type=OCTETS)


async def set_links(daemon: Daemon, asked: shapes.LinksWanted, _: Request) -> shapes.LinksState:
    """POST /v1/links."""
    await daemon.links.set_open(asked.open)
    return shapes.LinksState(open=daemon.links.are_open, dialled=list(daemon.links.dialled))


async def back_up(daemon: Daemon, _: None, __: Request) -> shapes.Copied:
    """POST /v1/backups: a copy of the database in the node's folder; nothing else runs meanwhile.

    Only who can read the folder can fetch it: no path and no content goes over HTTP.
    """
    daemon.store.database.copy(daemon.home.copy)
    return shapes.Copied(file=daemon.home.copy.name, blocks=daemon.store.block_count)


async def alive(_: Daemon, __: None, ___: Request) -> dict[str, str]:
    """GET /livez: the process answers."""
    return {"status": "ok"}


async def ready(daemon: Daemon, _: None, __: Request) -> dict[str, str]:
    """GET /readyz: the store is loaded and takes writes; a partition does not matter."""
    failure = daemon.driver.failure
    if failure is not None:
        raise failure.with_traceback(None)
    return {"status": "ok"}


async def health(daemon: Daemon, _: None, __: Request) -> shapes.Health:
    """GET /health: the fleet as this node sees it."""
    current = daemon.node.state.roster.current
    connected = {one for one in daemon.links.neighbours() if one in current}
    expected = len(current)
    size = len(connected | ({daemon.node.id} if daemon.node.id in current else set()))
    orphans = daemon.node.orphan_count
    failure = _failure(daemon)
    return shapes.Health(
        status="failing" if failure else "ok" if size == expected and not orphans else "degraded",
        cluster_size=size,
        expected=expected,
        quorum=3 * size > 2 * expected,
        orphans=orphans,
        failure=failure,
    )


def _wall_ms(stamp: int | None) -> int | None:
    return None if stamp is None else wall_ms_of(stamp)


def _failure(daemon: Daemon) -> shapes.Failure | None:
    failure = daemon.driver.failure
    return None if failure is None else shapes.Failure(code=failure.code, message=failure.message)
