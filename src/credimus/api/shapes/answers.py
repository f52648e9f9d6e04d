"""What the API gives, and the words that it shares with what it takes (inputs.py).

Times are milliseconds since the Unix epoch, ids are hex, ratios are numbers from 0 to 1. The API is
described from these very types (openapi.py).
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from credimus.api.shapes.doors import Doors, FaultItem
from credimus.api.shapes.partitions import (
    LevelName,
    OutcomeItem,
    PartitionItem,
    StandingName,
    StrategyName,
)
from credimus.kernel import limits
from credimus.runtime.settings.settings import AggregationName, SchemeName

ChoiceName = Literal["accept", "reject", "abstain"]
RelationName = Literal[
    "supports", "contradicts", "implies", "depends_on", "refines", "alternative_to"
]
VerdictName = Literal["open", "expired", "accepted", "rejected", "contested"]
EventKind = Literal[
    "asserted", "changed", "opened", "ignored", "refused", "decided", "expired", "contested",
    "contradicted", "exposed", "admitted", "left", "expelled", "rotated", "reconciled", "withdrawn",
    "alive", "suspected", "dead", "partition", "healed", "recovering", "recovered", "missed",
    "violation", "quarantined", "paroled", "doubted",
]  # fmt: skip
"""`changed`: assertions or relations of a belief were taken back or removed; `ignored`: a proposal
opened nothing; `contradicted`: a member gave two answers; `exposed`: it was proven
to equivocate; `rotated`: it has a new key, see `Event.successor`; `withdrawn`: a member took back
how it had reconciled two beliefs; `missed`: see `Event.missed`."""
ProblemKind = Literal[
    "usage", "not-found", "conflict", "not-permitted", "unavailable", "storage", "internal"
]


def described(**schema: Any) -> Meta:
    """What the description says of a field that the core judges, with a code of its own."""
    return Meta(extra_json_schema=schema)


class EvidenceItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that speaks for an assertion."""

    kind: Annotated[str, described(minLength=1, maxLength=limits.NAME_BYTES_MAX)]
    content: Annotated[str, described(minLength=1, maxLength=limits.EVIDENCE_BYTES_MAX)]


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """GET /livez and /readyz."""

    status: Literal["ok"] = "ok"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """How far a write has come."""

    belief: str | None
    round: str | None
    """The round that the write opened or voted in."""
    author: str
    sequence: int
    """The author's block that holds the write."""
    replicas: int
    """Members known to hold it, this node included."""
    verdict: VerdictName | None
    """Of the belief, here and now; null when it was never proposed."""
    standing: StandingName | None = "normal"
    """What the write can count on while the fleet is split; null when it is not remembered."""
    reason: str = ""
    """Why the standing is not normal."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document (RFC 9457)."""

    type: str
    """`urn:credimus:error:<code>`."""
    title: str
    """The words of the HTTP status."""
    status: int
    detail: str
    """What happened, to which id, what was expected, what to do."""
    code: str
    """Stable."""
    kind: ProblemKind
    """Whose fault it is."""
    definite: bool
    """Whether it certainly did not happen."""
    retry: bool
    """Whether the same request may succeed later."""
    retry_after_ms: int | None = None
    """When it is likely to, in ms from now on; the header Retry-After says it in whole seconds."""
    belief: str | None = None
    """The belief that was written although what was waited for did not come."""
    round: str | None = None
    receipt: Receipt | None = None
    """How far that write has come."""


class BeliefItem(msgspec.Struct, frozen=True, kw_only=True):
    """A belief in a list."""

    id: str
    category: str
    content: str
    confidence: float
    verdict: VerdictName
    credence: float
    """How probable its answers make it, by the skill of who gave them."""
    votes: int
    """Accepts and rejects that this rests on."""
    witnesses_effective: int
    """The independent ones among them: members that answer alike count once."""
    attempt: int
    assertion_count: int
    asserted_ms: int
    changed_ms: int
    enclosed: bool = False
    """Whether only some members can read it."""


class BeliefPage(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/beliefs."""

    beliefs: list[BeliefItem]
    cursor: str | None
    """Gives the next page; null on the last."""


class AssertionItem(msgspec.Struct, frozen=True, kw_only=True):
    """A live assertion."""

    author: str
    name: str
    confidence: float
    asserted_ms: int
    ttl_ms: int
    evidence: list[EvidenceItem]


class RelationItem(msgspec.Struct, frozen=True, kw_only=True):
    """A live relation."""

    source: str
    relation: RelationName
    target: str


class VoteItem(msgspec.Struct, frozen=True, kw_only=True):
    """An elector's answer; several of one elector are an equivocator's."""

    elector: str
    name: str
    choice: ChoiceName


class RoundItem(msgspec.Struct, frozen=True, kw_only=True):
    """A voting round."""

    id: str
    attempt: int
    scheme: SchemeName
    aggregation: AggregationName
    verdict: VerdictName
    electors: int
    quorum: int
    """Votes of any kind that are needed."""
    value_needed: int
    """Value of one side that decides."""
    accept_value: int
    reject_value: int
    opened_ms: int
    timeout_ms: int
    votes: list[VoteItem]
    refusals: list[str]


class BeliefDetail(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/beliefs/{id}."""

    id: str
    category: str
    content: str
    confidence: float
    verdict: VerdictName | None
    credence: float
    """How probable its answers make it, by the skill of who gave them."""
    votes: int
    """Accepts and rejects that this rests on."""
    witnesses_effective: int
    """The independent ones among them: members that answer alike count once."""
    asserted_ms: int
    assertions: list[AssertionItem]
    relations: list[RelationItem]
    rounds: list[RoundItem]
    reconciled: list[OutcomeItem] = []
    """What became of it where it was accepted apart from a belief that contradicts it."""
    readers: list[str] | None = None
    """Members who alone can read it, by id; null for an open belief."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened."""

    cursor: str
    """Go on after it with this."""
    kind: EventKind
    belief: str | None = None
    round: str | None = None
    member: str | None = None
    """Who asserted, proposed, refused, contradicted itself, was admitted, exposed or expelled, has
    a new key, left or reconciled; which peer is alive, suspected or dead; who did
    wrong."""
    successor: str | None = None
    """The new id of a member whose key was rotated."""
    verdict: VerdictName | None = None
    """Of the belief, when this was read: it may have climbed since the event."""
    first: bool = False
    """Whether nobody had asserted the belief before."""
    reason: str | None = None
    """Of a refusal, a suspicion, a split, a recovery or a wrong."""
    culprits: list[str] = []
    """Who voted both ways in a contested round."""
    other: str | None = None
    """The other belief of a reconciliation."""
    strategy: StrategyName | None = None
    """How they were reconciled."""
    level: LevelName | None = None
    """Of a split."""
    partition: PartitionItem | None = None
    """The diary's entry of a split that has healed."""
    missed: int = 0
    """How many events the reader missed, of a kind `missed`: it was too slow, or away too long."""


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/events."""

    events: list[Event]
    cursor: str
    """Gives the next page, once there is one."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why the node writes nothing now."""

    code: str
    message: str


class EvaluatorItem(msgspec.Struct, frozen=True, kw_only=True):
    """A slow evaluator, since the node started."""

    name: str
    asked: int
    answered: int
    """With a ballot."""
    left: int
    """To the next evaluator, or open."""
    failures: dict[str, int]
    """By code."""
    failing: bool
    """Whether the last question failed."""


class Evaluating(msgspec.Struct, frozen=True, kw_only=True):
    """The questions to slow evaluators."""

    waiting: int
    running: int
    overflow: int
    """Let go because too many waited."""
    late: int
    """Given up, or answered, after the round had ended."""
    uncast: int
    """Ballots that could not be written."""
    evaluators: list[EvaluatorItem]


class PeerItem(msgspec.Struct, frozen=True, kw_only=True):
    """Another member, as far as this node can reach it."""

    id: str
    name: str
    status: str
    """alive, suspect, dead, or unknown when nothing was ever heard of it."""
    incarnation: int
    rtt_us: int | None
    """Median round trip of its last answers, in us."""
    rtt_us_p90: int | None
    through_others: bool
    """Whether it answered the last probe through others only."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/status."""

    fleet: str
    fleet_name: str
    node: str
    name: str
    version: str
    pid: int
    uptime_s: float
    listen: str
    api: str
    link: str
    links_open: bool
    fingerprint: str
    """Of the agreed state: equal on nodes that hold the same blocks."""
    blocks: int
    orphans: int
    members: int
    neighbours: list[str]
    peers: list[PeerItem]
    beliefs: int
    decided: int
    """Beliefs that are accepted, rejected or contested."""
    verdicts: dict[str, int]
    """Beliefs by verdict."""
    rounds: dict[str, int]
    """Rounds by verdict."""
    faults: list[FaultItem]
    failure: Failure | None
    inbox_dropped: int
    steps: int
    evaluating: Evaluating | None
    """None where no evaluator is slow."""
    latest_ms: int
    """The latest stamp held: well ahead of the wall clock, somebody's clock is wrong."""
    checkpoint_since_ms: int | None
    """Since when members have tried to certify the next checkpoint; None while none is due."""
    forked: bool
    """Whether this node's own chain is forked: the folder is an old copy, and writes no more."""
    doors: Doors


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/tickets."""

    ticket: str
    id: str
    fleet: str
    expires_ms: int
    address: str
    """Where the joiner asks."""
    warning: str | None
    """Why a joiner on another machine could not ask there, if that can be told."""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/backups."""

    file: str
    """The name of the copy in the node's folder; the next one takes its place."""
    blocks: int


class LinksState(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/links."""

    open: bool
    dialled: list[str]
