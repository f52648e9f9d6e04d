"""Endpoints about beliefs: assert, vote, retract, relate, propose again, list, look at, explain."""

import msgspec

from credimus.api import commands
from credimus.api.keyed import key_of
from credimus.api.message import JSON, Answer, Request
from credimus.api.shapes import answers as shapes
from credimus.api.shapes import inputs
from credimus.api.views.beliefs import belief_view, page_view, receipt_view
from credimus.certificate import Archive, make_certificate
from credimus.kernel.errors import Conflict
from credimus.node.commands import AnyCommand
from credimus.node.showing.disclosing import disclosed
from credimus.node.showing.queries import find_belief
from credimus.runtime.access.principals import OWNER
from credimus.runtime.daemon import Daemon
from credimus.why.explain import explain
from credimus.why.explanation import Explanation

_encode = msgspec.json.Encoder().encode


async def assert_belief(daemon: Daemon, asked: inputs.NewBelief, request: Request) -> Answer:
    """POST /v1/beliefs: states a belief, and puts it to the vote."""
    return await write_answer(daemon, commands.assertion(daemon, asked), asked, request)


async def vote(daemon: Daemon, asked: inputs.NewVote, request: Request) -> Answer:
    """POST /v1/beliefs/{id}/votes: votes in the open round on a belief; a vote is final."""
    return await write_answer(daemon, commands.vote(daemon, request.name, asked), asked, request)


async def retract(daemon: Daemon, asked: inputs.NewRetraction, request: Request) -> Answer:
    """POST /v1/beliefs/{id}/retract: takes back this node's own assertions of a belief."""
    command = commands.retraction(daemon, request.name, asked)
    return await write_answer(daemon, command, asked, request, status=200)


async def share(daemon: Daemon, asked: inputs.NewReaders, request: Request) -> Answer:
    """POST /v1/beliefs/{id}/readers: lets further members read an enclosed belief."""
    command = commands.sharing(daemon, request.name, asked)
    return await write_answer(daemon, command, asked, request)


async def relate(daemon: Daemon, asked: inputs.NewRelation, request: Request) -> Answer:
    """POST /v1/beliefs/{id}/relations: states how a belief bears on another."""
    return await write_answer(
        daemon, commands.relation(daemon, request.name, asked), asked, request
    )


async def propose(daemon: Daemon, asked: inputs.NewRound, request: Request) -> Answer:
    """POST /v1/beliefs/{id}/rounds: opens a new round on a belief."""
    return await write_answer(
        daemon, commands.proposal(daemon, request.name, asked), asked, request
    )


async def receipt(daemon: Daemon, asked: inputs.ReceiptAsked, request: Request) -> shapes.Receipt:
    """GET /v1/receipts/{id}: how far an earlier write of this node has come."""
    found = commands.receipt_of(daemon, request.name, asked)
    await commands.waited(daemon, found, asked.wait_for, asked.timeout)
    return receipt_view(found, daemon.driver)


def list_beliefs(daemon: Daemon, asked: inputs.BeliefsAsked, _: Request) -> shapes.BeliefPage:
    """GET /v1/beliefs: beliefs, the newest first."""
    return page_view(daemon, asked)


def look_at(daemon: Daemon, _: None, request: Request) -> shapes.BeliefDetail:
    """GET /v1/beliefs/{id}: a belief with its assertions, relations, rounds and votes."""
    return belief_view(daemon.node, find_belief(daemon.node.state, request.name))


async def certify(daemon: Daemon, _: None, request: Request) -> Answer:
    """GET /v1/beliefs/{id}/certificate: the proof of a verdict, as the file itself."""
    node = daemon.node
    belief = find_belief(node.state, request.name)
    archive = Archive(node.fleet, node.lace, node.state, daemon.store.wires)
    try:
        return Answer(make_certificate(archive, belief))
    except Conflict as problem:  # its votes were let go: perhaps it was made before, here or there
        if problem.code != "compacted":
            raise
        kept = daemon.archive.find(belief.id) or await daemon.archive.borrow(belief.id)
        if kept is None:
            words = problem.message.removesuffix(" Ask another node.")
            nor = "Nor does a member in reach give one; ask again when others are there."
            raise Conflict(problem.code, f"{words} {nor}") from None
        return Answer(kept)


def why(daemon: Daemon, _: None, request: Request) -> Explanation:
    """GET /v1/beliefs/{id}/why: why a belief has its verdict, and what would change it."""
    state = daemon.node.state
    found = find_belief(state, request.name)
    attempts_max = daemon.settings.voting.attempts_max
    told = explain(state, daemon.node.lace, found, daemon.store.wires, attempts_max)
    return disclosed(told, daemon.node.reading.shown)


async def write_answer(
    daemon: Daemon, command: AnyCommand, wait: inputs.Wait, request: Request, status: int = 201
) -> Answer:
    """Write, once under a key, and wait for what the caller asked."""
    key = key_of(request, wait)
    again = key is not None and daemon.driver.keys.first(key, command) is not None
    principal = request.principal or OWNER
    written = await commands.write(daemon, command, wait, key, principal)
    headers = (("idempotent-replayed", "true"),) if again else ()
    return Answer(_encode(receipt_view(written, daemon.driver)), status, JSON, headers)
