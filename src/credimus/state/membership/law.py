"""What a view of the roster knows besides who was admitted: powers, exposures, words for expulsion,
successors of keys, how the fleet admits, what it limits. Facts only; they grow and are never taken
back.

Invariant: joining is commutative, associative and idempotent; of two entries under one key the same
one wins on both sides.

Deliberately not here: what follows from the facts (members.py).
"""

from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.ids import BlockId, NodeId
from credimus.state.member_operations import Charter, Limit, Powers

Key = TypeVar("Key")
Value = TypeVar("Value")
Dot: TypeAlias = tuple[bytes, int]
"""An admission: its block, and its place there plus 1."""
Expulsions: TypeAlias = tuple[tuple[NodeId, int], ...]
"""Persons that were expelled, and how often; sorted."""


class Spot(NamedTuple):
    """Where something was said; the order of spots is a causal one."""

    stamp: int
    block: BlockId
    leaf: int


class Appointed(NamedTuple):
    """What a person may say, and where that was said; the last word counts."""

    spot: Spot
    powers: Powers


class Ballot(NamedTuple):
    """One person's word for the expulsion of another; of several the one by evidence counts, else
    the first."""

    without_evidence: bool
    spot: Spot


class Succession(NamedTuple):
    """The key that a key came after, and where that was said; the first word counts."""

    spot: Spot
    old: NodeId


class Law:
    """The facts of one view. Treat as frozen, except a copy that is being made."""

    __slots__ = (
        "admitted", "ballots", "charter", "exposed", "founder", "gone", "knew", "limit", "needs",
        "powers", "successions",
    )  # fmt: skip

    def __init__(self) -> None:
        self.charter: Charter | None = None
        self.founder: NodeId | None = None
        """Set where there is a charter."""
        self.limit: Limit | None = None
        self.powers: dict[NodeId, Appointed] = {}
        """By person."""
        self.exposed: dict[NodeId, Spot] = {}
        """Proven equivocators, by the id that signed twice, and where that was first said."""
        self.ballots: dict[tuple[NodeId, int, NodeId], Ballot] = {}
        """By person to go, which of its expulsions it would be, and person who says so."""
        self.successions: dict[NodeId, Succession] = {}
        """By the new id."""
        self.gone: dict[NodeId, Spot] = {}
        """Who left by its own word, by id, and where it first said so."""
        self.needs: dict[Dot, int] = {}
        """How many admissions a newcomer needs, by one of them; 1 where nothing stands here."""
        self.knew: dict[Dot, Expulsions] = {}
        """The expulsions in the past of an admission; none where nothing stands here."""
        self.admitted: dict[NodeId, tuple[int, int]] = {}
        """By person, the last day on which it admitted, and how many then; only under a limit."""

    def __bool__(self) -> bool:
        return bool(self.articles) or any(map(bool, self._parts()))

    @property
    def articles(self) -> list[Charter | Limit]:
        """What stands behind the founding, for ever."""
        return [one for one in (self.charter, self.limit) if one is not None]

    @property
    def quorum(self) -> int:
        """How many members admit a newcomer, where there are as many."""
        return 1 if self.charter is None else self.charter.quorum

    def person(self, node: NodeId) -> NodeId:
        """The first id of whoever has this one: rotating a key makes nobody another."""
        line = self._line(node)
        # two may have conspired to follow each other
        return min(line) if line[-1] in self.successions else line[-1]

    def former(self, node: NodeId) -> list[NodeId]:
        """The ids that somebody had before this one, the newest first."""
        return self._line(node)[1:]

    def _line(self, node: NodeId) -> list[NodeId]:
        """An id and those before it, each once."""
        line = [node]
        while (found := self.successions.get(line[-1])) is not None and found.old not in line:
            line.append(found.old)
        return line

    def successor(self, node: NodeId) -> NodeId | None:
        """The id that came right after one, the first where there are several; None before that."""
        after = [(found.spot, new) for new, found in self.successions.items() if found.old == node]
        return min(after)[1] if after else None

    def ids(self, persons: set[NodeId]) -> set[NodeId]:
        """All ids that some persons ever had."""
        return persons | {new for new in self.successions if self.person(new) in persons}

    def copy(self) -> "Law":
        """One of its own, to change."""
        return _EMPTY.joined(self)

    def joined(self, other: "Law") -> "Law":
        """Both sides' facts."""
        law = Law()
        law.charter = self.charter or other.charter
        law.founder = self.founder or other.founder
        law.limit = self.limit or other.limit
        law.powers = _joined(self.powers, other.powers, max)
        law.exposed = _joined(self.exposed, other.exposed, min)
        law.ballots = _joined(self.ballots, other.ballots, min)
        law.successions = _joined(self.successions, other.successions, min)
        law.gone = _joined(self.gone, other.gone, min)
        law.needs = {**self.needs, **other.needs}  # one dot never has two
        law.knew = {**self.knew, **other.knew}
        law.admitted = _joined(self.admitted, other.admitted, max)
        return law

    def to_bytes(self) -> bytes:
        """Canonical bytes; none where there are no facts."""
        if not self:
            return b""
        return encode((self.articles, *(sorted(part.items()) for part in self._parts())))

    @classmethod
    def read(cls, raw: bytes, founder: NodeId | None) -> "Law":
        """The facts that `to_bytes` wrote, of a fleet of that founder.

        Raises:
            PeerFault: `malformed`.
        """
        law = cls()
        if raw:
            image = decode(raw, _image, "facts of the roster")
            for one in image.articles:
                if isinstance(one, Charter):
                    law.charter, law.founder = one, founder
                else:
                    law.limit = one
            for part, entries in zip(law._parts(), msgspec.structs.astuple(image)[1:], strict=True):
                part.update(entries)  # type: ignore[attr-defined]
        return law

    def _parts(self) -> tuple[Mapping[object, object], ...]:
        return (  # type: ignore[return-value]
            self.powers, self.exposed, self.ballots, self.successions, self.gone, self.needs,
            self.knew, self.admitted,
        )  # fmt: skip


def _joined(
    one: dict[Key, Value], other: dict[Key, Value], choose: Callable[[Value, Value], Value]
) -> dict[Key, Value]:
    if not other or one == other:
        return dict(one)
    joined = dict(one)
    for key, value in other.items():
        known = joined.get(key)
        joined[key] = value if known is None else choose(known, value)
    return joined


class _Image(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    articles: Annotated[list[Charter | Limit], Meta(max_length=2)]
    powers: list[tuple[NodeId, Appointed]]
    exposed: list[tuple[NodeId, Spot]]
    ballots: list[tuple[tuple[NodeId, int, NodeId], Ballot]]
    successions: list[tuple[NodeId, Succession]]
    gone: list[tuple[NodeId, Spot]]
    needs: list[tuple[Dot, int]]
    knew: list[tuple[Dot, Expulsions]]
    admitted: list[tuple[NodeId, tuple[int, int]]]


_image: msgspec.msgpack.Decoder[_Image] = decoder(_Image)
_EMPTY = Law()
EMPTY = _EMPTY
"""No facts."""
