"""One round, explained: who was asked, who answered what and why, and how far that goes."""

from collections.abc import Iterable

from credimus.kernel.fixed import MILLION, ratio
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import NodeId
from credimus.node.showing.queries import name_of
from credimus.state.fleet import FleetState
from credimus.state.operations import Aggregation, Choice, Scheme
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict
from credimus.why.changing import due_ms, due_stamp
from credimus.why.counting import side_value, spare_votes, value_of_answer
from credimus.why.explanation import (
    Answer,
    Closed,
    Recorded,
    RoundExplained,
    Spare,
    Tally,
    Voter,
    Who,
)
from credimus.why.reading import Found, VoteReader

_SIDES = {Verdict.ACCEPTED: Choice.ACCEPT, Verdict.REJECTED: Choice.REJECT}
_UNITS = {
    Aggregation.EQUAL: "votes",
    Aggregation.CONFIDENCE: "millionths",
    Aggregation.REPUTATION: "weight",
    Aggregation.SKILL: "nats",
}


def explained_round(
    state: FleetState, found: Round, reader: VoteReader, *, decides: bool
) -> RoundExplained:
    """Everything about one round.

    Args:
        decides: whether its belief has its verdict from this attempt.
    """
    voters = [
        _voter(state, found, reader.votes(found, elector), elector)
        for elector in found.electorate.position
    ]
    side = _SIDES.get(found.verdict)
    due = due_stamp(found)
    refusers = {elector for elector, _ in found.refusals}
    return RoundExplained(
        id=found.id.hex(),
        attempt=found.attempt,
        verdict=found.verdict.word,  # type: ignore[arg-type]
        decides=decides,
        scheme=found.rules.scheme.name.lower(),
        aggregation=found.rules.aggregation.name.lower(),
        proposers=_all(state, found.proposers),
        opened_ms=wall_ms_of(found.opened_stamp),
        due_ms=due_ms(found),
        tally=_tally(found),
        spare=_spare(found, side),
        voters=voters,
        dissent=_all(state, _dissenters(found, side)),
        waiting=_all(state, (one for one in _silent(found) if one not in refusers)),
        refused=_all(state, sorted(refusers)),
        culprits=_all(state, found.culprits()),
        closings=[
            Closed(author=_who(state, author), closed_ms=wall_ms_of(stamp))
            for author, stamp, _ in found.closings
            if stamp >= due
        ],
        recorded=[
            Recorded(
                author=_who(state, author),
                outcome=said.outcome.name.lower(),  # type: ignore[arg-type]
                recorded_ms=wall_ms_of(stamp),
                removed=len(said.removed),
            )
            for author, stamp, said in found.conclusions
            if found.concerns(author)
        ],
        unread=sum(one.block is None for voter in voters for one in voter.answers),
    )


def _voter(state: FleetState, found: Round, votes: list[Found], elector: NodeId) -> Voter:
    position, skills = found.electorate.position[elector], found.electorate.skills
    return Voter(
        elector=_who(state, elector),
        weight=found.electorate.electors[position].weight,
        sensitivity=ratio(skills[position].sensitivity) if skills else None,
        specificity=ratio(skills[position].specificity) if skills else None,
        answers=_answers(found, position, votes),
        refusal=next((reason for who, reason in found.refusals if who == elector), None),
    )


def _answers(found: Round, position: int, votes: list[Found]) -> list[Answer]:
    """The votes that were read; where one was not, what the round itself shows."""
    by_confidence = found.rules.aggregation is Aggregation.CONFIDENCE
    answers = [
        Answer(
            choice=vote.choice.name.lower(),  # type: ignore[arg-type]
            value=vote.confidence
            if by_confidence and vote.choice is not Choice.ABSTAIN
            else value_of_answer(found, position, vote.choice),
            confidence=ratio(vote.confidence),
            reason=vote.reason,
            voted_ms=wall_ms_of(stamp),
            block=block.hex(),
        )
        for vote, block, stamp in votes
    ]
    read = {vote.choice for vote, _, _ in votes}
    for choice in found.choices(position):
        if choice not in read:
            shown = (found.confidences or {}).get((position, choice), ())
            answers.append(
                Answer(
                    choice=choice.name.lower(),  # type: ignore[arg-type]
                    value=value_of_answer(found, position, choice),
                    confidence=ratio(max(shown)) if shown else None,
                    reason=None,
                    voted_ms=None,
                    block=None,
                )
            )
    return answers


def _tally(found: Round) -> Tally:
    electorate, rules = found.electorate, found.rules
    most = electorate.value_max(rules)
    return Tally(
        unit=_UNITS[rules.aggregation],  # type: ignore[arg-type]
        accept=found.accept_value,
        reject=found.reject_value,
        most=most,
        needed=found.value_needed,
        threshold=_threshold(found, most),
        answered=found.voted.bit_count(),
        quorum=found.quorum_count,
        electors=len(electorate),
    )


def _threshold(found: Round, most: int) -> str:
    rules = found.rules
    share = f"{rules.numerator}/{rules.denominator}"
    if rules.denominator == MILLION:
        share = f"{rules.numerator / MILLION:g}"
    match rules.scheme:
        case Scheme.MAJORITY:
            return f"more than half of {most:,}"
        case Scheme.BYZANTINE:
            return f"more than two thirds of {most:,}"
        case Scheme.SUPERMAJORITY:
            return f"at least {share} of {most:,}"
        case Scheme.TURNOUT:
            return f"at least {share} of what a proposer's closing lists"
        case Scheme.CREDENCE:
            return f"a credence of at least {share}, however the others answer"


def _spare(found: Round, side: Choice | None) -> Spare | None:
    if side is None or found.rules.scheme is Scheme.TURNOUT:
        return None
    value = side_value(found, side) - found.value_needed
    return Spare(value=value, votes=spare_votes(found, side))


def _dissenters(found: Round, side: Choice | None) -> list[NodeId]:
    if side is None:
        return []
    masks = {
        Choice.ACCEPT: found.accept, Choice.REJECT: found.reject, Choice.ABSTAIN: found.abstain
    }  # fmt: skip
    other = 0
    for choice, mask in masks.items():
        if choice is not side:
            other |= mask
    return found.electorate.members(other)


def _silent(found: Round) -> list[NodeId]:
    return found.electorate.members(~found.voted)


def _all(state: FleetState, nodes: Iterable[NodeId]) -> list[Who]:
    return [_who(state, node) for node in nodes]


def _who(state: FleetState, node: NodeId) -> Who:
    return Who(id=node.hex(), name=name_of(state, node))
