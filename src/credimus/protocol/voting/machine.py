"""Proposes, votes, closes and concludes for the members that this node hosts."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeAlias, assert_never

import msgspec

from credimus.kernel import limits
from credimus.kernel.effects import Effects
from credimus.kernel.errors import UsageError
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.kernel.instant import Instant, Now, after, earliest
from credimus.protocol.voting.answering import Answering
from credimus.protocol.voting.concluding import Concluding, recorded
from credimus.protocol.voting.grounds import Grounds
from credimus.protocol.voting.interface import (
    Evaluator,
    Opened,
    Question,
    ReviewAsked,
    RoundsChanged,
    Say,
    SayVote,
    VoteRequested,
    VotingConfig,
    VotingEvent,
    VotingInput,
)
from credimus.protocol.voting.proposing import Proposing
from credimus.state.events import (
    BeliefsReconciled,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
)
from credimus.state.fleet import FleetState
from credimus.state.membership.members import may_propose
from credimus.state.operations import Rules, Scheme, Strategy, Vote
from credimus.state.voting.electorates import left_out_most, round_id
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

VotingEffects: TypeAlias = Effects[Any, Any, VotingEvent]


class Voting:
    """The voting of one node; its parts are proposing, answering and concluding."""

    def __init__(
        self,
        config: VotingConfig,
        state: FleetState,
        evaluator: Evaluator,
        hosted: Sequence[NodeId],
    ) -> None:
        self._config = config
        self._state = state
        self._hosted = list(hosted)  # shared with the parts: `silence` takes from all
        state.standing.independence = config.independence
        state.standing.by_category = config.by_category
        grounds = Grounds(config, state)
        self._proposing = Proposing(config, state, grounds)
        self._answering = Answering(config, state, grounds, evaluator, self._hosted)
        self._concluding = Concluding(config, state, self._hosted)
        self._contested: dict[RoundId, Instant] = {}
        """Contested rounds, and when to put their beliefs to the vote again."""

    def handle(self, event: VotingInput, now: Now) -> VotingEffects:
        """Take what changed in the state, or a request to vote.

        Raises:
            NotFound, Conflict: a requested vote that can not be; nothing was changed.
        """
        effects: VotingEffects = Effects()
        match event:
            case RoundsChanged(facts):
                for fact in facts:
                    found = self._state.rounds.get(fact.round)
                    if found is not None:
                        self._changed(type(fact), found, now, effects.emit)
            case ReviewAsked(facts):
                for said in facts:
                    self._review(said, effects.emit)
            case VoteRequested(elector, identifier, ballot):
                effects.emit.append(self._answering.request(elector, identifier, ballot))
            case _:
                assert_never(event)
        return effects

    def deadline(self) -> Instant | None:
        """The next round to look at."""
        return earliest(self._concluding.deadline(), *self._contested.values())

    def tick(self, now: Now) -> VotingEffects:
        """Conclude what was decided; close what ran out of time."""
        effects: VotingEffects = Effects()
        self._concluding.tick(now, effects.emit)
        for identifier in [one for one, due in self._contested.items() if due <= now.instant]:
            del self._contested[identifier]
            found = self._state.rounds.get(identifier)
            if found is not None:
                self._reopen(found, Rules(), effects.emit)
        return effects

    def along(self) -> VotingEffects:
        """What can wait and goes with a block that is about to be sealed."""
        effects: VotingEffects = Effects()
        self._concluding.along(effects.emit)
        return effects

    def open_round(
        self,
        question: Question,
        attempt: int,
        rules: Rules | None,
        electors: Sequence[NodeId] | None,
    ) -> Opened:
        """What opens a round: an electorate if none fits, the proposal, and the proposer's vote.

        Args:
            question: the proposer, the belief, and what its evaluator is asked; the round is
                filled in here.
            rules: the node's when None.
            electors: who votes; everybody in our roster when None.
        """
        author = question.elector
        operations, proposal, voters = self._proposing.proposal(
            (BeliefId(question.belief), question.category), attempt, rules, electors
        )
        said: list[Say | SayVote] = [Say(author, operation) for operation in operations]
        identifier = round_id(proposal)
        if author in voters:
            asked = msgspec.structs.replace(question, round=identifier)
            vote = self._answering.pledge(asked, attempt)
            if vote is not None:
                said.append(vote)
        return Opened(identifier, tuple(said))

    def silence(self, author: NodeId) -> None:
        """A hosted member writes no more, because its chain forked: others speak in its place."""
        if author in self._hosted:
            self._hosted.remove(author)

    def speak_again(self, author: NodeId) -> None:
        """A hosted member writes again; `resume` takes up what is open."""
        if author not in self._hosted:
            self._hosted.append(author)

    def sealed(self, waiting: Collection[NodeId]) -> None:
        """What was said is in blocks and folded, but for what some members still have open."""
        self._answering.sealed(waiting)

    def resume(self, now: Now, answers: Iterable[tuple[NodeId, Vote]] = ()) -> VotingEffects:
        """After a restart or a recovery: watch open rounds, answer and record what is due.

        Args:
            answers: what hosted members have answered already, in blocks that are lost.
        """
        effects: VotingEffects = Effects()
        kept = (self._answering.keep_word(elector, vote) for elector, vote in answers)
        effects.emit += [one for one in kept if one is not None]
        for found in list(self._state.rounds):
            if found.verdict < Verdict.ACCEPTED:
                self._changed(RoundOpened, found, now, effects.emit)
            elif not recorded(found):
                self._concluding.decided(found, now)
            if found.verdict is Verdict.CONTESTED:
                self._changed(RoundContested, found, now, effects.emit)
        return effects

    def _changed(self, kind: type, found: Round, now: Now, said: list[Any]) -> None:
        if kind is RoundOpened:
            self._concluding.watch(found, now)
            self._answering.answer(found, now, said)
        elif kind is RoundDecided:
            self._concluding.decided(found, now)
        elif kind is RoundExpired:
            self._reopen(found, None, said)
        elif kind is RoundContested and found.rules.scheme is Scheme.MAJORITY:
            electors = self._state.roster.current.electors()
            if any(one in electors for one in found.culprits()):  # others refuse to vote with them
                self._contested[found.id] = after(now.instant, self._config.evidence_ns)
            else:
                self._reopen(found, Rules(), said)

    def _reopen(self, found: Round, rules: Rules | None, said: list[Any]) -> None:
        """Open the next attempt, by whoever proposed this one; several meet in one round."""
        attempts = self._state.rounds.on(found.belief)
        if found.attempt >= self._config.attempts_max or attempts[-1].attempt > found.attempt:
            return
        proposers = found.proposers
        author = next((one for one in self._hosted if one in proposers), None)
        if author is None:
            return
        belief = self._state.beliefs.get(found.belief)
        category = "" if belief is None else belief.category
        electors = self._electors_again(found, category)
        if not may_propose(self._state.roster.current.powers(author), category):
            return
        try:
            operations, _, _ = self._proposing.proposal(
                (found.belief, category), found.attempt + 1, rules or found.rules, electors
            )
        except UsageError:  # the roster has outgrown what one electorate holds
            return
        said += [Say(author, operation) for operation in operations]

    def _review(self, fact: BeliefsReconciled, said: list[Any]) -> None:
        """Put both beliefs to the vote again, by all members, when a member of ours said so."""
        if fact.strategy is not Strategy.CONSENSUS or fact.author not in self._hosted:
            return
        for identifier in fact.rounds:
            found = self._state.rounds.get(identifier)
            if found is None:
                continue
            attempts = self._state.rounds.on(found.belief)
            if attempts[-1] is not found or found.attempt >= limits.ATTEMPTS_MAX:
                continue
            belief = self._state.beliefs.get(found.belief)
            category = "" if belief is None else belief.category
            if not may_propose(self._state.roster.current.powers(fact.author), category):
                continue
            try:
                operations, _, _ = self._proposing.proposal(
                    (found.belief, category), found.attempt + 1, found.rules, None
                )
            except UsageError:  # the roster has outgrown what one electorate holds
                continue
            said += [Say(fact.author, operation) for operation in operations]

    def _electors_again(self, found: Round, category: str) -> list[NodeId] | None:
        """Who votes in the next attempt: those of this one who are still members, or everybody
        where the fleet does not let so many be left out."""
        roster = self._state.roster
        members = roster.current.electors(category)
        still = [one for one in found.electorate.position if one in members]
        left_out = len(members) - len(still)
        allowed = left_out <= left_out_most(roster.left_out_max, len(members))
        return still if still and left_out and allowed else None
