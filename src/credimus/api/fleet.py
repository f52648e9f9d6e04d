"""Endpoints about the node and its fleet: status, members, events, tickets, joining, links,
health."""

from starlette.requests import Request
from starlette.responses import Response

from credimus.api import shapes
from credimus.api.endpoint import read_body
from credimus.api.fleet_views import events_view, failure_view, members_view, status_view
from credimus.certificate import FleetKey, fleet_key
from credimus.kernel.errors import Unavailable, UsageError
from credimus.runtime.admitting import admit
from credimus.runtime.daemon import Daemon
from credimus.runtime.ticket import REQUEST_BYTES_MAX, ticket_text

OCTETS = "application/octet-stream"


async def status(daemon: Daemon, _: None, __: Request) -> shapes.Status:
    """GET /v1/status."""
    return status_view(daemon)


async def members(daemon: Daemon, _: None, __: Request) -> list[shapes.MemberItem]:
    """GET /v1/members."""
    return members_view(daemon)


async def events(daemon: Daemon, asked: shapes.EventsAsked, _: Request) -> shapes.EventPage:
    """GET /v1/events: what happened after a cursor; waits for a first event when asked to."""
    feed = daemon.feed
    after = feed.number if asked.after is None else feed.number_of(asked.after)
    if asked.timeout:
        await feed.wait(after, asked.timeout)
    return events_view(daemon, after, asked.limit)


async def key(daemon: Daemon, _: None, __: Request) -> FleetKey:
    """GET /v1/fleet."""
    roster = daemon.node.state.roster
    if roster.founder is None:
        raise Unavailable(
            "founder-unknown",
            "this node has not seen the founding of its fleet yet; try again when it has caught "
            "up.",
        )
    return fleet_key(daemon.node.fleet, roster.keys[roster.founder], roster.fleet_name)


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
    failure = failure_view(daemon)
    return shapes.Health(
        status="failing" if failure else "ok" if size == expected and not orphans else "degraded",
        cluster_size=size,
        expected=expected,
        quorum=3 * size > 2 * expected,
        orphans=orphans,
        failure=failure,
    )
