"""Commands about beliefs: assert, propose, vote, retract, relate, beliefs."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, SomeUrgency, moment_ms, seconds_of
from credimus.cli.output import FAILED, OK, Outcome, Refused, ratio_word, say, table
from credimus.kernel.errors import UsageError

Belief = Annotated[str, Parameter(help="A belief's id, or an unambiguous beginning of it.")]
Verdict = Literal["open", "expired", "accepted", "rejected", "contested"]
Relation = Literal["supports", "contradicts", "implies", "depends_on", "refines", "alternative_to"]
_SHOWN_DIGITS = 12


def assert_(
    text: Annotated[str, Parameter(help="The statement, at most 1,024 bytes.")],
    *,
    category: Annotated[str | None, Parameter(help="Chosen by keywords if not given.")] = None,
    confidence: Annotated[float, Parameter(help="0 to 1.")] = 1.0,
    evidence: Annotated[
        list[str] | None,
        Parameter(negative="", help="KIND:TEXT, such as sensor:gauge-7; up to ten times."),
    ] = None,
    ttl: Annotated[str | None, Parameter(help="Life of the assertion: 90s, 15m, 1h, 2d.")] = None,
    readers: Annotated[
        list[str] | None,
        Parameter(negative="", help="Who alone can read it: a member, or all of now; repeatable."),
    ] = None,
    no_propose: Annotated[
        bool, Parameter(negative="", help="Only state it: no round is opened on it.")
    ] = False,
    wait: Annotated[str, Parameter(help="local, decided or replicated:K.")] = "local",
    timeout: Annotated[str, Parameter(help="How long to wait at most.")] = "10s",
    urgency: SomeUrgency = "normal",
    key: Annotated[str | None, Parameter(help="Repeated under it, it is written once.")] = None,
    common: Common = Common(),
) -> Outcome:
    """State a belief and put it to the vote.

    With --wait decided the exit code is 1 when the fleet does not accept it.
    Example: credimus assert "the north gate is open" --evidence camera:frame-81 --wait decided
    """
    wait_s = seconds_of(timeout, "--timeout")
    if no_propose and wait == "decided":
        raise UsageError("usage", "--wait decided: with --no-propose nobody votes; leave out one.")
    receipt = _waited(
        common,
        "/v1/beliefs",
        wait,
        wait_s,
        content=text,
        category=category,
        confidence=confidence,
        evidence=[_evidence(one) for one in evidence or []],
        readers=readers,
        ttl_ms=None if ttl is None else round(seconds_of(ttl, "--ttl") * 1_000),
        propose=False if no_propose else None,
        urgency=urgency,
        key=key,
    )
    return _received(receipt, wait)


def propose(
    belief: Belief,
    *,
    scheme: Annotated[
        Literal["majority", "supermajority", "byzantine", "turnout", "credence"] | None,
        Parameter(help="How much decides; the node's own rule if not given."),
    ] = None,
    wait: Annotated[str, Parameter(help="local, decided or replicated:K.")] = "local",
    timeout: Annotated[str, Parameter(help="How long to wait at most.")] = "10s",
    urgency: SomeUrgency = "normal",
    common: Common = Common(),
) -> Outcome:
    """Put a belief to the vote again, after its round expired or was contested, or on new evidence.

    With --wait decided the exit code is 1 when the fleet does not accept it.
    Example: credimus propose 3f9c02aa --wait decided
    """
    wait_s = seconds_of(timeout, "--timeout")
    path = f"/v1/beliefs/{path_id(belief)}/rounds"
    receipt = _waited(common, path, wait, wait_s, scheme=scheme, urgency=urgency)
    return _received(receipt, wait)


def vote(
    belief: Belief,
    choice: Literal["accept", "reject", "abstain"],
    *,
    confidence: Annotated[float, Parameter(help="0 to 1.")] = 1.0,
    reason: Annotated[str, Parameter(help="At most 512 bytes; signed with the vote.")] = "",
    urgency: SomeUrgency = "normal",
    common: Common = Common(),
) -> Outcome:
    """Vote in the open round on a belief; a vote is final.

    Example: credimus vote 3f9c02aa reject --reason "the gauge is broken"
    """
    receipt = Client(home_of(common.home)).post(
        f"/v1/beliefs/{path_id(belief)}/votes",
        choice=choice,
        confidence=confidence,
        reason=reason,
        urgency=urgency,
    )
    return Outcome(receipt, lambda: _show_receipt(receipt))


def retract(
    belief: Belief,
    *,
    reason: Annotated[str, Parameter(help="At most 512 bytes.")] = "",
    urgency: SomeUrgency = "normal",
    common: Common = Common(),
) -> Outcome:
    """Take back this node's own assertions of a belief.

    Example: credimus retract 3f9c02aa --reason "wrong gauge"
    """
    receipt = Client(home_of(common.home)).post(
        f"/v1/beliefs/{path_id(belief)}/retract", reason=reason, urgency=urgency
    )
    return Outcome(receipt, lambda: _show_receipt(receipt))


def share(
    belief: Belief,
    readers: Annotated[list[str], Parameter(help="Members by name or id, or all of now.")],
    *,
    urgency: SomeUrgency = "normal",
    common: Common = Common(),
) -> Outcome:
    """Let further members read an enclosed belief; what they have read can not be taken back.

    Example: credimus share 3f9c02aa all
    """
    receipt = Client(home_of(common.home)).post(
        f"/v1/beliefs/{path_id(belief)}/readers", readers=readers, urgency=urgency
    )
    return Outcome(receipt, lambda: _show_receipt(receipt))


def relate(
    belief: Belief,
    relation: Annotated[Relation, Parameter(help="How it bears on the other.")],
    other: Annotated[str, Parameter(help="The other belief's id, or its beginning.")],
    *,
    urgency: SomeUrgency = "normal",
    common: Common = Common(),
) -> Outcome:
    """State how one belief bears on another; a node's own vote follows what it states.

    Example: credimus relate 3f9c02aa contradicts 485b4591
    """
    receipt = Client(home_of(common.home)).post(
        f"/v1/beliefs/{path_id(belief)}/relations",
        relation=relation,
        target=path_id(other),
        urgency=urgency,
    )
    return Outcome(receipt, lambda: _show_receipt(receipt))


def beliefs(
    *,
    category: str | None = None,
    verdict: Verdict | None = None,
    since: Annotated[str | None, Parameter(help="A time, or a duration ago such as 1h.")] = None,
    text: Annotated[str | None, Parameter(help="Words that it must contain.")] = None,
    limit: Annotated[int, Parameter(help="1 to 1,000.")] = 100,
    cursor: Annotated[
        str | None, Parameter(help="Where the output before ended; the conditions as there.")
    ] = None,
    common: Common = Common(),
) -> Outcome:
    """List beliefs, newest first.

    Example: credimus beliefs --verdict accepted --text "north gate"
    """
    page = Client(home_of(common.home)).get(
        "/v1/beliefs",
        category=category,
        verdict=verdict,
        since=None if since is None else moment_ms(since, "--since"),
        text=text,
        limit=limit,
        cursor=cursor,
    )
    return Outcome(page, lambda: _show_beliefs(page))


def path_id(belief: str) -> str:
    """A belief's id as part of a path; what is no id is refused here, not by the router."""
    if not belief.isalnum() or not belief.isascii():
        raise UsageError("bad-belief-id", f"{belief[:40]!r} is no belief id; give hex digits.")
    return belief


def belief_rows(page: dict[str, Any]) -> list[tuple[str, ...]]:
    """The rows of a table of beliefs."""
    return [
        (
            one["id"][:_SHOWN_DIGITS],
            one["verdict"],
            ratio_word(one["credence"]),
            f"{one['confidence']:.2f}",
            one["category"],
            one["content"],
        )
        for one in page["beliefs"]
    ]


def _waited(common: Common, path: str, wait: str, wait_s: float, **body: object) -> Any:
    """The receipt of a write that is waited for.

    Raises:
        Refused: what is wrong with the options is told by their names here.
    """
    client = Client(home_of(common.home))
    try:
        return client.post(path, wait_s, wait_for=wait, timeout=wait_s, **body)
    except Refused as refused:
        raise refused.worded({"wait_for": "--wait", "timeout": "--timeout"}) from None


def _received(receipt: dict[str, Any], wait: str) -> Outcome:
    """A receipt; a failure when the fleet was waited for and did not accept."""
    failed = wait == "decided" and receipt["verdict"] != "accepted"
    return Outcome(receipt, lambda: _show_receipt(receipt), FAILED if failed else OK)


def _evidence(given: str) -> dict[str, str]:
    kind, colon, content = given.partition(":")
    if not (kind and colon and content):
        raise UsageError(
            "bad-evidence", f"evidence {given[:40]!r}: write KIND:TEXT, such as sensor:gauge-7."
        )
    return {"kind": kind, "content": content}


def _show_receipt(receipt: dict[str, Any]) -> None:
    verdict = receipt["verdict"] or "not proposed"
    where = f"on {receipt['replicas']} node{'s' * (receipt['replicas'] != 1)}"
    say(f"{receipt['belief']}  {verdict}  durable {where}")
    if receipt.get("standing") not in (None, "normal"):
        say(f"{receipt['standing']}: {receipt['reason']}")


def _show_beliefs(page: dict[str, Any]) -> None:
    table(
        "",
        ("belief", "verdict", "credence", "confidence", "category", "content"),
        belief_rows(page),
    )
    if page["cursor"]:
        say(f"There are more: the same conditions with --cursor {page['cursor']}")
