"""What the API takes and gives: the one schema, from which descriptions can be generated.

Times are milliseconds since the Unix epoch, ids are hex, ratios are numbers from 0 to 1. Unknown
fields are refused by name.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from credimus.api.peer_item import PeerItem
from credimus.runtime.settings import AggregationName, SchemeName
from credimus.runtime.store.interface import QUERY_ROWS_MAX

ChoiceName = Literal["accept", "reject", "abstain"]
RelationName = Literal[
    "supports", "contradicts", "implies", "depends_on", "refines", "alternative_to"
]
VerdictName = Literal["open", "expired", "accepted", "rejected", "contested"]
EventKind = Literal[
    "asserted", "changed", "opened", "ignored", "refused", "decided", "expired", "contested",
    "contradicted", "admitted", "left", "missed",
]  # fmt: skip
"""`changed`: assertions or relations of a belief were taken back or removed; `ignored`: a proposal
opened nothing; `contradicted`: a member gave two answers; `missed`: see `Event.missed`."""
WaitFor = Annotated[str, Meta(pattern=r"^(local|decided|replicated:[0-9]{1,5})$")]
Timeout = Annotated[float, Meta(gt=0, le=600)]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common shape of requests."""


class EvidenceItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that speaks for an assertion."""

    kind: str
    content: str


class Wait(Input, frozen=True, kw_only=True):
    """How far a write must have come before it is answered."""

    wait_for: WaitFor = "local"
    """`local`: durable here; `replicated:K`: on K members, this one included; `decided`."""
    timeout: Timeout = 10.0
    """Seconds; past it the answer is a problem, and the write goes on."""
    key: str | None = None
    """An idempotency key: a request repeated under it gives the first receipt again."""


class NewRules(Wait, frozen=True, kw_only=True):
    """The rules of a round that the request opens; the node's own where not given."""

    scheme: SchemeName | None = None
    threshold: float | str | None = None
    aggregation: AggregationName | None = None


class NewBelief(NewRules, frozen=True, kw_only=True):
    """POST /v1/beliefs."""

    content: str
    category: str | None = None
    confidence: float = 1.0
    evidence: tuple[EvidenceItem, ...] = ()
    ttl_ms: int = 0
    propose: bool = True


class NewVote(Wait, frozen=True, kw_only=True):
    """POST /v1/beliefs/{id}/votes."""

    choice: ChoiceName
    confidence: float = 1.0
    reason: str = ""


class NewRetraction(Wait, frozen=True, kw_only=True):
    """POST /v1/beliefs/{id}/retract."""

    reason: str = ""


class NewRelation(Wait, frozen=True, kw_only=True):
    """POST /v1/beliefs/{id}/relations."""

    relation: RelationName
    target: str


class NewRound(NewRules, frozen=True, kw_only=True):
    """POST /v1/beliefs/{id}/rounds."""


class ReceiptAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/receipts/{sequence}: how far has a write of this node come?"""

    belief: str | None = None
    """What was written about; whole."""
    round: str | None = None
    wait_for: WaitFor = "local"
    timeout: Timeout = 10.0


class EventsAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/events."""

    after: str | None = None
    """The cursor of the last event seen; from now on when not given."""
    limit: Annotated[int, Meta(ge=1, le=QUERY_ROWS_MAX)] = 100
    timeout: Annotated[float, Meta(ge=0, le=60)] = 0.0
    """Seconds to wait for a first event."""


class NewTicket(Input, frozen=True, kw_only=True):
    """POST /v1/tickets."""

    expires_s: float = 3_600
    address: str | None = None
    """The HTTP address the joiner asks; this node's own when not given."""


class LinksWanted(Input, frozen=True, kw_only=True):
    """POST /v1/links."""

    open: bool


class BeliefsAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/beliefs."""

    category: str | None = None
    verdict: VerdictName | None = None
    since: Annotated[int, Meta(ge=0)] | None = None
    """Milliseconds since the epoch: first asserted then or later."""
    text: str | None = None
    limit: Annotated[int, Meta(ge=1, le=QUERY_ROWS_MAX)] = 100
    cursor: str | None = None


# --- answers


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


class BeliefItem(msgspec.Struct, frozen=True, kw_only=True):
    """A belief in a list."""

    id: str
    category: str
    content: str
    confidence: float
    verdict: VerdictName
    attempt: int
    assertion_count: int
    asserted_ms: int
    changed_ms: int


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
    asserted_ms: int
    assertions: list[AssertionItem]
    relations: list[RelationItem]
    rounds: list[RoundItem]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened."""

    cursor: str
    """Go on after it with this."""
    kind: EventKind
    belief: str | None = None
    round: str | None = None
    member: str | None = None
    """Who asserted, proposed, refused, contradicted itself, was admitted or left."""
    verdict: VerdictName | None = None
    """Of the belief, when this was read: it may have climbed since the event."""
    first: bool = False
    """Whether nobody had asserted the belief before."""
    reason: str | None = None
    """Of a refusal."""
    culprits: list[str] = []
    """Who voted both ways in a contested round."""
    missed: int = 0
    """How many events the reader missed, of a kind `missed`: it was too slow, or away too long."""


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/events."""

    events: list[Event]
    cursor: str
    """Gives the next page, once there is one."""


class MemberItem(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the fleet."""

    id: str
    name: str
    address: str
    admitted_ms: int
    admitted_by: str
    self: bool
    connected: bool
    lag: int
    """Blocks of this node that the member is not known to hold."""
    said_ms: int | None
    """Stamp of the last block held of it; null while there is none."""


class FaultItem(msgspec.Struct, frozen=True, kw_only=True):
    """A peer's wrong, counted."""

    peer: str
    code: str
    count: int


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
    forked: bool
    """Whether this node's own chain is forked: the folder is an old copy, and writes no more."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/tickets."""

    ticket: str
    id: str
    fleet: str
    expires_ms: int


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/backups."""

    file: str
    """The name of the copy in the node's folder; the next one takes its place."""
    blocks: int


class LinksState(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/links."""

    open: bool
    dialled: list[str]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """GET /health."""

    status: Literal["ok", "degraded", "failing"]
    cluster_size: int
    """Members connected, this node included."""
    expected: int
    """Members in the roster."""
    quorum: bool
    """Whether enough members are connected to decide under the byzantine scheme."""
    orphans: int
    """Blocks that wait for others that this node lacks."""
    failure: Failure | None
