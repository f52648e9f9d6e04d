"""What would give a belief another verdict: the least of it, for each of its rounds. Pure."""

from collections.abc import Iterable, Sequence

from credimus.kernel import limits
from credimus.kernel.hlc import LOGICAL_BITS, wall_ms_of
from credimus.kernel.ids import NodeId
from credimus.node.showing.queries import name_of
from credimus.state.fleet import FleetState
from credimus.state.operations import Choice, Scheme
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict, join
from credimus.why.counting import Further, Least, helping, least
from credimus.why.explanation import Attempt, Cast, Change, Closing, Opener, Who
from credimus.why.turnout import least_listed, outcome_now

AT_ANY_TIME = 0
"""A closing that counts whenever it is made."""
_OUTCOMES = {Choice.ACCEPT: Verdict.ACCEPTED, Choice.REJECT: Verdict.REJECTED}


class Changes:
    """The changes that are possible through the rounds of one belief."""

    def __init__(self, state: FleetState, rounds: Sequence[Round]) -> None:
        self._state = state
        self._rounds = rounds
        self._now = _verdict((one.attempt, one.verdict) for one in rounds)

    def through(self, found: Round) -> list[Change]:
        """The changes through one of the rounds: by its votes, then by its closings."""
        changes = []
        if not found.accept_certified:
            changes.append(self._by_votes(found, Choice.ACCEPT))
        if not found.reject_certified:
            changes.append(self._by_votes(found, Choice.REJECT))
        if changes[1:] == changes[:1]:  # one answer would certify both
            del changes[1:]
        changes += [self._by_second_closing(found), self._by_expiry(found)]
        return [one for one in changes if one is not None]

    def _by_votes(self, found: Round, side: Choice) -> Change | None:
        if found.rules.scheme is Scheme.TURNOUT:
            return self._by_listed_votes(found, side)
        needed = least(found, side)
        if needed is None:
            return None
        outcome = join(found.verdict, _OUTCOMES[side])
        if _other_value(found, side) >= found.value_needed:  # it lacks the quorum alone, if that
            outcome = Verdict.CONTESTED
        votes = [
            self._cast(
                found, helping(found, one.position, side) if value else Choice.ABSTAIN, one, value
            )
            for one, value in needed.votes
        ]
        return self._change(found, outcome, needed, votes)

    def _by_listed_votes(self, found: Round, side: Choice) -> Change | None:
        """By votes under turnout: a proposer that has not closed must list them."""
        closed = {author for author, _, _ in found.closings}
        by = [one for one in found.proposers if one not in closed]
        needed = least_listed(found, side)
        if not by or needed is None:
            return None
        votes = [self._cast(found, side, one, value) for one, value in needed.votes]
        closing = self._closing(by, due_ms(found))
        return self._change(found, join(found.verdict, _OUTCOMES[side]), needed, votes, closing)

    def _by_second_closing(self, found: Round) -> Change | None:
        """A proposer that closed a turnout, and closes it again otherwise."""
        if found.rules.scheme is not Scheme.TURNOUT:
            return None
        due = due_stamp(found)
        closed = {author for author, stamp, _ in found.closings if stamp >= due}
        by = [one for one in found.proposers if one in closed]
        if not by:
            return None
        closing = self._closing(by, AT_ANY_TIME)
        return self._change(found, Verdict.CONTESTED, _NOTHING, [], closing)

    def _by_expiry(self, found: Round) -> Change | None:
        if found.verdict is not Verdict.OPEN:
            return None
        proposers, electors = found.proposers, list(found.electorate.position)
        if found.rules.scheme is Scheme.TURNOUT:
            electors = [one for one in electors if one not in proposers]
            if outcome_now(found) is not Verdict.EXPIRED:
                proposers = []
        by = list(dict.fromkeys((*proposers, *electors)))
        if not by:
            return None
        closing = self._closing(by, due_ms(found))
        return self._change(found, Verdict.EXPIRED, _NOTHING, [], closing)

    def _change(
        self,
        found: Round,
        outcome: Verdict,
        needed: Least,
        votes: list[Cast],
        closing: Closing | None = None,
    ) -> Change | None:
        """The change, if the belief's verdict is another with it."""
        verdict = self._verdict_with(found, outcome)
        if verdict is None or verdict is self._now:
            return None
        return Change(
            verdict=verdict.word,  # type: ignore[arg-type]
            round=found.id.hex(),
            outcome=outcome.word,  # type: ignore[arg-type]
            value=needed.value,
            answers=needed.answers,
            contradicting=needed.contradicting,
            votes=votes,
            closing=closing,
        )

    def _cast(self, found: Round, choice: Choice, vote: Further, value: int) -> Cast:
        elector = found.electorate.electors[vote.position]
        return Cast(
            elector=self._who(NodeId(elector.member)),
            choice=choice.name.lower(),  # type: ignore[arg-type]
            value=value,
            contradicts=vote.contradicts,
        )

    def _closing(self, by: Iterable[NodeId], not_before_ms: int) -> Closing:
        return Closing(by=[self._who(one) for one in by], not_before_ms=not_before_ms)

    def _who(self, node: NodeId) -> Who:
        return Who(id=node.hex(), name=name_of(self._state, node))

    def _verdict_with(self, changed: Round, verdict: Verdict) -> Verdict | None:
        """The belief's verdict if one round had another."""
        return _verdict(
            (one.attempt, verdict if one is changed else one.verdict) for one in self._rounds
        )


def next_attempt(
    rounds: Sequence[Round], verdict: Verdict | None, attempts_max: int = limits.ATTEMPTS_MAX
) -> Attempt:
    """Whether, and by what, a belief can be put to the vote once more.

    Args:
        attempts_max: rounds of one belief that proposers open by themselves.
    """
    if not rounds:
        return Attempt(number=1, by=["proposal", "assertion"], blocked=None)
    last = rounds[-1]
    number = last.attempt + 1
    if last.verdict is Verdict.OPEN:
        return Attempt(number=number, by=[], blocked="round-open")
    if last.attempt >= limits.ATTEMPTS_MAX:
        return Attempt(number=number, by=[], blocked="attempts-exhausted")
    by: list[Opener] = ["proposal"]
    if verdict is not Verdict.ACCEPTED:
        by.append("assertion")
    if last.attempt >= attempts_max:  # nobody goes on without being told to
        return Attempt(number=number, by=by, blocked=None)
    if last.verdict is Verdict.EXPIRED:
        by.append("expiry")
    if last.verdict is Verdict.CONTESTED and last.rules.scheme is Scheme.MAJORITY:
        by.append("contest")
    return Attempt(number=number, by=by, blocked=None)


def due_stamp(found: Round) -> int:
    """The least stamp with which a closing counts."""
    return min(stamp + (timeout_ms << LOGICAL_BITS) for stamp, _, timeout_ms in found.openings)


def due_ms(found: Round) -> int:
    """The first whole millisecond at which a closing counts."""
    return wall_ms_of(due_stamp(found) + (1 << LOGICAL_BITS) - 1)


_NOTHING = Least(0, 0, 0, [])


def _other_value(found: Round, side: Choice) -> int:
    return found.reject_value if side is Choice.ACCEPT else found.accept_value


def _verdict(rounds: Iterable[tuple[int, Verdict]]) -> Verdict | None:
    """The verdict of a belief from attempts and verdicts of its rounds: as `Rounds.verdict`."""
    known = list(rounds)
    decided = [attempt for attempt, verdict in known if verdict.decided]
    attempt = max(decided) if decided else max((attempt for attempt, _ in known), default=0)
    found: Verdict | None = None
    for at, verdict in known:
        if at == attempt:
            found = verdict if found is None else join(found, verdict)
    return found
