"""An incident that a fleet plays: who knows what, who says what and when, and what goes wrong.

Deliberately not here: how it is read (reading.py), and how it is played (play.py).
"""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits

NODES_MAX = 9
"""Nodes of one scenario: real processes, all on one machine. [guess]"""
STATEMENTS_MAX = 1_000
"""Statements of one scenario. [guess]"""
SECONDS_MAX = 600.0
"""The latest moment of a scenario. [guess]"""

Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=SECONDS_MAX)]
NodeName: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Handle: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=limits.REASON_BYTES_MAX)]
Expected: TypeAlias = Literal["accepted", "rejected", "expired"]
RelationName: TypeAlias = Literal[
    "supports", "contradicts", "implies", "depends_on", "refines", "alternative_to"
]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common shape: unknown names are refused, so that a typing error is seen."""


class Member(Entry, frozen=True, kw_only=True):
    """A node of the fleet."""

    name: NodeName
    role: Text


class Evidence(Entry, frozen=True, kw_only=True):
    """What an asserter shows."""

    kind: Annotated[str, Meta(min_length=1, max_length=limits.NAME_BYTES_MAX)]
    content: Annotated[str, Meta(min_length=1, max_length=limits.EVIDENCE_BYTES_MAX)]


class Later(Entry, frozen=True, kw_only=True):
    """A node asserts the statement too, once the fleet let the question rest."""

    by: NodeName
    at: Seconds


class Statement(Entry, frozen=True, kw_only=True):
    """Something that nodes assert, who knows better, and the verdict that follows."""

    id: Handle
    says: Annotated[str, Meta(min_length=1, max_length=limits.BELIEF_BYTES_MAX)]
    category: str | None = None
    """Chosen by the asserting node's rules when None."""
    by: Annotated[tuple[NodeName, ...], Meta(min_length=1)]
    """Who asserts it; several do at the same moment."""
    at: Seconds
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """Below one half, the asserter passes on what it doubts itself, and votes so."""
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=limits.EVIDENCE_COUNT_MAX)] = ()
    known: dict[NodeName, Text] = {}
    """Who knows by itself that it is true, and why; with several asserters, they too."""
    denied: dict[NodeName, Text] = {}
    """Who knows that it is false, and why."""
    later: tuple[Later, ...] = ()
    expect: Expected


class Relation(Entry, frozen=True, kw_only=True):
    """A node says how one statement bears on another."""

    by: NodeName
    at: Seconds
    source: Handle
    relation: RelationName
    target: Handle


class Retraction(Entry, frozen=True, kw_only=True):
    """A node takes its assertion back."""

    by: NodeName
    at: Seconds
    statement: Handle
    reason: Text


class Kill(Entry, frozen=True, kw_only=True):
    """A node's process is ended by SIGKILL and started again."""

    node: NodeName
    at: Seconds
    restart_at: Seconds


class Cut(Entry, frozen=True, kw_only=True):
    """A node loses all links, and gets them back."""

    node: NodeName
    at: Seconds
    heal_at: Seconds


Act: TypeAlias = Statement | Relation | Retraction


class Scenario(Entry, frozen=True, kw_only=True):
    """All of an incident file."""

    title: Text
    fleet: NodeName
    """The fleet's name."""
    timeout_ms: Annotated[int, Meta(ge=100, le=60_000)] = 2_500
    """Life of one round in ms."""
    attempts_max: Annotated[int, Meta(ge=1, le=10)] = 2
    """Rounds that a proposer opens by itself on one statement."""
    node: Annotated[tuple[Member, ...], Meta(min_length=1, max_length=NODES_MAX)]
    """The first founds the fleet."""
    statement: Annotated[tuple[Statement, ...], Meta(min_length=1, max_length=STATEMENTS_MAX)]
    relation: tuple[Relation, ...] = ()
    retraction: tuple[Retraction, ...] = ()
    kill: Kill | None = None
    cut: Cut | None = None

    @property
    def names(self) -> list[str]:
        """The names of the nodes, the founder first."""
        return [member.name for member in self.node]

    def acts(self) -> list[Act]:
        """All that is written, in order of time; what stands first in the file comes first."""
        acts: list[Act] = [*self.statement, *self.relation, *self.retraction]
        return sorted(acts, key=lambda act: act.at)

    def find(self, handle: str) -> Statement:
        """The statement of that id."""
        return next(one for one in self.statement if one.id == handle)

    def retracted(self) -> set[str]:
        """Statements of which nobody's assertion is left at the end."""
        taken: dict[str, set[str]] = {}
        for one in self.retraction:
            taken.setdefault(one.statement, set()).add(one.by)
        return {handle for handle, who in taken.items() if who >= asserters(self.find(handle))}


def asserters(statement: Statement) -> set[str]:
    """Everybody who asserts a statement sooner or later."""
    return {*statement.by, *(later.by for later in statement.later)}
