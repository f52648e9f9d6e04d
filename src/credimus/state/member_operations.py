"""What can be said about members, besides admitting and leaving: how a fleet admits, who may say
what, how often, a new key, evidence, expulsion, and once more who is a member.

Deliberately not here: what an operation does (membership/draft.py), who may say it
(membership/permissions.py).
"""

from enum import IntEnum
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from credimus.kernel import limits
from credimus.state.operation import CategoryName, Id, Name, PublicKey, Reason, Struct


class AdmissionRule(IntEnum):
    """Whose word makes a newcomer a member."""

    MEMBERS = 1
    """Of any one member that may admit."""
    FOUNDER = 2
    """Of the founder alone, who may also change what members may do."""
    QUORUM = 3
    """Of several members, each by an admission of its own."""


class Charter(Struct, frozen=True, tag=16):
    """How a fleet admits; stands right behind its founding, and the fleet's id names it. A fleet
    without one lets any member admit any number."""

    rule: AdmissionRule = AdmissionRule.MEMBERS
    quorum: Annotated[int, Meta(ge=1, le=limits.ADMISSION_QUORUM_MAX)] = 1
    """Under `QUORUM`: how many members must admit; all of them where they are fewer."""
    per_day: Annotated[int, Meta(ge=0, le=limits.ADMISSIONS_PER_DAY_MAX)] = 0
    """Admissions by one member in one day of its stamps that count; 0 for any number."""

    def __post_init__(self) -> None:
        if (self.rule is AdmissionRule.QUORUM) != (self.quorum > 1):
            raise ValueError("a quorum above 1 goes with the rule of that name, and it with one")
        if self.rule is AdmissionRule.MEMBERS and not self.per_day:
            raise ValueError("a charter that asks for nothing is left out")


class CategoryLimit(Struct, frozen=True):
    """How many beliefs of one category each member may state."""

    category: CategoryName
    per_hour: Annotated[int, Meta(ge=1, le=limits.CATEGORY_PER_HOUR_MAX)]
    """In the long run, in one hour of the member's own stamps."""
    burst: Annotated[int, Meta(ge=1, le=limits.CATEGORY_BURST_MAX)]
    """At once, after a time without any."""


class Limit(Struct, frozen=True, tag=25):
    """Limits what each member states in some categories (state/category_limits.py); stands behind
    the founding and its charter, and the fleet's id names it."""

    categories: Annotated[
        tuple[CategoryLimit, ...], Meta(min_length=1, max_length=limits.LIMITED_CATEGORIES_MAX)
    ]
    """Strictly sorted by category."""

    def __post_init__(self) -> None:
        if any(one.category >= other.category for one, other in pairwise(self.categories)):
            raise ValueError("limits must be strictly sorted by category")


class Powers(Struct, frozen=True):
    """What a member may say, besides what every member may."""

    propose: bool = True
    vote: bool = True
    admit: bool = True
    expel: bool = True
    categories: Annotated[
        tuple[CategoryName, ...], Meta(max_length=limits.CAPABILITY_CATEGORIES_MAX)
    ] = ()
    """Where it may propose and vote; everywhere when empty. Strictly sorted."""

    def __post_init__(self) -> None:
        if any(one >= other for one, other in pairwise(self.categories)):
            raise ValueError("categories must be strictly sorted")

    def within(self, other: "Powers") -> bool:
        """Whether nothing here is more than what another has."""
        return (
            self.propose <= other.propose
            and self.vote <= other.vote
            and self.admit <= other.admit
            and self.expel <= other.expel
            and (
                not other.categories
                or (bool(self.categories) and set(self.categories) <= set(other.categories))
            )
        )


class Appoint(Struct, frozen=True, tag=17):
    """Admits with less than all powers; said by a founder that leads its fleet, gives a member
    other ones."""

    public_key: PublicKey
    name: Name
    address: Name
    powers: Powers


class Rotate(Struct, frozen=True, tag=18):
    """Puts a new key in the place of the author's; the member stays who it is."""

    public_key: PublicKey
    proof: Annotated[bytes, Meta(min_length=64, max_length=64)]
    """The new key's signature of what `rotation_message` gives."""


class Exhibit(Struct, frozen=True):
    """A signed header and, where it matters, one operation under its root."""

    header: Annotated[bytes, Meta(max_length=limits.EVIDENCE_HEADER_BYTES_MAX)]
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]
    index: Annotated[int, Meta(ge=0, lt=limits.BLOCK_OPERATIONS_MAX)] = 0
    leaf: Annotated[bytes, Meta(max_length=limits.EVIDENCE_LEAF_BYTES_MAX)] = b""
    """The operation at that place; empty where two headers are enough."""
    cover: Annotated[bytes, Meta(max_length=32 * 16)] = b""
    """What is needed of the Merkle tree besides, 32 bytes a node; see `merkle.cover`."""


class Expose(Struct, frozen=True, tag=19):
    """Proves that a member equivocated: two blocks at one place of its chain, two answers in one
    round, or two different closings of one."""

    public_key: PublicKey
    """The equivocator's."""
    one: Exhibit
    other: Exhibit


class Expel(Struct, frozen=True, tag=20):
    """Says that a member is to go. Proven equivocators go by one such word, others by the word of
    more than two thirds of the members."""

    member: Id
    reason: Reason
    by_evidence: bool = False
    """Whether an exposure in the causal past speaks for it."""


class Vouch(Struct, frozen=True, tag=24):
    """Says of a member that it is one, and what it may say. Nodes know that by its admission, and
    it changes nothing for them; a certificate shows it in place of the admission, since many stand
    in one block."""

    public_key: PublicKey
    name: Name
    powers: Powers | None = None
    """None for all."""


ALL_POWERS = Powers()
"""What a member may say when nobody said otherwise."""
