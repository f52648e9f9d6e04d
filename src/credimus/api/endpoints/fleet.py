"""Endpoints about the node and its fleet: status, members, events, tickets, joining, links,
backups, health."""

import msgspec

from credimus.api.endpoints.doors import open_breakers
from credimus.api.endpoints.members import powers_of
from credimus.api.message import Answer, Headers, Request
from credimus.api.problems import HttpError
from credimus.api.reaching import ticket_address, warning_of
from credimus.api.shapes import answers as shapes
from credimus.api.shapes import inputs
from credimus.api.shapes.health import Health, Lag
from credimus.api.views.fleet import events_view, failure_view, members_page, status_view
from credimus.certificate import FleetKey, fleet_key
from credimus.kernel.errors import Unavailable
from credimus.node.saying.rostering import check_may_admit
from credimus.node.showing.queries import Lags
from credimus.protocol.partition.interface import Level
from credimus.runtime.daemon import Daemon
from credimus.runtime.driver import now
from credimus.runtime.joining.admitting import admit
from credimus.runtime.joining.ticket import REQUEST_BYTES_MAX, ticket_text
from credimus.state.voting.electorates import suffices

OCTETS = "application/octet-stream"


def status(daemon: Daemon, _: None, __: Request) -> shapes.Status:
    """GET /v1/status: how the node is."""
    return status_view(daemon)


def show_fleet(daemon: Daemon, _: None, __: Request) -> FleetKey:
    """GET /v1/fleet: what others need to check this fleet's certificates."""
    roster = daemon.node.state.roster
    if roster.founder is None:
        raise Unavailable(
            "founder-unknown",
            "this node has not seen the founding of its fleet yet; try again when it has caught "
            "up.",
        )
    return fleet_key(daemon.node.fleet, roster.keys[roster.founder], roster.fleet_name)


def members(daemon: Daemon, asked: inputs.MembersAsked, _: Request) -> Answer:
    """GET /v1/members: the roster, in order of admission; `Link` names the next page."""
    found, cursor = members_page(daemon, asked)
    headers: Headers = ()
    if cursor is not None:
        target = f"/v1/members?limit={asked.limit}&cursor={cursor}"
        headers = (("link", f'<{target}>; rel="next"'),)
    return Answer(msgspec.json.encode(found), headers=headers)


async def events(daemon: Daemon, asked: inputs.EventsAsked, _: Request) -> shapes.EventPage:
    """GET /v1/events: what happened after a cursor; waits for a first event when asked to."""
    feed = daemon.feed
    after = feed.newest if asked.after is None else feed.mark_of(asked.after)
    if asked.timeout:
        await feed.wait(after, asked.timeout)
    return events_view(daemon, after, asked.limit)


def invite(daemon: Daemon, asked: inputs.NewTicket, request: Request) -> shapes.Invitation:
    """POST /v1/tickets: a ticket with which one node can join."""
    node, roster = daemon.node, daemon.node.state.roster
    if node.id not in roster.current or roster.founder is None:
        raise Unavailable(
            "not-a-member", "this node is not in its roster yet; try again when it has caught up."
        )
    address = ticket_address(daemon, asked.address)
    powers = powers_of(asked.may, asked.categories)
    check_may_admit(node.id, powers, roster.current)
    founder_key = roster.keys[roster.founder]
    ticket = daemon.tickets.issue(address, node.fleet, founder_key, asked.expires_s, powers)
    daemon.enter("ticket-made", ticket.ticket.hex(), request.principal)
    return shapes.Invitation(
        ticket=ticket_text(ticket),
        id=ticket.ticket.hex(),
        fleet=node.fleet.hex(),
        expires_ms=ticket.expires_wall_ms,
        address=address,
        warning=warning_of(daemon, address),
    )


async def join(daemon: Daemon, _: None, request: Request) -> Answer:
    """POST /v1/join: sealed bytes in and out; the ticket is the permission."""
    if len(request.body) > REQUEST_BYTES_MAX:
        raise HttpError(
            "body-too-large", f"the body has more than {REQUEST_BYTES_MAX} bytes; send less.", 413
        )
    return Answer(await admit(daemon, request.body), media_type=OCTETS)


async def set_links(
    daemon: Daemon, asked: inputs.LinksWanted, request: Request
) -> shapes.LinksState:
    """POST /v1/links: takes the links to other nodes down, or up again."""
    await daemon.links.set_open(asked.open)
    daemon.enter("links-opened" if asked.open else "links-closed", "", request.principal)
    return shapes.LinksState(open=daemon.links.are_open, dialled=list(daemon.links.dialled))


def back_up(daemon: Daemon, _: inputs.Nothing, request: Request) -> shapes.Copied:
    """POST /v1/backups: copies the database in the node's folder; nothing else runs meanwhile.

    Only who can read the folder can fetch it: no path and no content goes over HTTP.
    """
    daemon.enter("copied", daemon.home.copy.name, request.principal)
    daemon.store.database.copy(daemon.home.copy)
    return shapes.Copied(file=daemon.home.copy.name, blocks=daemon.store.block_count)


def alive(_: Daemon, __: None, ___: Request) -> shapes.Alive:
    """GET /livez: the process answers."""
    return shapes.Alive()


def ready(daemon: Daemon, _: None, __: Request) -> shapes.Alive:
    """GET /readyz: the store is loaded and takes writes; a partition does not matter."""
    failure = daemon.driver.failure
    if failure is not None:
        raise failure.with_traceback(None)
    return shapes.Alive()


def health(daemon: Daemon, _: None, __: Request) -> Health:
    """GET /health: the fleet as this node sees it."""
    node, current = daemon.node, daemon.node.state.roster.current
    connected = {one for one in daemon.links.neighbours() if one in current and one != node.id}
    expected, size = len(current), len(connected) + (node.id in current)
    orphans, failure = node.orphan_count, failure_view(daemon)
    behind, wall_ms = Lags(node), now().wall_ms
    lags = [
        Lag(
            member=one.node.hex(),
            name=one.name,
            connected=one.node in connected,
            blocks=behind.blocks(one.node),
        )
        for one in sorted(current.by_id.values(), key=lambda one: (one.admitted_stamp, one.node))
        if one.node != node.id
    ]
    in_sync = not orphans and not any(behind.is_late(one, wall_ms) for one in connected)
    level = node.partition.level
    whole = size == expected and in_sync and level is Level.NONE
    return Health(
        status="failing" if failure else "ok" if whole else "degraded",
        cluster_size=size,
        expected=expected,
        in_sync=in_sync,
        lag=lags,
        partition=level.word,  # type: ignore[arg-type]
        quorum=suffices(daemon.rules, size, expected),
        orphans=orphans,
        left_alone=open_breakers(daemon),
        failure=failure,
    )
