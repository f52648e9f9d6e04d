"""What the API takes: bodies of POSTs and queries of GETs. Unknown fields are refused by name."""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from credimus.api.shapes.answers import (
    ChoiceName,
    EvidenceItem,
    RelationName,
    VerdictName,
    described,
)
from credimus.api.shapes.members import PowerName
from credimus.kernel import limits
from credimus.runtime.access.principals import LIFE_S_MAX, Scope
from credimus.runtime.audit.kinds import Kind
from credimus.runtime.feed import CURSOR_PATTERN
from credimus.runtime.keys import KEY_BYTES_MAX
from credimus.runtime.settings.keeping import PerSecond
from credimus.runtime.settings.settings import AggregationName, SchemeName
from credimus.runtime.store.interface import QUERY_ROWS_MAX

WaitFor = Annotated[
    str,
    Meta(
        pattern=r"^(local|decided|replicated:[0-9]{1,5})$",
        extra={"wanted": "local, decided or replicated:K, such as replicated:2"},
    ),
]
Timeout = Annotated[float, Meta(gt=0, le=600)]
Confidence = Annotated[float, described(minimum=0, maximum=1)]
POWERS: tuple[PowerName, ...] = get_args(PowerName)
Categories = Annotated[tuple[str, ...], described(maxItems=limits.CAPABILITY_CATEGORIES_MAX)]
Reason = Annotated[str, described(maxLength=limits.REASON_BYTES_MAX)]
ReaderName = Annotated[str, described(minLength=1, maxLength=limits.NAME_BYTES_MAX)]
BeliefName = Annotated[str, described(pattern="^[0-9a-fA-F]{4,32}$")]
"""A belief's id, or an unambiguous beginning of it."""
UrgencyName = Literal["critical", "normal", "low"]
Cursor = Annotated[str, described(pattern=CURSOR_PATTERN)]
"""The place after an event, as this node gave it."""


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common shape of requests."""


class Nothing(Input, frozen=True, kw_only=True):
    """No fields; the body may be left out."""


class Wait(Input, frozen=True, kw_only=True):
    """How far a write must have come before it is answered."""

    wait_for: WaitFor = "local"
    """`local`: durable here; `replicated:K`: on K members, this one included; `decided`."""
    timeout: Timeout = 10.0
    """Seconds; past it the answer is a problem, and the write goes on."""
    urgency: UrgencyName = "normal"
    """How soon others are to know: `critical` and `low` beside `normal`."""
    key: Annotated[str, described(minLength=1, maxLength=KEY_BYTES_MAX)] | None = None
    """An idempotency key: a request repeated under it gives the first receipt again. The header
    `Idempotency-Key` says the same."""


class NewRules(Wait, frozen=True, kw_only=True):
    """The rules of a round that the request opens; the node's own where not given."""

    scheme: SchemeName | None = None
    threshold: float | str | None = None
    aggregation: AggregationName | None = None


class NewBelief(NewRules, frozen=True, kw_only=True):
    """POST /v1/beliefs."""

    content: Annotated[str, described(minLength=1, maxLength=limits.BELIEF_BYTES_MAX)]
    category: Annotated[str, described(pattern="^[a-z][a-z0-9._-]{0,63}$")] | None = None
    confidence: Confidence = 1.0
    evidence: Annotated[
        tuple[EvidenceItem, ...], described(maxItems=limits.EVIDENCE_COUNT_MAX)
    ] = ()
    ttl_ms: Annotated[int, described(minimum=0, maximum=limits.TTL_MS_MAX)] = 0
    propose: bool = True
    readers: Annotated[tuple[ReaderName, ...], described(maxItems=limits.READERS_MAX)] = ()
    """Members who alone can read it, by name or id; `all` for those of now; none for an open
    belief."""


class NewReaders(Wait, frozen=True, kw_only=True):
    """POST /v1/beliefs/{id}/readers."""

    readers: Annotated[tuple[ReaderName, ...], described(minItems=1, maxItems=limits.READERS_MAX)]
    """Members by name or id; `all` for those of now."""


class NewVote(Wait, frozen=True, kw_only=True):
    """POST /v1/beliefs/{id}/votes."""

    choice: ChoiceName
    confidence: Confidence = 1.0
    reason: Reason = ""


class NewRetraction(Wait, frozen=True, kw_only=True):
    """POST /v1/beliefs/{id}/retract."""

    reason: Reason = ""


class NewRelation(Wait, frozen=True, kw_only=True):
    """POST /v1/beliefs/{id}/relations."""

    relation: RelationName
    target: BeliefName


class NewRound(NewRules, frozen=True, kw_only=True):
    """POST /v1/beliefs/{id}/rounds."""


class NewTicket(Input, frozen=True, kw_only=True):
    """POST /v1/tickets."""

    expires_s: Annotated[float, described(minimum=1, maximum=30 * 86_400)] = 3_600
    address: str | None = None
    """The HTTP address the joiner asks, https where the API speaks TLS; this node's own when not
    given."""
    may: tuple[PowerName, ...] = POWERS
    """What the joiner may say, besides stating beliefs; all when not given."""
    categories: Categories = ()
    """Where it may propose and vote; everywhere when empty."""


class NewKey(Input, frozen=True, kw_only=True):
    """POST /v1/key/rotate."""

    passphrase: Annotated[str, described(minLength=8, maxLength=1_024)] | None = None
    """Of a protected key, which goes over to the new one; what the node's environment points to
    when not given."""


class NewExpulsion(Wait, frozen=True, kw_only=True):
    """POST /v1/members/{id}/expel."""

    reason: Reason = ""


class NewPowers(Wait, frozen=True, kw_only=True):
    """POST /v1/members/{id}/powers."""

    may: tuple[PowerName, ...]
    """All that the member may say from now on, besides stating beliefs."""
    categories: Categories = ()
    """Where it may propose and vote; everywhere when empty."""


class NewAdmission(Wait, frozen=True, kw_only=True):
    """POST /v1/members/{id}/admit."""

    name: str | None = None
    """A name, for one that this node does not remember by its own."""


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


class MembersAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/members."""

    all: bool = False
    """Whether to list those too who are no members yet, or were expelled."""

    limit: Annotated[int, Meta(ge=1, le=QUERY_ROWS_MAX)] = QUERY_ROWS_MAX
    cursor: str | None = None


class LogAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/log."""

    author: str | None = None
    """A member's id, or its name."""
    kind: Kind | None = None
    belief: BeliefName | None = None
    since: Annotated[int, Meta(ge=0)] | None = None
    """Milliseconds since the epoch; included."""
    until: Annotated[int, Meta(ge=0)] | None = None
    """Included."""
    order: Literal["newest", "oldest"] = "newest"
    """Which come first."""
    limit: Annotated[int, Meta(ge=1, le=QUERY_ROWS_MAX)] = 100
    cursor: str | None = None


class ActionsAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/actions."""

    limit: Annotated[int, Meta(ge=1, le=QUERY_ROWS_MAX)] = 100


class ReceiptAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/receipts/{id}: how far has a write of this node come?"""

    belief: BeliefName | None = None
    """What was written about; whole."""
    round: Annotated[str, described(pattern="^[0-9a-fA-F]{32}$")] | None = None
    wait_for: WaitFor = "local"
    timeout: Timeout = 10.0


class EventsAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/events."""

    after: Cursor | None = None
    """The cursor of the last event seen; from now on when not given."""
    limit: Annotated[int, Meta(ge=1, le=QUERY_ROWS_MAX)] = 100
    timeout: Annotated[float, Meta(ge=0, le=60)] = 0.0
    """Seconds to wait for a first event."""


class StreamAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/events/stream."""

    after: Cursor | None = None
    """The cursor of the last event seen; the header `Last-Event-ID` comes first."""
    type: str | None = None
    """Types separated by commas, with or without `credimus.` before them."""
    belief: BeliefName | None = None


class NewToken(Input, frozen=True, kw_only=True):
    """POST /v1/tokens."""

    name: Annotated[str, Meta(min_length=1, max_length=limits.NAME_BYTES_MAX)]
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=16)]
    expires_s: Annotated[float, Meta(ge=1, le=LIFE_S_MAX)] | None = None
    writes_per_s: PerSecond | None = None
    """How fast it may write; as the node's settings say when not given."""
