"""The explanation of a belief, as the library, HTTP and the terminal give it.

Times are milliseconds since the Unix epoch, ids are hex, ratios are numbers from 0 to 1. Values of
votes and thresholds are whole numbers in the round's own unit: see `Tally.unit`. Field names are
stable.
"""

from typing import Literal

import msgspec

VerdictName = Literal["open", "expired", "accepted", "rejected", "contested"]
ChoiceName = Literal["accept", "reject", "abstain"]
OrderName = Literal["before", "after", "concurrent", "unknown"]
Opener = Literal["proposal", "assertion", "expiry", "contest"]
"""What opens a further attempt: a `proposal` by anybody, at any time; an `assertion` of the belief
(new evidence for it); the proposer by itself, after `expiry` or after a `contest` by majority."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Common shape."""


class Who(Part, frozen=True):
    """A member, with the name it has in the roster now."""

    id: str
    name: str


class Item(Part, frozen=True):
    """Something that speaks for an assertion."""

    kind: str
    content: str


class Stated(Part, frozen=True):
    """A live assertion."""

    author: Who
    confidence: float
    asserted_ms: int
    ttl_ms: int
    evidence: list[Item]


class Answer(Part, frozen=True):
    """One answer of an elector."""

    choice: ChoiceName
    value: int
    """What it adds to its side."""
    confidence: float | None
    """None when the block that holds it was not found within the bound of reading."""
    reason: str | None
    """None likewise; empty when none was given."""
    voted_ms: int | None
    block: str | None
    """The signed block that holds it."""


class Voter(Part, frozen=True):
    """An elector and what it said."""

    elector: Who
    weight: int
    """As the electorate states it; counts by reputation only."""
    sensitivity: float | None
    """The share of true beliefs that it accepts, as the electorate states it; None where that says
    nothing of skill."""
    specificity: float | None
    """The share of false beliefs that it rejects, likewise."""
    answers: list[Answer]
    """None, one, or the several of one who contradicted itself."""
    refusal: str | None
    """Why it will not vote, signed."""


class Tally(Part, frozen=True):
    """The values so far, against what decides."""

    unit: Literal["votes", "millionths", "weight", "nats"]
    """Of all values: one a vote, the vote's confidence in millionths, the elector's weight, or
    evidence in millionths of a nat (by skill)."""
    accept: int
    reject: int
    most: int
    """The value of everybody's vote at full confidence."""
    needed: int
    """The least value of one side that decides; under turnout `most` + 1: a closing decides."""
    threshold: str
    """The same in words."""
    answered: int
    """Electors who gave any answer."""
    quorum: int
    """How many must have."""
    electors: int


class Spare(Part, frozen=True):
    """What a decided round has beyond what it needs."""

    value: int
    """Of the deciding side, above the threshold."""
    votes: int
    """So many of its votes, whichever, could be missing: it would be decided all the same."""


class Closed(Part, frozen=True):
    """A closing that counts: its round's time had passed."""

    author: Who
    closed_ms: int


class Recorded(Part, frozen=True):
    """A verdict that somebody recorded, signed."""

    author: Who
    outcome: ChoiceName
    recorded_ms: int
    removed: int
    """The assertions that go with it."""


class RoundExplained(Part, frozen=True):
    """One voting round."""

    id: str
    attempt: int
    verdict: VerdictName
    decides: bool
    """Whether the belief has its verdict from this attempt."""
    scheme: str
    aggregation: str
    proposers: list[Who]
    opened_ms: int
    due_ms: int
    """From then on a closing can expire it."""
    tally: Tally
    spare: Spare | None
    """None unless accepted or rejected by votes."""
    voters: list[Voter]
    """The whole electorate."""
    dissent: list[Who]
    """Who answered other than the verdict; empty while there is none."""
    waiting: list[Who]
    """Who has neither answered nor refused."""
    refused: list[Who]
    culprits: list[Who]
    """Who contradicted itself."""
    closings: list[Closed]
    recorded: list[Recorded]
    unread: int
    """Answers whose blocks were not found within the bound of reading."""


class Related(Part, frozen=True):
    """A belief that bears on this one, or on which this one bears."""

    id: str
    content: str
    verdict: VerdictName | None
    relations: list[str]
    """Such as `supports it` or `it depends on`; empty for those related through others."""
    order: OrderName
    """Whether it was first asserted in the causal past of this one, or this one in its; unknown
    when the answer lies beyond the bound of walking."""


class History(Part, frozen=True):
    """What a belief leans on, and what came before it, as far as related."""

    leans_on: list[str]
    """Ids among `related`: what it depends on or refines, or what supports or implies it."""
    leans_on_through: list[str]
    """Ids among `related`: what those lean on, in turn."""
    related: list[Related]
    left_out: int
    """Related beliefs beyond the bound."""


class Cast(Part, frozen=True):
    """A vote that could still come."""

    elector: Who
    choice: ChoiceName
    """`abstain` stands for any answer: only the quorum needs it."""
    value: int
    """What it adds to its side."""
    contradicts: bool
    """Whether its elector would contradict an earlier answer of its own."""


class Closing(Part, frozen=True):
    """A closing that could still come."""

    by: list[Who]
    """Any one of them."""
    not_before_ms: int


class Change(Part, frozen=True):
    """The least that would give the belief another verdict, through one of its rounds."""

    verdict: VerdictName
    """What the belief's verdict would be."""
    round: str
    outcome: VerdictName
    """What the round's verdict would be."""
    value: int
    """The further value of that side which is needed."""
    answers: int
    """Further electors who must answer at all, for the quorum."""
    contradicting: int
    """The part of the value that must come from electors who contradict themselves."""
    votes: list[Cast]
    """The fewest votes that do it: as few contradictions as can be, then as few votes."""
    closing: Closing | None
    """Needed as well, where a closing decides."""


class Attempt(Part, frozen=True):
    """Whether the belief can be put to a vote once more."""

    number: int
    """Of the attempt that would come next."""
    by: list[Opener]
    """What opens it; empty when nothing does."""
    blocked: Literal["round-open", "attempts-exhausted"] | None


class ReconciledWith(Part, frozen=True):
    """A belief accepted apart from this one, and what became of the two."""

    other: str
    effect: str
    """`stands`, `superseded`, `alternative`, or `again` while both are put to the vote again."""
    strategy: str
    by: Who
    why: str


class Explanation(Part, frozen=True):
    """Why a belief has the verdict that it has, here and now."""

    belief: str
    content: str
    category: str
    verdict: VerdictName | None
    """None when it was never proposed."""
    confidence: float
    """The mean of its authors' newest."""
    credence: float
    """How probable the answers make it, by the skill of who gave them, as it is seen now."""
    votes: int
    """Accepts and rejects that this rests on."""
    witnesses_effective: int
    """The independent ones among them: members that answer alike count once."""
    asserted_ms: int
    assertions: list[Stated]
    rounds: list[RoundExplained]
    """In order of attempt."""
    rounds_left_out: int
    """Rounds beyond the bound, the oldest that decide nothing."""
    history: History
    reconciled: list[ReconciledWith]
    """Where it was accepted apart from a belief that contradicts it."""
    changes: list[Change]
    """What would change the verdict; what can not come about is left out."""
    next_attempt: Attempt
