"""What people pass to the library, as the fields of the API's requests: one meaning for both."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, TypedDict, TypeVar, get_args

import msgspec

from credimus.api.shapes import answers as shapes
from credimus.api.shapes.inputs import UrgencyName
from credimus.api.shapes.partitions import StrategyName
from credimus.kernel.errors import UsageError
from credimus.kernel.wording import did_you_mean, sentence
from credimus.library.described import described
from credimus.runtime.settings.settings import AggregationName, SchemeName
from credimus.state.operations import Evidence

Shape = TypeVar("Shape")
SomeEvidence: TypeAlias = str | tuple[str, str] | Evidence
"""Text, a pair of kind and content, or `credimus.Evidence`."""
TEXT_KIND = "observation"
"""The kind of evidence that is given as mere text."""
_EVENT_KINDS: Final[tuple[str, ...]] = get_args(shapes.EventKind)


class Waiting(TypedDict, total=False):
    """Options of every write."""

    wait_for: str
    """How far it must have come: `local` (the default), `replicated:K` or `decided`."""
    timeout: float
    """Seconds to wait for that at most; 10 by default."""
    urgency: UrgencyName
    """How soon others are to know: `critical`, `normal` (the default) or `low`."""
    key: str
    """An idempotency key: repeated under it, the write is not made again."""


class Ruling(Waiting, total=False):
    """Options of what opens a round; the node's own rules where not given."""

    scheme: SchemeName
    threshold: float | str
    aggregation: AggregationName


class Stating(Ruling, total=False):
    """Options of what states a belief."""

    category: str
    """Chosen by keywords when not given."""
    ttl_ms: int
    """Life of the assertion; 0, the default, for no end."""
    propose: bool
    """Whether to open a round at all; True by default."""
    readers: Sequence[str]
    """Members who alone can read it, by name or id, or `all` for those of now; none for an open
    belief."""


class Filter(TypedDict, total=False):
    """Which beliefs to list: every condition given must hold."""

    category: str
    verdict: shapes.VerdictName
    since: datetime | int
    """First asserted then or later; a number is milliseconds since the Unix epoch."""
    text: str
    """Words that the content must contain."""
    limit: int
    """1 to 1,000; 100 by default."""
    cursor: str | None
    """From the page before."""


class Reuniting(TypedDict, total=False):
    """What a reunion is about, and how; see `RecoveryAsked`."""

    strategy: StrategyName
    """How beliefs accepted apart are brought together; as the node is set by default."""
    partition: int | Literal["newest", "all"]
    """Which split: its `began_ms` in the diary, the newest (default), or everything."""
    undecided: bool
    """Whether beliefs whose rounds have expired are put to the vote again, too."""
    plan: str
    """The id of the plan that was looked at, or its beginning, to begin it."""


def read(shape: type[Shape], given: Mapping[str, Any]) -> Shape:
    """Fields as the shape they must have.

    Raises:
        UsageError: `bad-field`, naming the field.
    """
    try:
        return msgspec.convert(given, described(shape))
    except msgspec.ValidationError as problem:
        raise UsageError("bad-field", sentence(problem, shape)) from None


def evidence_fields(evidence: Sequence[SomeEvidence]) -> list[dict[str, str]]:
    """Evidence as requests hold it.

    Raises:
        UsageError: `bad-evidence`.
    """
    if isinstance(evidence, str):
        raise UsageError("bad-evidence", "evidence is a list; put the text into one: [text].")
    return [_item(one) for one in evidence]


def filter_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Conditions as the query of a list holds them; those that are None are left out."""
    fields = {name: value for name, value in given.items() if value is not None}
    since = fields.get("since")
    if isinstance(since, datetime):
        fields["since"] = max(0, round(since.timestamp() * 1_000))
    return fields


def known_kinds(kinds: Sequence[str] | None) -> None:
    """Only kinds that there are: a watcher of any other would wait for ever.

    Raises:
        UsageError: `unknown-event-type`.
    """
    if isinstance(kinds, str):
        raise UsageError("unknown-event-type", "kinds is a list; put the kind into one: [kind].")
    for one in kinds or ():
        if one not in _EVENT_KINDS:
            every = f"known are {', '.join(_EVENT_KINDS)}."
            may = did_you_mean(str(one), _EVENT_KINDS) or every
            raise UsageError("unknown-event-type", f"no event is of kind {one!r:.60}; {may}")


def wanted(event: shapes.Event, kinds: Sequence[str] | None, belief: str | None) -> bool:
    """Whether a watcher with these conditions is to see an event; one of `missed` always."""
    return event.kind == "missed" or (
        (kinds is None or event.kind in kinds) and (belief is None or event.belief == belief)
    )


def _item(one: SomeEvidence) -> dict[str, str]:
    match one:
        case str():
            return {"kind": TEXT_KIND, "content": one}
        case Evidence(kind, content) | (str(kind), str(content)):
            return {"kind": kind, "content": content}
        case _:
            raise UsageError(
                "bad-evidence", f"{one!r:.80}: give text, a pair of kind and content, or Evidence."
            )
