"""The operations of a block as entries of the audit log: what each did, in a few words. Pure."""

from collections.abc import Iterator, Sequence
from typing import assert_never

import msgspec

from credimus.kernel.fixed import ratio
from credimus.kernel.ids import BeliefId, RoundId, node_id, short
from credimus.lace.enclosing import is_enclosed
from credimus.runtime.audit.kinds import Kind
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.keeping.checkpoints import checkpoint_id
from credimus.state.keeping_operations import Attest, Certify, Enclose, Quote
from credimus.state.member_operations import (
    Appoint,
    Charter,
    Expel,
    Expose,
    Limit,
    Rotate,
    Vouch,
)
from credimus.state.operations import (
    Admit,
    Assert,
    Close,
    Conclude,
    Found,
    Leave,
    Operation,
    Propose,
    Publish,
    Reconcile,
    Refuse,
    Relate,
    Retract,
    Votes,
    Withdraw,
)
from credimus.state.voting.electorates import round_id

_SHOWN_MAX = 120
"""Characters of a belief or a reason in a summary. [guess: a line]"""


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that was done."""

    place: int = 0
    """Among the entries of its block: an operation with several votes is several entries."""
    index: int = 0
    """Of the operation in its block."""
    kind: Kind
    summary: str
    belief: BeliefId | None = None
    round: RoundId | None = None
    other: BeliefId | None = None
    """A relation's target."""


def entries_of(operations: Sequence[Operation], state: FleetState) -> list[Entry]:
    """Everything a block did, in its order.

    Args:
        state: tells the beliefs of rounds; one that it does not know is left out.
    """
    found = [
        (index, entry)
        for index, operation in enumerate(operations)
        for entry in _entries(operation, state)
    ]
    return [
        msgspec.structs.replace(entry, place=place, index=index)
        for place, (index, entry) in enumerate(found)
    ]


def _entries(said: Operation, state: FleetState) -> Iterator[Entry]:
    match said:
        case (
            Found() | Admit() | Leave() | Publish() | Attest() | Certify() | Quote()
            | Charter() | Limit() | Appoint() | Rotate() | Expose() | Expel() | Vouch()
        ):  # fmt: skip
            yield _of_fleet(said)
        case Assert() | Relate() | Retract() | Enclose():
            yield _of_belief(said)
        case Propose():
            yield Entry(
                kind="propose",
                summary=f"proposed, attempt {said.attempt}, {said.rules.scheme.name.lower()}",
                belief=BeliefId(said.belief),
                round=round_id(said),
            )
        case Votes():
            for vote in said.votes:
                summary = f"voted {vote.choice.name.lower()}, confidence {ratio(vote.confidence):g}"
                yield _of_round(state, "vote", vote.round, _because(summary, vote.reason))
        case Refuse() | Close():
            yield _of_ending(said, state)
        case Conclude():
            for one in said.conclusions:
                outcome = {0: "no decision", 1: "accepted", 2: "rejected"}[int(one.outcome)]
                yield _of_round(state, "conclude", one.round, f"recorded the verdict: {outcome}")
        case Reconcile() | Withdraw():
            yield _of_reconciliation(said)
        case _:
            assert_never(said)


def _of_ending(said: Refuse | Close, state: FleetState) -> Entry:
    match said:
        case Refuse():
            text = _because("refused the round", said.reason)
            return _of_round(state, "refuse", said.round, text)
        case Close():
            return _of_round(state, "close", said.round, "closed the round: its time had passed")
        case _:
            assert_never(said)


def _of_reconciliation(said: Reconcile | Withdraw) -> Entry:
    one, other = BeliefId(said.beliefs[0]), BeliefId(said.beliefs[1])
    how = said.strategy.name.lower().replace("_", " ")
    pair = f"{short(one)} and {short(other)}"
    if isinstance(said, Withdraw):
        text = f"took back how it had reconciled {pair}: {how}"
        return Entry(kind="withdraw", summary=text, belief=one, other=other)
    text = f"reconciled {pair}, accepted apart: {how}"
    return Entry(kind="reconcile", summary=text, belief=one, other=other)


def _of_fleet(
    said: (
        Found | Admit | Leave | Publish | Charter | Limit | Appoint | Rotate | Expose | Expel
        | Vouch
        | Attest | Certify | Quote
    ),
) -> Entry:  # fmt: skip
    match said:
        case Attest():
            summary = f"attested checkpoint {short(checkpoint_id(said))}, attempt {said.attempt}"
            return Entry(kind="attest", summary=summary)
        case Certify():
            summary = f"certified checkpoint {short(said.checkpoint)}, attempt {said.attempt}"
            return Entry(kind="certify", summary=summary)
        case Quote():
            summary = f"quoted {short(node_id(said.public_key))} on a checkpoint"
            return Entry(kind="quote", summary=summary)
        case Found():
            return Entry(kind="found", summary=f"founded fleet {said.fleet_name} as {said.name}")
        case Admit():
            member = short(node_id(said.public_key))
            return Entry(kind="admit", summary=f"admitted {said.name} ({member}) {said.address}")
        case Leave():
            return Entry(kind="leave", summary=_because("left the fleet", said.reason))
        case Publish():
            count = len(said.electors)
            return Entry(kind="electorate", summary=f"published an electorate of {count}")
        case _:
            return _of_standing(said)


def _of_standing(said: Charter | Limit | Appoint | Rotate | Expose | Expel | Vouch) -> Entry:
    match said:
        case Charter():
            limit = f", at most {said.per_day} a day each" if said.per_day else ""
            many = f" of {said.quorum}" if said.quorum > 1 else ""
            word = said.rule.name.lower()
            return Entry(kind="charter", summary=f"admission by {word}{many}{limit}")
        case Limit():
            words = [
                f"{o.category} {o.per_hour} an hour, {o.burst} at once" for o in said.categories
            ]
            text = _because("limited what each member states", "; ".join(words))
            return Entry(kind="limit", summary=text)
        case Appoint():
            member = short(node_id(said.public_key))
            return Entry(kind="appoint", summary=f"set what {said.name} ({member}) may say")
        case Rotate():
            new = short(node_id(said.public_key))
            return Entry(kind="rotate", summary=f"took a new key, and with it the id {new}")
        case Expose():
            culprit = short(node_id(said.public_key))
            return Entry(kind="expose", summary=f"proved that {culprit} equivocated")
        case Expel():
            how = "by evidence" if said.by_evidence else "as one voice"
            text = f"said that {short(said.member)} is to go, {how}"
            return Entry(kind="expel", summary=_because(text, said.reason))
        case Vouch():
            member = short(node_id(said.public_key))
            return Entry(kind="vouch", summary=f"vouched that {said.name} ({member}) is a member")
        case _:
            assert_never(said)


def _of_belief(said: Assert | Relate | Retract | Enclose) -> Entry:
    match said:
        case Assert():
            text = f"asserted with confidence {ratio(said.confidence):g}: {_short(said.content)}"
            belief = belief_id(said.content, said.category)
            return Entry(kind="assert", summary=text, belief=belief)
        case Relate():
            source, target = BeliefId(said.source), BeliefId(said.target)
            word = said.relation.name.lower().replace("_", " ")
            text = f"stated: {short(source)} {word} {short(target)}"
            return Entry(kind="relate", summary=text, belief=source, other=target)
        case Retract():
            count = len(said.counters)
            text = f"took back {count} claim{'s' * (count != 1)}"
            return Entry(kind="retract", summary=_because(text, said.reason))
        case Enclose():
            count = len(said.boxes)
            text = f"let {count} member{'s' * (count != 1)} read an enclosed belief"
            return Entry(kind="share", summary=text, belief=BeliefId(said.belief))
        case _:
            assert_never(said)


def _of_round(state: FleetState, kind: Kind, named: bytes, summary: str) -> Entry:
    identifier = RoundId(named)
    found = state.rounds.get(identifier)
    if found is None:
        return Entry(kind=kind, summary=summary, round=identifier)
    text = summary if found.attempt == 1 else f"in attempt {found.attempt} {summary}"
    return Entry(kind=kind, summary=text, belief=found.belief, round=identifier)


def _because(text: str, reason: str) -> str:
    return f"{text}: {_short(reason)}" if reason else text


def _short(text: str) -> str:
    if is_enclosed(text):
        return "(enclosed)"
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"
