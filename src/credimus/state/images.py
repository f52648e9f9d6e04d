"""What a snapshot holds of each fold: plain values in canonical order, read strictly.

A snapshot is the whole state as bytes. Equal states give equal bytes, so that members who folded
the same blocks attest the same fingerprint; restored, it is the state again, and folding goes on
from it. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from credimus.kernel.codec import decode, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BLOCK_ID_BYTES
from credimus.state.electorates import Electorate
from credimus.state.operations import (
    Aggregation,
    Choice,
    Close,
    Conclusion,
    Elector,
    Id,
    Mask,
    Propose,
    Refuse,
    Rules,
    Vote,
    mask_bytes,
)
from credimus.state.round import Round
from credimus.state.verdict import Verdict

BlockName = Annotated[bytes, Meta(min_length=BLOCK_ID_BYTES, max_length=BLOCK_ID_BYTES)]


class Image(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays, every list sorted."""


class RosterImage(Image, frozen=True):
    """The fold of the roster."""

    current: bytes
    """The OR-Set of members."""
    keys: tuple[tuple[Id, bytes], ...]
    fleet_name: str
    left_out_max: int
    units_per_s_max: int
    founder: bytes
    """Empty before the founding."""
    founding: tuple[int, bytes]


class BeliefImage(Image, frozen=True):
    """A belief as it was first asserted."""

    id: Id
    content: str
    category: str
    stamp: int
    author: Id
    counter: int
    block: BlockName


class BeliefsImage(Image, frozen=True):
    """The fold of claims."""

    claims: bytes
    """The OR-Set, its causal context included."""
    beliefs: tuple[BeliefImage, ...]
    doomed: tuple[tuple[Id, int, Id, int], ...]
    retractions: tuple[tuple[Id, int, str, tuple[int, ...]], ...]
    counters: tuple[tuple[Id, int], ...]


class RoundImage(Image, frozen=True):
    """One round."""

    id: Id
    belief: Id
    attempt: int
    rules: Rules
    electorate: Id
    accept: Mask
    reject: Mask
    abstain: Mask
    accept_certified: bool
    reject_certified: bool
    verdict: Verdict
    openings: tuple[tuple[int, Id, int], ...]
    closings: tuple[tuple[Id, int, Close], ...]
    conclusions: tuple[tuple[Id, int, Conclusion], ...]
    refusals: tuple[tuple[Id, str], ...]
    confidences: tuple[tuple[int, Choice, tuple[int, ...]], ...]


class EarlyImage(Image, frozen=True):
    """What refers to rounds that are not known: (round, author, stamp, what was said)."""

    votes: tuple[tuple[Id, Id, int, Vote], ...] = ()
    refusals: tuple[tuple[Id, Id, int, Refuse], ...] = ()
    closings: tuple[tuple[Id, Id, int, Close], ...] = ()
    conclusions: tuple[tuple[Id, Id, int, Conclusion], ...] = ()

    def entries(self) -> Iterator[tuple[bytes, bytes, int, object]]:
        """All of them."""
        return chain(self.votes, self.refusals, self.closings, self.conclusions)


class RoundsImage(Image, frozen=True):
    """The fold of rounds."""

    electorates: tuple[tuple[int, tuple[Elector, ...]], ...]
    """Each with the smallest stamp under which it was published, in order of id."""
    rounds: tuple[RoundImage, ...]
    early: EarlyImage
    unopened: tuple[tuple[Id, int, Propose, bytes], ...]
    """Author, stamp, proposal and the view of its past."""


def read_image(raw: bytes, using: msgspec.msgpack.Decoder[Image], what: str) -> Image:
    """The image that these bytes hold.

    Raises:
        PeerFault: `malformed`, for any bytes that are not the canonical ones.
    """
    image = decode(raw, using, what)
    if encode(image) != raw:
        raise PeerFault("malformed", f"{what}: these bytes are not the canonical ones")
    return image


def drop_earlier(waiting: dict[Any, list[Any]], before_stamp: int) -> int:
    """Drop what was said before a stamp from lists of (author, stamp, ...); returns how many."""
    count = 0
    for key in list(waiting):
        kept = [entry for entry in waiting[key] if entry[1] >= before_stamp]
        count += len(waiting[key]) - len(kept)
        waiting[key] = kept
        if not kept:
            del waiting[key]
    return count


def image_of_rounds(
    electorates: Iterable[tuple[int, tuple[Elector, ...]]],
    rounds: Iterable[Round],
    early: Mapping[Any, Sequence[tuple[Any, ...]]],
    unopened: Mapping[Any, Sequence[tuple[Any, ...]]],
) -> RoundsImage:
    """All rounds, and what waits for them; electorates and rounds come in order."""
    waiting = [
        (author, stamp, proposal, past.to_bytes())
        for entries in unopened.values()
        for author, stamp, proposal, past in entries
    ]
    return RoundsImage(
        tuple(electorates),
        tuple(map(_image_of_round, rounds)),
        _image_of_early(early),
        tuple(sorted(waiting, key=encode)),
    )


def _image_of_early(early: Mapping[Any, Sequence[tuple[Any, ...]]]) -> EarlyImage:
    """What waits for rounds, by their ids, as (author, stamp, what was said)."""
    said = [(identifier, *entry) for identifier, entries in early.items() for entry in entries]
    kinds = (Vote, Refuse, Close, Conclusion)
    return EarlyImage(
        *(
            tuple(sorted((one for one in said if isinstance(one[3], kind)), key=encode))
            for kind in kinds
        )
    )


def _image_of_round(one: Round) -> RoundImage:
    """All that later blocks can meet of a round."""
    confidences = sorted(
        (position, choice, seen) for (position, choice), seen in (one.confidences or {}).items()
    )
    return RoundImage(
        one.id, one.belief, one.attempt, one.rules, one.electorate.id,
        mask_bytes(one.accept), mask_bytes(one.reject), mask_bytes(one.abstain),
        one.accept_certified, one.reject_certified, one.verdict,
        one.openings, one.closings, one.conclusions, one.refusals, tuple(confidences),
    )  # fmt: skip


def round_of_image(image: RoundImage, electorate: Electorate) -> Round:
    """The round again; the values of its votes follow from the votes."""
    one = Round(image.id, image.belief, image.attempt, image.rules, electorate)  # type: ignore[arg-type]
    accept, reject, abstain = (
        int.from_bytes(mask, "big") for mask in (image.accept, image.reject, image.abstain)
    )
    one.accept, one.reject, one.abstain = accept, reject, abstain
    one.voted = accept | reject | abstain
    one.accept_certified, one.reject_certified = image.accept_certified, image.reject_certified
    one.verdict = image.verdict
    one.openings = image.openings  # type: ignore[assignment]
    one.closings, one.conclusions = image.closings, image.conclusions  # type: ignore[assignment]
    one.refusals = image.refusals  # type: ignore[assignment]
    if image.confidences:
        one.confidences = {(position, choice): seen for position, choice, seen in image.confidences}
    one.accept_value = _value(one, accept, Choice.ACCEPT)
    one.reject_value = _value(one, reject, Choice.REJECT)
    return one


def _value(one: Round, mask: int, choice: Choice) -> int:
    electors = one.electorate.electors
    match one.rules.aggregation:
        case Aggregation.EQUAL:
            return mask.bit_count()
        case Aggregation.REPUTATION:
            return sum(e.weight for i, e in enumerate(electors) if mask >> i & 1)
        case Aggregation.CONFIDENCE:
            shown = one.confidences or {}
            return sum(
                max(shown.get((i, choice), (0,))) for i in range(len(electors)) if mask >> i & 1
            )
