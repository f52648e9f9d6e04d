"""Endpoints about beliefs: assert, vote, retract, relate, propose again, list, look at."""

from hashlib import sha256

import msgspec

from credimus.api import inputs, shapes
from credimus.api.endpoint import KEY_HEADER
from credimus.api.message import JSON, Answer, Request
from credimus.api.problems import Waited
from credimus.api.views import belief_view, receipt_view, row_view
from credimus.kernel.errors import Unavailable, UsageError
from credimus.kernel.fixed import millionths
from credimus.kernel.hlc import stamp_of
from credimus.kernel.ids import BeliefId
from credimus.node.commands import (
    AnyCommand,
    AssertBelief,
    CastVote,
    ProposeBelief,
    RelateBeliefs,
    RetractBelief,
)
from credimus.node.queries import find_belief
from credimus.runtime.daemon import Daemon
from credimus.runtime.idempotency import Key
from credimus.runtime.receipt import Receipt
from credimus.runtime.settings import rules_of
from credimus.runtime.store.interface import BeliefQuery, cursor_after
from credimus.state.operations import Choice, Evidence, Relation, Rules

_WALL_MS_MAX = (1 << 47) - 1
_encode = msgspec.json.Encoder().encode


async def assert_belief(daemon: Daemon, asked: inputs.NewBelief, request: Request) -> Answer:
    """POST /v1/beliefs: states a belief, and puts it to the vote."""
    command = AssertBelief(
        content=asked.content,
        category=asked.category,
        confidence=millionths(asked.confidence, "confidence"),
        evidence=tuple(Evidence(one.kind, one.content) for one in asked.evidence),
        ttl_ms=asked.ttl_ms,
        propose=asked.propose,
        rules=_rules(daemon, asked),
    )
    if asked.wait_for == "decided" and not asked.propose:
        raise UsageError("bad-field", "wait_for decided needs propose: nobody votes otherwise.")
    return await _submit(daemon, command, asked, request)


async def vote(daemon: Daemon, asked: inputs.NewVote, request: Request) -> Answer:
    """POST /v1/beliefs/{id}/votes: votes in the open round on a belief; a vote is final."""
    command = CastVote(
        belief=_named(daemon, request),
        choice=Choice[asked.choice.upper()],
        confidence=millionths(asked.confidence, "confidence"),
        reason=asked.reason,
    )
    return await _submit(daemon, command, asked, request)


async def retract(daemon: Daemon, asked: inputs.NewRetraction, request: Request) -> Answer:
    """POST /v1/beliefs/{id}/retract: takes back this node's own assertions of a belief."""
    command = RetractBelief(belief=_named(daemon, request), reason=asked.reason)
    return await _submit(daemon, command, asked, request)


async def relate(daemon: Daemon, asked: inputs.NewRelation, request: Request) -> Answer:
    """POST /v1/beliefs/{id}/relations: states how a belief bears on another."""
    command = RelateBeliefs(
        source=_named(daemon, request),
        relation=Relation[asked.relation.upper()],
        target=find_belief(daemon.node.state, asked.target).id,
    )
    return await _submit(daemon, command, asked, request)


async def propose(daemon: Daemon, asked: inputs.NewRound, request: Request) -> Answer:
    """POST /v1/beliefs/{id}/rounds: opens a new round on a belief."""
    command = ProposeBelief(belief=_named(daemon, request), rules=_rules(daemon, asked))
    return await _submit(daemon, command, asked, request)


def list_beliefs(daemon: Daemon, asked: inputs.BeliefsAsked, _: Request) -> shapes.BeliefPage:
    """GET /v1/beliefs: beliefs, the newest first."""
    daemon.projector.flush()
    since = None if asked.since is None else stamp_of(min(asked.since, _WALL_MS_MAX))
    rows = daemon.models.beliefs(
        BeliefQuery(
            category=asked.category,
            verdict=asked.verdict,
            since=since,
            text=asked.text,
            limit=asked.limit,
            cursor=asked.cursor,
        )
    )
    return shapes.BeliefPage(
        beliefs=[row_view(row) for row in rows],
        cursor=cursor_after(rows[-1]) if len(rows) == asked.limit else None,
    )


def look_at(daemon: Daemon, _: None, request: Request) -> shapes.BeliefDetail:
    """GET /v1/beliefs/{id}: a belief with its assertions, relations, rounds and votes."""
    state = daemon.node.state
    return belief_view(state, find_belief(state, request.name))


def _named(daemon: Daemon, request: Request) -> BeliefId:
    return find_belief(daemon.node.state, request.name).id


def _rules(daemon: Daemon, asked: inputs.NewRules) -> Rules | None:
    """The rules asked for, completed by the node's own; None when nothing is asked for."""
    if asked.scheme is asked.threshold is asked.aggregation is None:
        return None
    own = daemon.settings.voting
    scheme = asked.scheme or own.scheme
    threshold = asked.threshold
    if threshold is None and scheme == own.scheme:
        threshold = own.threshold
    return rules_of(scheme, threshold, asked.aggregation or own.aggregation)


async def _submit(
    daemon: Daemon, command: AnyCommand, wait: inputs.Wait, request: Request
) -> Answer:
    """Write, once under a key, and wait for what the caller asked."""
    replicas = _replicas(daemon, wait.wait_for)

    async def answering(receipt: Receipt) -> bytes:
        return _encode(await _waited(daemon, receipt, wait, replicas))

    status = 200 if request.path.endswith("/retract") else 201
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return Answer(await answering(daemon.driver.submit(command)), status)
    assert request.principal is not None  # noqa: S101 - every write asks for a token
    asked = b"\0".join((request.path.encode(), sha256(request.body).digest()))
    named = Key(key, request.principal.id)
    body, again = await daemon.once.write(named, asked, command, answering)
    return Answer(body, status, JSON, (("idempotent-replayed", "true"),) if again else ())


async def _waited(
    daemon: Daemon, receipt: Receipt, wait: inputs.Wait, replicas: int
) -> shapes.Receipt:
    """The receipt when the write has come as far as its caller wants."""
    written = receipt.written
    await receipt.local()
    try:
        if replicas:
            await receipt.replicated(replicas, wait.timeout)
        elif wait.wait_for == "decided":
            await receipt.decided(wait.timeout)
    except Unavailable as problem:
        raise Waited(
            problem,
            written.belief.hex() if written.belief is not None else None,
            written.round.hex() if written.round is not None else None,
        ) from None
    belief = written.belief
    return receipt_view(receipt, None if belief is None else daemon.driver.verdict(belief))


def _replicas(daemon: Daemon, wait_for: str) -> int:
    """How many members must hold the write; 0 when that is not waited for."""
    word, _, count = wait_for.partition(":")
    if word != "replicated":
        return 0
    members = len(daemon.node.state.roster.current)
    if not 1 <= int(count) <= members:
        raise UsageError(
            "out-of-range", f"wait_for is {wait_for}; the fleet has {members} members to hold it."
        )
    return int(count)
