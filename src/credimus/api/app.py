"""The ASGI application of a node: all routes in one table."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from credimus.api import beliefs, fleet, shapes
from credimus.api.endpoint import endpoint, http_problem
from credimus.api.metrics import metrics
from credimus.api.problems import answer_of
from credimus.runtime.daemon import Daemon


def application(daemon: Daemon) -> Starlette:
    """The API of a running node."""
    one = "/v1/beliefs/{id}"
    routes = [
        endpoint(daemon, "/livez", "GET", fleet.alive, guarded=False),
        endpoint(daemon, "/readyz", "GET", fleet.ready, guarded=False),
        endpoint(daemon, "/health", "GET", fleet.health, guarded=False),
        endpoint(daemon, "/metrics", "GET", metrics, guarded=False),
        endpoint(daemon, "/v1/status", "GET", fleet.status),
        endpoint(daemon, "/v1/fleet", "GET", fleet.key),
        endpoint(daemon, "/v1/members", "GET", fleet.members),
        endpoint(daemon, "/v1/events", "GET", fleet.events, shapes.EventsAsked),
        endpoint(daemon, "/v1/tickets", "POST", fleet.invite, shapes.NewTicket, status=201),
        endpoint(daemon, "/v1/join", "POST", fleet.join, guarded=False),
        endpoint(daemon, "/v1/links", "POST", fleet.set_links, shapes.LinksWanted),
        endpoint(daemon, "/v1/receipts/{sequence}", "GET", beliefs.receipt, shapes.ReceiptAsked),
        endpoint(daemon, "/v1/backups", "POST", fleet.back_up, status=201),
        endpoint(daemon, "/v1/beliefs", "GET", beliefs.list_beliefs, shapes.BeliefsAsked),
        endpoint(
            daemon, "/v1/beliefs", "POST", beliefs.assert_belief, shapes.NewBelief, status=201
        ),
        endpoint(daemon, one, "GET", beliefs.look_at),
        endpoint(daemon, f"{one}/why", "GET", beliefs.why),
        endpoint(daemon, f"{one}/certificate", "GET", beliefs.certify),
        endpoint(daemon, f"{one}/votes", "POST", beliefs.vote, shapes.NewVote, status=201),
        endpoint(daemon, f"{one}/retract", "POST", beliefs.retract, shapes.NewRetraction),
        endpoint(
            daemon, f"{one}/relations", "POST", beliefs.relate, shapes.NewRelation, status=201
        ),
        endpoint(daemon, f"{one}/rounds", "POST", beliefs.propose, shapes.NewRound, status=201),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _refused})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    answer = answer_of(http_problem(error.status_code, request.url.path))
    if error.headers:
        answer.headers.update(error.headers)
    return answer
