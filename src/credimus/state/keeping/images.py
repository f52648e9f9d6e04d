"""What a snapshot holds of each fold: plain values in canonical order, read strictly.

A snapshot is the whole state as bytes. Equal states give equal bytes, so that members who folded
the same blocks attest the same fingerprint; restored, it is the state again, and folding goes on
from it. Pure.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from credimus.kernel.codec import decode, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BLOCK_ID_BYTES, ElectorateId
from credimus.kernel.portions import Portions, portions
from credimus.state.membership.members import Members
from credimus.state.operation import Id, Mask
from credimus.state.operations import (
    Choice,
    Close,
    Conclusion,
    Propose,
    Publish,
    Refuse,
    Rules,
    Vote,
    mask_bytes,
)
from credimus.state.voting.electorates import Electorate
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

BlockName = Annotated[bytes, Meta(min_length=BLOCK_ID_BYTES, max_length=BLOCK_ID_BYTES)]


class Image(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays, every list sorted."""


class RosterImage(Image, frozen=True):
    """The fold of the roster."""

    current: bytes
    """The members and the facts about them, as `Members.image` writes them."""
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
    late: tuple[tuple[int, int], ...]
    """The stamps of late answers, by position."""


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

    electorates: tuple[tuple[int, Publish], ...]
    """Each with the smallest stamp under which it was published, in order of id."""
    rounds: tuple[RoundImage, ...]
    early: EarlyImage
    unopened: tuple[tuple[Id, int, Propose, bytes], ...]
    """Author, stamp, proposal and the view of its past."""
    epochs: tuple[tuple[int, int, int], ...]
    """Of rounds that were let go: epoch, how many, the last stamp."""
    void: tuple[tuple[Id, Id, int, int], ...]
    """Rounds that were proposed in vain: id, belief, attempt, the greatest stamp."""


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


def image_of_unopened(
    waiting: Iterable[tuple[Any, int, Propose, Members]],
) -> tuple[tuple[bytes, int, Propose, bytes], ...]:
    """Proposals that opened no round yet, sorted."""
    said = [(author, stamp, proposal, past.image()) for author, stamp, proposal, past in waiting]
    return tuple(sorted(said, key=encode))


def image_of_early(early: Mapping[Any, Sequence[tuple[Any, ...]]]) -> EarlyImage:
    """What waits for rounds, by their ids, as (author, stamp, what was said)."""
    said = [(identifier, *entry) for identifier, entries in early.items() for entry in entries]
    kinds = (Vote, Refuse, Close, Conclusion)
    return EarlyImage(
        *(
            tuple(sorted((one for one in said if isinstance(one[3], kind)), key=encode))
            for kind in kinds
        )
    )


def images_of_rounds(rounds: Collection[Round]) -> Portions[list[RoundImage]]:
    """Their images, in this order."""
    images: list[RoundImage] = []
    for some in portions(rounds):
        images += map(image_of_round, some)
        yield len(some)
    return images


def rounds_of_images(
    images: Iterable[RoundImage], published: Callable[[ElectorateId], Electorate | None]
) -> Iterator[Round]:
    """The rounds again, in this order.

    Raises:
        PeerFault: `malformed`, when an electorate is missing.
    """
    for one in images:
        voters = published(ElectorateId(one.electorate))
        if voters is None:
            raise PeerFault("malformed", "snapshot of the rounds: an electorate is missing")
        yield round_of_image(one, voters)


def image_of_round(one: Round) -> RoundImage:
    """All that later blocks can meet of a round."""
    confidences = sorted(
        (position, choice, seen) for (position, choice), seen in (one.confidences or {}).items()
    )
    return RoundImage(
        one.id, one.belief, one.attempt, one.rules, one.electorate.id,
        mask_bytes(one.accept), mask_bytes(one.reject), mask_bytes(one.abstain),
        one.accept_certified, one.reject_certified, one.verdict,
        one.openings, one.closings, one.conclusions, one.refusals, tuple(confidences),
        tuple(sorted(entry for entry in (one.late or {}).items() if entry[1] > one.due_stamp)),
    )  # fmt: skip


def round_of_image(image: RoundImage, electorate: Electorate) -> Round:
    """The round again; the values of its votes follow from the votes."""
    one = Round(image.id, image.belief, image.attempt, image.rules, electorate)  # type: ignore[arg-type]
    for opening in image.openings:
        one.open_by(opening)  # type: ignore[arg-type]
    shown = {(position, choice): seen for position, choice, seen in image.confidences}
    masks = image.accept, image.reject, image.abstain
    for choice, octets in zip((Choice.ACCEPT, Choice.REJECT, Choice.ABSTAIN), masks, strict=True):
        mask = int.from_bytes(octets, "big")
        for position in range(mask.bit_length()):
            if mask >> position & 1:
                for confidence in shown.get((position, choice), (MILLION,)):
                    one.count(position, choice, confidence)
    one.accept_certified, one.reject_certified = image.accept_certified, image.reject_certified
    one.verdict = image.verdict
    one.closings, one.conclusions = image.closings, image.conclusions  # type: ignore[assignment]
    one.refusals = image.refusals  # type: ignore[assignment]
    one.late = dict(image.late) or None
    return one
