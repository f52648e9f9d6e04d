"""Proposes, votes, closes and concludes for the members that this node hosts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any, TypeAlias

import msgspec

from credimus.kernel.effects import Effects
from credimus.kernel.errors import Conflict, InternalError, NotFound
from credimus.kernel.hlc import LOGICAL_BITS
from credimus.kernel.ids import BeliefId, ElectorateId, NodeId, RoundId, fingerprint
from credimus.kernel.instant import MILLISECOND, Instant, Now, after, earliest
from credimus.protocol.voting.closing import closing_of, conclusion_of
from credimus.protocol.voting.electing import fitting, objection, weights_of
from credimus.protocol.voting.interface import (
    Ballot,
    EvaluationWanted,
    Evaluator,
    Opened,
    Question,
    Say,
    SayVote,
    VoteRequested,
    VotingConfig,
    VotingEvent,
    VotingInput,
)
from credimus.state.electorates import Electorate, electorate_id, electorate_of
from credimus.state.events import RoundContested, RoundDecided, RoundExpired, RoundOpened
from credimus.state.fleet import FleetState
from credimus.state.operations import (
    VOTES_PER_OPERATION,
    Choice,
    Conclude,
    Conclusion,
    Operation,
    Propose,
    Refuse,
    Rules,
    Scheme,
    Vote,
)
from credimus.state.roster import Members
from credimus.state.round import Round
from credimus.state.rounds import round_id

VotingEffects: TypeAlias = Effects[Any, Any, VotingEvent]


class Voting:
    """The voting of one node.

    Invariant: for each hosted member, belief and attempt at most one choice is ever said; what was
    said before a restart is in the state, because own blocks are durable before they are sent.
    """

    def __init__(
        self,
        config: VotingConfig,
        state: FleetState,
        evaluator: Evaluator,
        hosted: Sequence[NodeId],
    ) -> None:
        self._config = config
        self._state = state
        self._evaluator = evaluator
        self._hosted = tuple(hosted)
        self._pledged: dict[tuple[NodeId, RoundId], Choice] = {}
        self._watched: list[tuple[Instant, RoundId]] = []
        self._to_conclude: dict[RoundId, NodeId] = {}
        self._conclude_due: Instant | None = None
        self._objections: dict[tuple[ElectorateId, bytes], str | None] = {}
        self._fitting: tuple[tuple[bytes, int], Electorate | None] | None = None

    # --- commands

    def open_round(
        self,
        author: NodeId,
        belief: BeliefId,
        attempt: int,
        rules: Rules | None,
        electors: Iterable[NodeId] | None,
        question: Question,
    ) -> Opened:
        """What opens a round: an electorate if none fits, the proposal, and the proposer's vote.

        Args:
            rules: the node's when None.
            electors: who votes; everybody in our roster when None.
            question: what the proposer's evaluator is asked; its round is filled in here.
        """
        operations, members = self._proposal(belief, attempt, rules, electors)
        proposal = operations[-1]
        assert isinstance(proposal, Propose)  # noqa: S101 - the last operation always is
        said: list[Say | SayVote] = [Say(author, operation) for operation in operations]
        identifier = round_id(proposal)
        if author in members:
            asked = msgspec.structs.replace(question, round=identifier)
            ballot = self._evaluator.evaluate(asked)
            if ballot is not None:
                self._pledged[author, identifier] = ballot.choice
                vote = Vote(identifier, ballot.choice, ballot.confidence, ballot.reason)
                said.append(SayVote(author, vote))
        return Opened(identifier, tuple(said))

    def sealed(self) -> None:
        """All that was said is in blocks and folded."""
        self._pledged.clear()

    def resume(self, now: Now) -> VotingEffects:
        """After a restart: watch open rounds and answer those not answered."""
        effects = VotingEffects()
        for found in list(self._state.rounds):
            if not found.verdict.decided:
                effects.absorb(self._opened(found, now))
            elif not found.conclusions:
                self._schedule_conclusion(found, now)
        return effects

    # --- the machine

    def handle(self, event: VotingInput, now: Now) -> VotingEffects:
        """Take one fact or request.

        Raises:
            NotFound, Conflict: a requested vote that can not be; nothing was changed.
        """
        match event:
            case RoundOpened(identifier):
                found = self._state.rounds.get(identifier)
                return VotingEffects() if found is None else self._opened(found, now)
            case RoundDecided(identifier):
                self._schedule_conclusion(self._round(identifier), now)
                return VotingEffects()
            case RoundExpired(identifier):
                return self._reopen(self._round(identifier), None)
            case RoundContested(identifier):
                found = self._round(identifier)
                if found.rules.scheme is Scheme.MAJORITY:
                    return self._reopen(found, Rules())
                return VotingEffects()
            case VoteRequested(elector, identifier, ballot):
                return self._requested(elector, identifier, ballot)
            case _:
                return VotingEffects()

    def deadline(self) -> Instant | None:
        """The next closing or conclusion to look at."""
        watched = self._watched[0][0] if self._watched else None
        return earliest(watched, self._conclude_due)

    def tick(self, now: Now) -> VotingEffects:
        """Conclude what was decided; close what ran out of time."""
        effects = VotingEffects()
        if self._conclude_due is not None and self._conclude_due <= now.instant:
            self._conclude_due = None
            self._conclude(effects)
        while self._watched and self._watched[0][0] <= now.instant:
            _, identifier = heappop(self._watched)
            found = self._state.rounds.get(identifier)
            if found is not None and not found.conclusions:
                self._time_is_up(found, now, effects)
        return effects

    # --- voting

    def _opened(self, found: Round, now: Now) -> VotingEffects:
        effects = VotingEffects()
        position = found.electorate.position
        mine = [author for author in self._hosted if author in position]
        proposed = any(author in self._hosted for author in found.proposers)
        if not mine and not proposed:
            return effects
        timeout_ns = found.timeout_ms * MILLISECOND
        patience_ns = 0 if proposed else self._config.aggregation_ms * MILLISECOND
        heappush(self._watched, (after(now.instant, timeout_ns + patience_ns), found.id))
        if found.verdict.decided and not self._fresh(found, now):
            return effects
        for author in mine:
            if found.voted >> position[author] & 1 or (author, found.id) in self._pledged:
                continue
            self._answer(author, found, effects)
        return effects

    def _answer(self, author: NodeId, found: Round, effects: VotingEffects) -> None:
        against = self._objection(found)
        if against is not None:
            if not any(elector == author for elector, _ in found.refusals):
                effects.emit.append(Say(author, Refuse(found.id, f"electorate {against}")))
            return
        given = self._given(author, found)
        if given is not None:
            self._vote(author, found, Ballot(given), effects)
            return
        belief = self._state.beliefs.get(found.belief)
        question = Question(
            author,
            found.id,
            found.belief,
            belief.content if belief else "",
            belief.category if belief else "",
        )
        ballot = self._evaluator.evaluate(question)
        if ballot is None:
            effects.emit.append(EvaluationWanted(question))
        else:
            self._vote(author, found, ballot, effects)

    def _requested(self, elector: NodeId, identifier: RoundId, ballot: Ballot) -> VotingEffects:
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
        if found.verdict.decided or found.verdict.value:
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
        effects = VotingEffects()
        self._vote(elector, found, ballot, effects)
        return effects

    def _vote(self, author: NodeId, found: Round, ballot: Ballot, effects: VotingEffects) -> None:
        self._pledged[author, found.id] = ballot.choice
        vote = Vote(found.id, ballot.choice, ballot.confidence, ballot.reason)
        effects.emit.append(SayVote(author, vote))

    def _given(self, author: NodeId, found: Round) -> Choice | None:
        """The author's choice in another round of the same belief and attempt, if any."""
        rounds = self._state.rounds.on(found.belief)
        if len(rounds) == 1:
            return None
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
        return None

    def _objection(self, found: Round) -> str | None:
        members = self._state.roster.current
        key = (found.electorate.id, members.key)
        if key not in self._objections:
            if len(self._objections) >= _OBJECTIONS_KEPT:
                self._objections.clear()
            self._objections[key] = objection(found.electorate, members, self._config)
        return self._objections[key]

    # --- closing and concluding

    def _reopen(self, found: Round, rules: Rules | None) -> VotingEffects:
        """Open the next attempt, by whoever proposed this one; several meet in one round."""
        effects = VotingEffects()
        attempts = self._state.rounds.on(found.belief)
        if found.attempt >= self._config.attempts_max or attempts[-1].attempt > found.attempt:
            return effects
        proposers = found.proposers
        author = next((one for one in self._hosted if one in proposers), None)
        if author is None:
            return effects
        electors = None if self._whole_fleet(found) else list(found.electorate.position)
        operations, _ = self._proposal(
            found.belief, found.attempt + 1, rules or found.rules, electors
        )
        effects.emit += [Say(author, operation) for operation in operations]
        return effects

    def _proposal(
        self,
        belief: BeliefId,
        attempt: int,
        rules: Rules | None,
        electors: Iterable[NodeId] | None,
    ) -> tuple[list[Operation], Collection[NodeId]]:
        """The operations that open a round, the proposal last, and who may vote in it."""
        config = self._config
        members = self._state.roster.current
        if electors is None:
            electorate = self._fleet_electorate(members)
            weights: Mapping[NodeId, int] = {}
        else:
            weights = dict.fromkeys(electors, config.elector_weight)
            publication = electorate_of(dict(weights))
            electorate = self._state.rounds.electorate(electorate_id(publication.electors))
        operations: list[Operation] = []
        if electorate is None:
            publication = electorate_of(dict(weights) or weights_of(members, config))
            operations.append(publication)
            identifier = electorate_id(publication.electors)
            voters: Collection[NodeId] = [NodeId(one.member) for one in publication.electors]
        else:
            identifier, voters = electorate.id, electorate.position
        before = self._state.rounds.on(belief) if attempt > 1 else ()
        previous = next((one.id for one in before if one.attempt == attempt - 1), b"")
        operations.append(
            Propose(
                belief=belief,
                attempt=attempt,
                rules=rules or config.rules,
                electorate=identifier,
                timeout_ms=config.timeout_ms,
                previous=previous,
            )
        )
        return operations, voters

    def _fleet_electorate(self, members: Members) -> Electorate | None:
        """A published electorate that fits the roster; looked for anew when either changed."""
        key = (members.key, self._state.rounds.electorate_count)
        if self._fitting is None or self._fitting[0] != key:
            weights = weights_of(members, self._config)
            published = self._state.rounds.newest_electorates()
            found = fitting(published, weights, self._config.weight_tolerance)
            self._fitting = key, found
        return self._fitting[1]

    def _whole_fleet(self, found: Round) -> bool:
        return len(found.electorate) == len(self._state.roster.current)

    def _schedule_conclusion(self, found: Round, now: Now) -> None:
        proposers = found.proposers
        for author in self._hosted:
            if author in proposers:
                self._to_conclude[found.id] = author
                if self._conclude_due is None:
                    self._conclude_due = after(now.instant, self._config.conclude_delay_ns)
                return

    def _conclude(self, effects: VotingEffects) -> None:
        by_author: dict[NodeId, list[Conclusion]] = {}
        for identifier, author in self._to_conclude.items():
            found = self._round(identifier)
            if not any(who == author for who, _ in found.conclusions):
                by_author.setdefault(author, []).append(conclusion_of(found, self._state.beliefs))
        self._to_conclude.clear()
        for author, conclusions in by_author.items():
            for first in range(0, len(conclusions), VOTES_PER_OPERATION):
                batch = tuple(conclusions[first : first + VOTES_PER_OPERATION])
                effects.emit.append(Say(author, Conclude(batch)))

    def _time_is_up(self, found: Round, now: Now, effects: VotingEffects) -> None:
        """Close or conclude, in turn: the proposer first, then electors as a draw orders them."""
        due_stamp = found.opened_stamp + (found.timeout_ms << LOGICAL_BITS)
        proposers = found.proposers
        author = next((one for one in self._hosted if one in proposers), None)
        wait_ms = 0
        if author is None:
            author, rank = self._drawn(found)
            wait_ms = self._config.aggregation_ms * (1 + rank)
            if author is None:
                return
        late_ms = (now.wall_ms << LOGICAL_BITS) - due_stamp >> LOGICAL_BITS
        if late_ms < wait_ms:
            pause_ns = min(wait_ms - late_ms, found.timeout_ms + wait_ms) * MILLISECOND
            heappush(self._watched, (after(now.instant, max(pause_ns, MILLISECOND)), found.id))
        elif found.verdict.decided:
            conclusion = conclusion_of(found, self._state.beliefs)
            effects.emit.append(Say(author, Conclude((conclusion,))))
        elif not any(who == author for who, _, _ in found.closings):
            effects.emit.append(Say(author, closing_of(found)))

    def _drawn(self, found: Round) -> tuple[NodeId | None, int]:
        """The hosted elector whose turn comes first, and its rank in the draw."""
        order = sorted(
            found.electorate.position, key=lambda one: fingerprint(b"credimus draw", found.id, one)
        )
        for rank, elector in enumerate(order):
            if elector in self._hosted:
                return elector, rank
        return None, 0

    def _fresh(self, found: Round, now: Now) -> bool:
        """Whether a vote may still be of interest although the round is decided."""
        due_stamp = found.opened_stamp + (found.timeout_ms << LOGICAL_BITS)
        return (now.wall_ms << LOGICAL_BITS) < due_stamp

    def _round(self, identifier: RoundId) -> Round:
        found = self._state.rounds.get(identifier)
        if found is None:
            raise InternalError("unknown-round", f"no round {identifier.hex()} in the state")
        return found


_OBJECTIONS_KEPT = 1_024
