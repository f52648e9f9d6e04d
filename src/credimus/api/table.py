"""Every endpoint of the API in one table, from which it is served and described."""

from functools import cache
from typing import Any

from credimus.api.endpoint import Endpoint
from credimus.api.endpoints import (
    beliefs,
    checkpoints,
    fleet,
    log,
    members,
    messages,
    partitions,
    stream,
    tokens,
    violations,
)
from credimus.api.endpoints.convergence import convergence
from credimus.api.endpoints.metrics import metrics
from credimus.api.endpoints.recovery import recover, show_recovery
from credimus.api.message import Answer, Request
from credimus.api.openapi import describe, written
from credimus.api.shapes import answers as shapes
from credimus.api.shapes import inputs
from credimus.api.shapes import members as member_shapes
from credimus.api.shapes import messages as message_shapes
from credimus.api.shapes.convergence import ConvergenceAsked, ConvergenceView
from credimus.api.shapes.health import Health
from credimus.api.shapes.members import MemberItem
from credimus.api.shapes.partitions import Partitions
from credimus.api.shapes.recovery import RecoveryAnswer
from credimus.api.shapes.reunion import RecoveryAsked
from credimus.api.shapes.violations import Violations
from credimus.certificate import FleetKey
from credimus.runtime.access.principals import Scope
from credimus.runtime.daemon import Daemon
from credimus.why.explanation import Explanation

_ONE = "/v1/beliefs/{id}"
_MEMBER = "/v1/members/{id}"
_TEXT = "text/plain; version=1.0.0; charset=utf-8"


def _post(path: str, work: Any, asked: Any, answers: Any, **more: Any) -> Endpoint:
    return Endpoint(method="POST", path=path, work=work, asked=asked, answers=answers, **more)


def _get(path: str, work: Any, answers: Any, asked: Any = None, **more: Any) -> Endpoint:
    return Endpoint(method="GET", path=path, work=work, asked=asked, answers=answers, **more)


def _write(
    path: str, work: Any, asked: Any, scope: Scope = "assert", status: int = 201
) -> Endpoint:
    return _post(path, work, asked, shapes.Receipt, scope=scope, status=status, keyed=True)


def _described(_: Daemon, __: None, ___: Request) -> Answer:
    """GET /openapi.json: this description."""
    return Answer(_description())


@cache
def _description() -> bytes:
    return written(describe(ENDPOINTS))


ENDPOINTS: tuple[Endpoint, ...] = (
    _get("/livez", fleet.alive, shapes.Alive, scope=None),
    _get("/readyz", fleet.ready, shapes.Alive, scope=None),
    _get("/openapi.json", _described, dict[str, Any], scope=None),
    _get("/health", fleet.health, Health),
    _get("/metrics", metrics, None, media_type=_TEXT),
    _get("/v1/status", fleet.status, shapes.Status),
    _get("/v1/fleet", fleet.show_fleet, FleetKey),
    _get("/v1/members", fleet.members, list[MemberItem], inputs.MembersAsked),
    _get("/v1/convergence", convergence, ConvergenceView, ConvergenceAsked),
    _get("/v1/beliefs", beliefs.list_beliefs, shapes.BeliefPage, inputs.BeliefsAsked, tagged=True),
    _get(_ONE, beliefs.look_at, shapes.BeliefDetail, tagged=True),
    _get("/v1/checkpoints", checkpoints.checkpoints, list[checkpoints.CheckpointItem]),
    _get("/v1/log", log.read_log, log.LogPage, inputs.LogAsked),
    _get("/v1/actions", log.read_actions, list[log.ActionItem], inputs.ActionsAsked, scope="admin"),
    _get(f"{_ONE}/why", beliefs.why, Explanation),
    _get(f"{_ONE}/certificate", beliefs.certify, dict[str, Any]),
    _get("/v1/receipts/{id}", beliefs.receipt, shapes.Receipt, inputs.ReceiptAsked),
    _get("/v1/partitions", partitions.show_partitions, Partitions),
    _get("/v1/violations", violations.show_violations, Violations),
    _get("/v1/recovery", show_recovery, RecoveryAnswer),
    _post("/v1/recovery", recover, RecoveryAsked, RecoveryAnswer, scope="admin"),
    _get("/v1/events", fleet.events, shapes.EventPage, inputs.EventsAsked),
    _get(stream.PATH, stream.stream, None, inputs.StreamAsked, media_type=stream.MEDIA_TYPE),
    _write("/v1/beliefs", beliefs.assert_belief, inputs.NewBelief),
    _write(f"{_ONE}/votes", beliefs.vote, inputs.NewVote, scope="vote"),
    _write(f"{_ONE}/retract", beliefs.retract, inputs.NewRetraction, status=200),
    _write(f"{_ONE}/readers", beliefs.share, inputs.NewReaders),
    _write(f"{_ONE}/relations", beliefs.relate, inputs.NewRelation),
    _write(f"{_ONE}/rounds", beliefs.propose, inputs.NewRound),
    _write(f"{_MEMBER}/expel", members.expel, inputs.NewExpulsion, scope="admin"),
    _write(f"{_MEMBER}/powers", members.set_powers, inputs.NewPowers, scope="admin", status=200),
    _write(f"{_MEMBER}/admit", members.admit, inputs.NewAdmission, scope="admin"),
    _post(
        "/v1/messages",
        messages.send,
        message_shapes.NewMessage,
        message_shapes.SentMessage,
        scope="message",
        status=201,
        keyed=True,
    ),
    _get(
        "/v1/messages",
        messages.inbox,
        message_shapes.Inbox,
        message_shapes.InboxAsked,
        scope="message",
    ),
    _get(
        "/v1/messages/sent",
        messages.list_sent,
        list[message_shapes.SentMessage],
        message_shapes.SentAsked,
    ),
    _get(
        "/v1/messages/{id}",
        messages.show_sent,
        message_shapes.SentMessage,
        message_shapes.MessageAsked,
    ),
    _post(
        "/v1/messages/{id}/done",
        messages.finish,
        message_shapes.NewResult,
        message_shapes.Finished,
        scope="message",
    ),
    _get("/v1/tokens", tokens.listed, list[tokens.TokenItem], scope="admin"),
    _post(
        "/v1/tokens", tokens.create, inputs.NewToken, tokens.TokenMade, scope="admin", status=201
    ),
    _post("/v1/tokens/{id}/revoke", tokens.revoke, inputs.Nothing, tokens.TokenItem, scope="admin"),
    _post(
        "/v1/key/rotate",
        members.rotate_key,
        inputs.NewKey,
        member_shapes.KeyRotated,
        scope="admin",
    ),
    _post(
        "/v1/tickets", fleet.invite, inputs.NewTicket, shapes.Invitation, scope="admin", status=201
    ),
    _post("/v1/links", fleet.set_links, inputs.LinksWanted, shapes.LinksState, scope="admin"),
    _post("/v1/backups", fleet.back_up, inputs.Nothing, shapes.Copied, scope="admin", status=201),
    _post("/v1/join", fleet.join, None, None, media_type=fleet.OCTETS, scope=None, raw=True),
)
