"""Endpoints about beliefs: assert, vote, retract, relate, propose again, list, look at, explain."""

from starlette.requests import Request
from starlette.responses import Response

from credimus.api import commands, shapes
from credimus.api.endpoint import JSON
from credimus.api.views import belief_view, page_view, receipt_view
from credimus.certificate import Archive, make_certificate
from credimus.node.commands import AnyCommand
from credimus.node.queries import find_belief
from credimus.runtime.daemon import Daemon
from credimus.why.explain import explain
from credimus.why.explanation import Explanation


async def assert_belief(daemon: Daemon, asked: shapes.NewBelief, _: Request) -> shapes.Receipt:
    """POST /v1/beliefs."""
    return await _write(daemon, commands.assertion(daemon, asked), asked)


async def vote(daemon: Daemon, asked: shapes.NewVote, request: Request) -> shapes.Receipt:
    """POST /v1/beliefs/{id}/votes."""
    return await _write(daemon, commands.vote(daemon, _name(request), asked), asked)


async def retract(daemon: Daemon, asked: shapes.NewRetraction, request: Request) -> shapes.Receipt:
    """POST /v1/beliefs/{id}/retract."""
    return await _write(daemon, commands.retraction(daemon, _name(request), asked), asked)


async def relate(daemon: Daemon, asked: shapes.NewRelation, request: Request) -> shapes.Receipt:
    """POST /v1/beliefs/{id}/relations."""
    return await _write(daemon, commands.relation(daemon, _name(request), asked), asked)


async def propose(daemon: Daemon, asked: shapes.NewRound, request: Request) -> shapes.Receipt:
    """POST /v1/beliefs/{id}/rounds."""
    return await _write(daemon, commands.proposal(daemon, _name(request), asked), asked)


async def receipt(daemon: Daemon, asked: shapes.ReceiptAsked, request: Request) -> shapes.Receipt:
    """GET /v1/receipts/{sequence}."""
    found = commands.receipt_of(daemon, request.path_params["sequence"], asked)
    await commands.waited(daemon, found, asked.wait_for, asked.timeout)
    return receipt_view(found, daemon.driver)


async def list_beliefs(daemon: Daemon, asked: shapes.BeliefsAsked, _: Request) -> shapes.BeliefPage:
    """GET /v1/beliefs."""
    return page_view(daemon, asked)


async def look_at(daemon: Daemon, _: None, request: Request) -> shapes.BeliefDetail:
    """GET /v1/beliefs/{id}."""
    state = daemon.node.state
    return belief_view(state, find_belief(state, _name(request)))


async def certify(daemon: Daemon, _: None, request: Request) -> Response:
    """GET /v1/beliefs/{id}/certificate: the file itself, one field a line."""
    node = daemon.node
    belief = find_belief(node.state, _name(request))
    archive = Archive(node.fleet, node.lace, node.state, daemon.store.wires)
    return Response(make_certificate(archive, belief), media_type=JSON)


async def why(daemon: Daemon, _: None, request: Request) -> Explanation:
    """GET /v1/beliefs/{id}/why."""
    state = daemon.node.state
    return explain(state, daemon.node.lace, find_belief(state, _name(request)), daemon.store.wires)


def _name(request: Request) -> str:
    return str(request.path_params["id"])


async def _write(daemon: Daemon, command: AnyCommand, wait: shapes.Wait) -> shapes.Receipt:
    return receipt_view(await commands.write(daemon, command, wait), daemon.driver)
