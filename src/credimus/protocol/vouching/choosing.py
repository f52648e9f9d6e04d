"""Who vouches for whom, and whether it is worth a block. Pure: a function of what is held."""

from collections.abc import Collection
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.lace.lace import Lace
from credimus.state.fleet import FleetState
from credimus.state.member_operations import Vouch
from credimus.state.membership.members import Members
from credimus.state.membership.vouches import Vouched
from credimus.state.operations import Operation, Publish

_SCATTERED_SHARE = 8


class Task(NamedTuple):
    """What one of ours is to say."""

    author: NodeId
    rank: int
    """How many go before it."""
    operations: tuple[Operation, ...]


def task_of(
    state: FleetState, lace: Lace, own: Collection[NodeId], scattered_max: int
) -> Task | None:
    """What one of `own` is to say now, when nobody says it before; None where all is well.

    Args:
        scattered_max: how many members may be left with an admission of their own.
    """
    members = state.roster.current
    founder = state.roster.founder
    law, charter = members.law, members.law.charter
    subjects = [
        node
        for node in sorted(members.by_id)
        if node != founder and not (law.powers and law.person(node) in law.powers)
    ]
    most = max(scattered_max, len(members) // _SCATTERED_SHARE)
    per_day = 0 if charter is None else charter.per_day
    if (
        len(subjects) <= most
        or len(subjects) > limits.BLOCK_OPERATIONS_MAX // 2
        or 0 < per_day < len(subjects)  # of more in one day a reader takes none
    ):
        return None
    needed = 1 if charter is None else charter.quorum
    done = {
        one.place.author
        for one in state.roster.vouches.usable(members, lace)
        if _scattered(one, members, subjects) <= most
    }
    waiting = [node for node in _in_turn(state, members) if node not in done]
    free = needed - len(done)
    for place, author in enumerate(waiting if free > 0 else ()):
        if author in own:
            said = [
                Vouch(members.by_id[node].public_key, members.by_id[node].name)
                for node in subjects
                if node != author
            ]
            return Task(author, max(0, place - free + 1), (*said, *_electorate(state, members)))
    return None


def _scattered(vouched: Vouched, members: Members, subjects: list[NodeId]) -> int:
    """How many members a block does not stand for."""
    return sum(
        not vouched.stands_for(node, members) for node in subjects if node != vouched.place.author
    )


def _in_turn(state: FleetState, members: Members) -> list[NodeId]:
    """Who may vouch, the founder first, then by age."""
    law = members.law
    able = [
        node for node in members.by_id if node not in members.exposed and members.may_admit(node)
    ]
    return sorted(
        able,
        key=lambda one: (
            law.person(one) != state.roster.founder, members.by_id[one].admitted_stamp, one
        ),
    )  # fmt: skip


def _electorate(state: FleetState, members: Members) -> tuple[Publish, ...]:
    """The electorate of all that was published last, once more: behind their names it takes three
    bytes an elector."""
    electors = members.electors().keys()
    for one in state.rounds.published.newest():
        if one.position.keys() == electors and not one.skills:
            return (one.said,)
    return ()
