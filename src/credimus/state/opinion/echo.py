"""Echo: members that answer alike where it tells something share one voice.

Two members that are both good agree where everybody agrees; that says nothing. Two that also agree
where the others are against them, time after time, are one voice: the same model, the same source,
or the same liar. A pair echoes when it *dissents* together, as good as always, and often enough:

    together   items that both answered alike, against the sum of the other voices
    apart      items that they answered differently, so that one of them stood against the other
    echo       together + apart >= 16, and together >= 0.9 (together + apart)

The others' voices are counted anew once echoes are found, each group as one, up to four times:
else a group that outvotes everybody would make dissenters of those who are right.

Departs: the design asks for 8 items. On honest crowds of three answers for each item that finds
echoes where there are none; 16 does not, and finds the same liars.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from credimus.kernel.ids import NodeId
from credimus.state.opinion.skill import Item

DISSENTS_MIN = 16
"""Items on which a pair stood together or apart before it can echo. [measured: see above]"""
ALIKE_TENTHS = 9
"""Of these, the tenths on which it stood together. [architecture.md, section 6]"""
TURNS = 4
"""How often groups and voices are worked out from each other, at most. [measured: then they hardly
change]"""
MEMBERS_MAX = 1_024
"""Members that are compared, each with each: those with most answers. [guess: half a million pairs
take some 0.3 s]"""


class _Voice(NamedTuple):
    """One member's answers, as sets of items in the bits of a number."""

    accepted: int
    rejected: int


def echoes_of(items: Sequence[Item]) -> dict[NodeId, int]:
    """The groups of members that echo each other: a number for each member that is in one."""
    voices = _voices(items)
    compared = sorted(voices, key=lambda who: (-_answered(voices[who]).bit_count(), who))
    compared = sorted(
        who for who in compared[:MEMBERS_MAX] if _answered(voices[who]).bit_count() >= DISSENTS_MIN
    )
    groups: dict[NodeId, int] = {}
    for _ in range(TURNS):
        before, groups = groups, _grouped(compared, voices, _Others(items, groups), groups)
        if groups == before:
            break
    return groups


def _voices(items: Sequence[Item]) -> dict[NodeId, _Voice]:
    sides: tuple[dict[NodeId, bytearray], dict[NodeId, bytearray]] = {}, {}
    size = len(items) // 8 + 1
    for i, item in enumerate(items):
        for side, members in zip(sides, item[1:], strict=True):
            for who in members:
                if who not in side:
                    side[who] = bytearray(size)
                side[who][i >> 3] |= 1 << (i & 7)
    return {
        who: _Voice(*(int.from_bytes(side.get(who, b""), "little") for side in sides))
        for who in sides[0] | sides[1]
    }


def _answered(voice: _Voice) -> int:
    return voice.accepted | voice.rejected


class _Others:
    """Where two that accept, or reject, an item have the sum of the other voices against them."""

    def __init__(self, items: Sequence[Item], groups: Mapping[NodeId, int]) -> None:
        leaning = [_leaning(item, groups) for item in items]
        self._against_accept = {own: _bits(one < own for one in leaning) for own in (1, 2)}
        self._against_reject = {own: _bits(one > -own for one in leaning) for own in (1, 2)}

    def together(self, one: _Voice, other: _Voice, same_group: bool) -> int:
        """The items on which two voices stood together against the others."""
        own = 1 if same_group else 2  # how much of the sum is theirs
        accepts = one.accepted & other.accepted & self._against_accept[own]
        rejects = one.rejected & other.rejected & self._against_reject[own]
        return accepts.bit_count() + rejects.bit_count()


def _leaning(item: Item, groups: Mapping[NodeId, int]) -> int:
    """The voices for an item less those against it; a group has one, where it is of one mind."""
    if not groups:
        return len(item.accept) - len(item.reject)
    alone, sums = 0, dict[int, int]()
    for side, sign in ((item.accept, 1), (item.reject, -1)):
        for who in side:
            group = groups.get(who)
            if group is None:
                alone += sign
            else:
                sums[group] = sums.get(group, 0) + sign
    return alone + sum((one > 0) - (one < 0) for one in sums.values())


def _grouped(
    compared: Sequence[NodeId],
    voices: Mapping[NodeId, _Voice],
    others: _Others,
    groups: Mapping[NodeId, int],
) -> dict[NodeId, int]:
    """Who echoes whom, and in turn those, as groups."""
    leader: dict[NodeId, NodeId] = {}
    for one, other in combinations(compared, 2):
        this, that = voices[one], voices[other]
        group = groups.get(one)
        together = others.together(this, that, group is not None and group == groups.get(other))
        if 10 * together < ALIKE_TENTHS * DISSENTS_MIN:
            continue
        apart = (this.accepted & that.rejected).bit_count()
        apart += (this.rejected & that.accepted).bit_count()
        both = together + apart
        if both >= DISSENTS_MIN and 10 * together >= ALIKE_TENTHS * both:
            first, last = sorted((_leader(leader, one), _leader(leader, other)))
            leader[last] = first
            leader.setdefault(first, first)
    numbers: dict[NodeId, int] = {}
    found = {}
    for who in sorted(leader):
        found[who] = numbers.setdefault(_leader(leader, who), len(numbers))
    return found


def _leader(leader: Mapping[NodeId, NodeId], who: NodeId) -> NodeId:
    while leader.get(who, who) != who:
        who = leader[who]
    return who


def _bits(flags: Iterable[bool]) -> int:
    """The numbers of the true ones, as the bits of a number."""
    digits = "".join("1" if flag else "0" for flag in flags)
    return int(digits[::-1] or "0", 2)
