"""Turns commands into operations: checks first, then writes to the author's open block."""

from collections.abc import Sequence
from typing import assert_never

from credimus.kernel import limits
from credimus.kernel.errors import Conflict, NotFound, UsageError
from credimus.kernel.ids import BeliefId, RoundId
from credimus.kernel.instant import Now
from credimus.node.commands import (
    AdmitMember,
    AssertBelief,
    CastVote,
    Command,
    ExpelMember,
    ExposeMember,
    GrantPowers,
    LeaveFleet,
    OnMembers,
    PlainCommand,
    ProposeBelief,
    RelateBeliefs,
    RetractBelief,
    RotateKey,
    ShareBelief,
    Written,
)
from credimus.node.saying import rostering
from credimus.node.saying.author import Author
from credimus.node.saying.checks import (
    check_category,
    check_evidence,
    check_length,
    check_millionths,
    check_proposal,
    checked_content,
    unknown_belief,
)
from credimus.node.saying.enclosing import Enclosing
from credimus.node.saying.rostering import check_may_propose, check_may_vote
from credimus.protocol.voting.interface import Ballot, Opened, Question, Say, SayVote, VoteRequested
from credimus.protocol.voting.machine import Voting
from credimus.state.beliefs import link_key
from credimus.state.categories import Categorizer
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Assert,
    Leave,
    Relate,
    Retract,
    Votes,
)
from credimus.state.voting.verdict import Verdict


class Writing:
    """Executes commands for the members that this node hosts. A command that raises did nothing."""

    def __init__(
        self,
        state: FleetState,
        voting: Voting,
        authors: Sequence[Author],
        categorizer: Categorizer,
        enclosing: Enclosing,
    ) -> None:
        self._state = state
        self._voting = voting
        self._authors = {author.id: author for author in authors}
        self._main = authors[0]
        self._categorizer = categorizer
        self._enclosing = enclosing

    def execute(self, command: PlainCommand, now: Now) -> Written:
        """Carry out a command.

        Raises:
            UsageError, Unavailable, StorageError: nothing was changed.
        """
        match command:
            case AssertBelief():
                return self.assert_belief(command, now)
            case ShareBelief():
                return self.share(command)
            case ProposeBelief():
                return self.propose(command)
            case RetractBelief():
                return self.retract(command)
            case RelateBeliefs():
                return self.relate(command)
            case LeaveFleet():
                return self.leave(command)
            case _:
                return self._on_members(command, now)

    def _on_members(self, command: OnMembers, now: Now) -> Written:
        author, members = self.author_of(command), self._state.roster.current
        fleet = self._state.roster.fleet
        match command:
            case AdmitMember():
                rostering.admit(author, command, members, now)
            case GrantPowers():
                rostering.grant(author, command, members)
            case RotateKey():
                rostering.rotate(author, command, members, fleet)
            case ExposeMember():
                rostering.expose(author, command, members, fleet)
            case ExpelMember():
                rostering.expel(author, command, members)
            case _:
                assert_never(command)
        return Written(author.id)

    def author_of(self, command: Command) -> Author:
        """The hosted author of a command, with room for what is that urgent.

        Raises:
            NotFound: `not-hosted`.
            Unavailable, StorageError: as `Author.check_room`.
            Conflict: `not-a-member`, `exposed`.
        """
        author = self._main if command.author is None else self._authors.get(command.author)
        if author is None:
            raise NotFound("not-hosted", "this node does not write for that member")
        if author.id not in self._state.roster.current:
            raise Conflict(
                "not-a-member",
                f"{author.id.hex()[:12]} is not in the fleet's roster (yet, or any more); join "
                "with a ticket from a member.",
            )
        author.check_whole()  # says more than that the proof of it is known already
        if author.id in self._state.roster.current.exposed:
            raise Conflict(
                "exposed",
                f"{author.id.hex()[:12]} is a proven equivocator: nobody takes what it writes. "
                "Join the fleet anew, from an empty folder.",
            )
        author.check_room(command.urgency)
        return author

    def assert_belief(self, command: AssertBelief, now: Now) -> Written:
        """State a belief and, when none is open, open a round on it with the own vote."""
        author = self.author_of(command)
        content = checked_content(command.content)
        category = command.category or self._categorizer.category(content)
        check_category(category)
        if self._state.roster.category_limits is not None:
            author.obey(self._state.roster)
            author.check_category(category, now.wall_ms)
        check_evidence(command.evidence)
        check_millionths(command.confidence, "confidence")
        if not 0 <= command.ttl_ms <= limits.TTL_MS_MAX:
            raise UsageError("out-of-range", f"ttl is 0 to {limits.TTL_MS_MAX} ms")
        check_proposal(command.rules, command.electors)
        if command.propose:
            check_may_propose(author.id, category, self._state.roster.current)
        evidence, boxes = command.evidence, None
        if command.readers:
            content, evidence, boxes = self._enclosing.close(
                author.id, (content, category), command.evidence, command.readers
            )
        belief = belief_id(content, category)
        attempt = self._attempt_due(belief, author) if command.propose else 0
        question = Question(author.id, RoundId(b""), belief, content, category, command.confidence)
        opened = self._opened(attempt, command, question) if attempt else None
        if boxes is not None:
            author.say(boxes)
        author.say(
            Assert(
                counter=author.next_counter(),
                content=content,
                category=category,
                confidence=command.confidence,
                evidence=evidence,
                ttl_ms=command.ttl_ms,
            )
        )
        if opened is None:
            return Written(author.id, belief)
        return self._propose(author, belief, opened)

    def share(self, command: ShareBelief) -> Written:
        """Let further members read an enclosed belief."""
        author = self.author_of(command)
        belief = self._state.beliefs.get(command.belief)
        if belief is None:
            raise unknown_belief(command.belief)
        boxes = self._enclosing.share(author.id, belief, command.readers)
        if boxes is not None:
            author.say(boxes)
        return Written(author.id, command.belief)

    def propose(self, command: ProposeBelief) -> Written:
        """Open a new attempt on a belief."""
        author = self.author_of(command)
        belief = self._state.beliefs.get(command.belief)
        if belief is None:
            raise unknown_belief(command.belief)
        check_may_propose(author.id, belief.category, self._state.roster.current)
        check_proposal(command.rules, command.electors)
        attempt = self._attempt_due(command.belief, author, again=True)
        if not attempt:
            raise Conflict(
                "round-open", f"a round on {command.belief.hex()} is open; vote in it instead"
            )
        stance = self._state.beliefs.stance(command.belief, author.id)
        question = Question(
            author.id, RoundId(b""), belief.id, belief.content, belief.category,
            None if stance is None else stance.confidence,
        )  # fmt: skip
        return self._propose(author, command.belief, self._opened(attempt, command, question))

    def ballot(self, command: CastVote) -> VoteRequested:
        """The request to vote in the newest round on a belief, or in the one that is named."""
        author = self.author_of(command)
        check_may_vote(author.id, self._state.roster.current)
        check_millionths(command.confidence, "confidence")
        check_length(command.reason, limits.REASON_BYTES_MAX, "reason")
        rounds = self._state.rounds.on(command.belief)
        belief = self._state.beliefs.get(command.belief)
        if belief is None and not rounds:
            raise unknown_belief(command.belief)
        mine = [
            one
            for one in rounds
            if author.id in one.electorate.position and command.round in (None, one.id)
        ]
        if not mine:
            raise NotFound(
                "no-round",
                f"no round on {command.belief.hex()} has {author.id.hex()[:12]} as an elector; "
                "propose the belief first.",
            )
        reason = self._reason(author, command.belief, command.reason)
        ballot = Ballot(command.choice, command.confidence, reason)
        return VoteRequested(author.id, mine[-1].id, ballot)

    def retract(self, command: RetractBelief) -> Written:
        """Take back the author's own assertions of a belief."""
        author = self.author_of(command)
        check_length(command.reason, limits.REASON_BYTES_MAX, "reason")
        if self._state.beliefs.get(command.belief) is None:
            raise unknown_belief(command.belief)
        own = tuple(
            counter
            for who, counter, _ in self._state.beliefs.assertions(command.belief)
            if who == author.id
        )
        if not own:
            raise Conflict(
                "nothing-to-retract",
                f"{author.id.hex()[:12]} has no live assertion of {command.belief.hex()}",
            )
        reason = self._reason(author, command.belief, command.reason)
        author.say(Retract(own[-256:], reason))
        return Written(author.id, command.belief)

    def relate(self, command: RelateBeliefs) -> Written:
        """State how one belief bears on another."""
        author = self.author_of(command)
        for belief in (command.source, command.target):
            if self._state.beliefs.get(belief) is None:
                raise unknown_belief(belief)
        if command.source == command.target:
            raise UsageError("self-relation", "a belief can not be related to itself")
        key = link_key(command.source, command.relation, command.target)
        if not self._state.beliefs.links_by(author.id, key):
            author.say(
                Relate(author.next_counter(), command.source, command.relation, command.target)
            )
        return Written(author.id, command.source)

    def leave(self, command: LeaveFleet) -> Written:
        """Leave the roster."""
        author = self.author_of(command)
        check_length(command.reason, limits.REASON_BYTES_MAX, "reason")
        author.say(Leave(command.reason))
        return Written(author.id)

    def _reason(self, author: Author, identifier: BeliefId, reason: str) -> str:
        """The reason as it is written."""
        belief = self._state.beliefs.get(identifier)
        content = "" if belief is None else belief.content
        return self._enclosing.reason(author.id, content, identifier, reason)

    def _opened(
        self, attempt: int, command: AssertBelief | ProposeBelief, question: Question
    ) -> Opened:
        """What opens a round; raises before anything is said."""
        return self._voting.open_round(question, attempt, command.rules, command.electors)

    def _propose(self, author: Author, belief: BeliefId, opened: Opened) -> Written:
        for said in opened.said:
            match said:
                case Say():
                    author.say(said.operation)
                case SayVote():
                    author.say(Votes((said.vote,)))  # beside its proposal: one path proves both
        author.proposing.add(belief)
        return Written(author.id, belief, opened.round)

    def _attempt_due(self, belief: BeliefId, author: Author, again: bool = False) -> int:
        """The attempt to open on a belief; 0 when a round is open or its verdict stands."""
        if belief in author.proposing:
            return 0
        rounds = self._state.rounds.on(belief)
        if not rounds:
            return 1
        last = rounds[-1]
        if last.verdict is Verdict.OPEN or (
            not again and self._state.rounds.verdict(belief) is Verdict.ACCEPTED
        ):
            return 0
        if last.attempt >= limits.ATTEMPTS_MAX:  # a liar can open the last attempt at once
            if again:
                raise Conflict("attempts-exhausted", f"{belief.hex()} has had its last round")
            return 0
        return last.attempt + 1
