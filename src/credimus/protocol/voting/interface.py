"""What voting decides by, listens to and asks for."""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol, TypeAlias

import msgspec

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import NodeId, RoundId
from credimus.kernel.instant import MILLISECOND
from credimus.state.events import (
    BeliefsReconciled,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
)
from credimus.state.operations import Choice, Operation, Rules, Vote


class VotingConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How a node proposes, votes and closes."""

    rules: Rules = Rules()
    """Scheme, threshold, aggregation and quorum of rounds opened here. [seed: byzantine 2/3, quorum
    0.51]"""
    timeout_ms: int = 5_000
    """Life of a round in ms, 1 to a day. [seed: voting 5 s]"""
    aggregation_ms: int = 2_000
    """How long others wait, in ms, for a silent proposer before they close or conclude for it.
    [seed: aggregation 2 s]"""
    conclude_delay_ns: int = 100 * MILLISECOND
    """From a verdict to the operation that records it, at most: it rides along with any block that
    is sealed before. [guess: an idle node has nothing else to say, a busy one seals sooner]"""
    evidence_ns: int = 500 * MILLISECOND
    """How long a belief whose round by majority was contested waits for the next, so that its
    culprits are exposed and left out of it: others refuse to vote with them. Range above 0. [guess:
    a member proves it at once, others by turns of 200 ms]"""
    attempts_max: int = 3
    """Rounds that a proposer opens by itself on one belief when they expire. Range 1 and up.
    [guess]
    """
    weight_tolerance: int = 100_000
    """How far an elector's weight may be, in millionths of our own view of it. [guess]"""
    elector_weight: int = 500_000
    """The weight of every member where rounds do not go by reputation. [seed: initial reputation
    0.5]"""
    reputation_min: int = 100_000
    """The least voting weight, in millionths, that a round by reputation counts at all. [seed: 0.1]
    """
    skill_tolerance: int = 1_000_000
    """How far the evidence of an elector's answer may be from our own view of it, in micro-nats;
    on average a quarter of it. [guess: an answer of somebody unknown is 0.85 nats]"""
    stale_ms: int = 5_000
    """How long, in ms, an epoch may have been closed that a proposal names. [guess: one voting
    timeout]"""
    independence: bool = False
    """Whether members that answer alike, against all others, share one voice in rounds by skill."""
    by_category: bool = False
    """Whether skill is worked out for each category of beliefs by itself."""
    unknown: Choice | None = Choice.ACCEPT
    """The answer on a belief of which this node knows nothing: take the asserter's word for it
    (accept, when its confidence is at least one half), abstain, or none at all. [guess]"""


class Ballot(msgspec.Struct, frozen=True, gc=False):
    """An evaluator's answer."""

    choice: Choice
    confidence: int = MILLION
    reason: str = ""


class Left(Enum):
    """What becomes of a question that one evaluator of a chain does not answer."""

    NEXT = "next"
    """The next evaluator is asked."""
    OPEN = "open"
    """No further evaluator is asked; a later command may vote."""


Answer: TypeAlias = Ballot | Left


class Question(msgspec.Struct, frozen=True, gc=False):
    """What an evaluator is asked: would this elector accept this belief?"""

    elector: NodeId
    round: RoundId
    belief: bytes
    content: str
    category: str
    own: int | None = None
    """The confidence, in millionths, that the elector states in the same block, if it does."""


class Evaluator(Protocol):
    """Answers from local knowledge, at once; None leaves the vote to a later command."""

    def evaluate(self, question: Question) -> Ballot | None:
        """The elector's answer."""
        ...


# --- inputs


class VoteRequested(msgspec.Struct, frozen=True, gc=False):
    """A person, agent or slow evaluator answers for an elector."""

    elector: NodeId
    round: RoundId
    ballot: Ballot


class RoundsChanged(msgspec.Struct, frozen=True, gc=False):
    """Rounds opened, were decided, expired or became contested, in the order folded."""

    facts: Sequence[RoundOpened | RoundDecided | RoundExpired | RoundContested]


class ReviewAsked(msgspec.Struct, frozen=True, gc=False):
    """Beliefs accepted apart were reconciled, in the order folded."""

    facts: Sequence[BeliefsReconciled]


VotingInput: TypeAlias = RoundsChanged | ReviewAsked | VoteRequested

# --- events


class Say(msgspec.Struct, frozen=True, gc=False):
    """An operation for the author's next block."""

    author: NodeId
    operation: Operation


class SayVote(msgspec.Struct, frozen=True, gc=False):
    """A vote for the author's next block; several share an operation."""

    author: NodeId
    vote: Vote


class EvaluationWanted(msgspec.Struct, frozen=True, gc=False):
    """The evaluator left this question open; somebody may answer it by a command."""

    question: Question


class Opened(msgspec.Struct, frozen=True):
    """What opening a round says: an electorate if none fitted, the proposal, the proposer's
    vote."""

    round: RoundId
    said: tuple[Say | SayVote, ...]


VotingEvent: TypeAlias = Say | SayVote | EvaluationWanted
