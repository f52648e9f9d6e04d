"""How hosted electors answer: refuse a stacked electorate, keep their word, else ask the evaluator.

Invariant: for each hosted member, belief and attempt at most one choice is ever said. What was said
before a restart is in the state, because own blocks are durable before they are sent; what was said
since the last seal is pledged here.
"""

from collections.abc import Collection, Sequence
from typing import Any

from credimus.kernel.errors import Conflict, NotFound
from credimus.kernel.hlc import LOGICAL_BITS
from credimus.kernel.ids import BeliefId, ElectorateId, NodeId, RoundId
from credimus.kernel.instant import Now
from credimus.protocol.voting.electing import difference, objection
from credimus.protocol.voting.grounds import LEARNED, Grounds
from credimus.protocol.voting.interface import (
    Ballot,
    EvaluationWanted,
    Evaluator,
    Question,
    Say,
    SayVote,
    VotingConfig,
)
from credimus.state.fleet import FleetState
from credimus.state.operations import Aggregation, Choice, Refuse, Vote
from credimus.state.voting.electorates import Electorate
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

OBJECTIONS_KEPT = 1_024


class Answering:
    """The votes of the members that one node hosts."""

    def __init__(
        self,
        config: VotingConfig,
        state: FleetState,
        grounds: Grounds,
        evaluator: Evaluator,
        hosted: Sequence[NodeId],
    ) -> None:
        self._config = config
        self._state = state
        self._grounds = grounds
        self._evaluator = evaluator
        self._hosted = hosted
        self._pledged: dict[tuple[NodeId, RoundId], Choice] = {}
        self._promised: dict[tuple[NodeId, bytes, int], Choice] = {}
        self._objections: dict[tuple[ElectorateId, bytes, Aggregation, str], str | None] = {}

    def sealed(self, waiting: Collection[NodeId]) -> None:
        """What was said is in blocks and folded, but for what some members still have open."""
        if self._pledged or self._promised:
            self._pledged = {key: said for key, said in self._pledged.items() if key[0] in waiting}
            self._promised = {key: one for key, one in self._promised.items() if key[0] in waiting}

    def pledge(self, question: Question, attempt: int = 0) -> SayVote | None:
        """The evaluator's answer as a vote, remembered; None when it leaves the question open.

        Args:
            attempt: of a round that our open block proposes, which the state does not show yet.
                What the elector answered in it on a proposal that counts for nothing, it answers
                again.
        """
        given = None
        if attempt:
            belief = BeliefId(question.belief)
            given = self._state.rounds.said_in_vain(question.elector, belief, attempt)
        ballot = self._evaluator.evaluate(question) if given is None else Ballot(given)
        if ballot is None:
            return None
        if attempt:
            self._promised[question.elector, question.belief, attempt] = ballot.choice
        return self._said(question.elector, question.round, ballot)

    def answer(self, found: Round, now: Now, said: list[Any]) -> None:
        """Let every hosted elector that has not yet answered a round do so."""
        positions = found.electorate.position
        if found.verdict >= Verdict.ACCEPTED and not self._fresh(found, now):
            return
        against = self._objection(found)
        belief = self._state.beliefs.get(found.belief)
        for author in self._hosted:
            position = positions.get(author)
            if (
                position is None
                or found.voted >> position & 1
                or (author, found.id) in self._pledged
            ):
                continue
            if not self._state.roster.current.powers(author).vote:
                continue
            if against is not None:
                if not any(elector == author for elector, _ in found.refusals):
                    said.append(Say(author, Refuse(found.id, f"electorate {against}")))
                continue
            given = self._given(author, found)
            if given is not None:
                said.append(self._said(author, found.id, Ballot(given)))
                continue
            content, category = (belief.content, belief.category) if belief else ("", "")
            question = Question(author, found.id, found.belief, content, category)
            said.append(self.pledge(question) or EvaluationWanted(question))

    def request(self, elector: NodeId, identifier: RoundId, ballot: Ballot) -> SayVote:
        """The vote that a person, agent or slow evaluator gives for an elector.

        Raises:
            NotFound: `unknown-round`.
            Conflict: `not-an-elector`, `already-voted`, `round-closed`.
        """
        found = self._state.rounds.get(identifier)
        if found is None:
            raise NotFound("unknown-round", f"round {identifier.hex()} is not known here")
        position = found.electorate.position.get(elector)
        if position is None:
            raise Conflict(
                "not-an-elector", f"{elector.hex()[:12]} has no vote in round {identifier.hex()}"
            )
        if found.voted >> position & 1 or (elector, identifier) in self._pledged:
            raise Conflict(
                "already-voted",
                f"{elector.hex()[:12]} has voted in round {identifier.hex()}; a vote is final. "
                "A new attempt opens after expiry or on new evidence.",
            )
        if found.verdict is not Verdict.OPEN:
            raise Conflict(
                "round-closed",
                f"round {identifier.hex()} is {found.verdict.word}; propose the belief again to "
                "vote anew.",
            )
        given = self._given(elector, found)
        if given is not None and given is not ballot.choice:
            raise Conflict(
                "already-voted",
                f"{elector.hex()[:12]} answered {given.name.lower()} on this belief and attempt",
            )
        return self._said(elector, identifier, ballot)

    def keep_word(self, elector: NodeId, vote: Vote) -> SayVote | None:
        """What an elector answered once, in a block that can not be taken any more; None where it
        stands already, or we answered otherwise since. Where the round is not known here we can not
        tell what else we said on its belief, so no word is kept."""
        found = self._state.rounds.get(RoundId(vote.round))
        position = None if found is None else found.electorate.position.get(elector)
        if found is None or position is None or found.voted >> position & 1:
            return None
        if (elector, found.id) in self._pledged:
            return None
        if self._given(elector, found) not in (None, vote.choice):
            return None
        return self._said(elector, found.id, Ballot(vote.choice, vote.confidence, vote.reason))

    def _said(self, author: NodeId, identifier: RoundId, ballot: Ballot) -> SayVote:
        self._pledged[author, identifier] = ballot.choice
        return SayVote(author, Vote(identifier, ballot.choice, ballot.confidence, ballot.reason))

    def _given(self, author: NodeId, found: Round) -> Choice | None:
        """The author's choice in another round of the same belief and attempt, if any."""
        if self._promised:
            promised = self._promised.get((author, found.belief, found.attempt))
            if promised is not None:
                return promised
        rounds = self._state.rounds.on(found.belief)
        if len(rounds) == 1:
            return self._state.rounds.said_in_vain(author, found.belief, found.attempt)
        for other in rounds:
            if other.attempt != found.attempt or other is found:
                continue
            pledged = self._pledged.get((author, other.id))
            if pledged is not None:
                return pledged
            position = other.electorate.position.get(author)
            choices = other.choices(position) if position is not None else []
            if choices:
                return choices[0]
        return self._state.rounds.said_in_vain(author, found.belief, found.attempt)

    def _objection(self, found: Round) -> str | None:
        members, aggregation = self._state.roster.current, found.rules.aggregation
        category = ""
        if self._config.by_category or members.by_category:
            belief = self._state.beliefs.get(found.belief)
            category = belief.category if belief else ""
        key = (found.electorate.id, members.key, aggregation, category)
        if key not in self._objections:
            if len(self._objections) >= OBJECTIONS_KEPT:
                self._objections.clear()
            self._objections[key] = objection(
                found.electorate, members, self._state.roster.left_out_max, category
            ) or self._difference(found, category)
        against = self._objections[key]
        if against is None and aggregation in LEARNED:
            epoch = found.electorate.epoch
            if self._grounds.is_stale(epoch, found.opened_stamp):
                return f"weighs by epoch {epoch}, which had been closed for long"
        return against

    def _difference(self, found: Round, category: str) -> str | None:
        """What in weights and skills is not as this node sees it."""
        electorate, aggregation = found.electorate, found.rules.aggregation
        if aggregation in LEARNED:
            open_epoch = self._state.standing.epochs.open_epoch()
            if electorate.epoch > open_epoch:
                return f"weighs by epoch {electorate.epoch}, and {open_epoch} is open here"
        ground = self._grounds.as_of(aggregation, category, electorate.epoch)
        said = ground.publication(electorate.position, self._config.elector_weight)
        return difference(electorate, Electorate(said.electors, said), self._config)

    def _fresh(self, found: Round, now: Now) -> bool:
        """Whether a vote may still be of interest although the round is decided."""
        due_stamp = found.opened_stamp + (found.timeout_ms << LOGICAL_BITS)
        return (now.wall_ms << LOGICAL_BITS) < due_stamp
