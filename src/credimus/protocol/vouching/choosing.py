"""Who vouches for whom, and whether it is worth a block. Pure: a function of what is held."""

from collections.abc import Collection
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.lace.lace import Lace
from credimus.state.fleet import FleetState
from credimus.state.membership.members import Members
from credimus.state.membership.vouches import Vouched, may_vouch, word_for
from credimus.state.operations import Operation, Publish


class Task(NamedTuple):
    """What one of ours is to say."""

    author: NodeId
    rank: int
    """How many go before it."""
    operations: tuple[Operation, ...]
    blocks: int
    """How many blocks a certificate would show to admit those whom nobody vouches for yet."""


def task_of(
    state: FleetState, lace: Lace, own: Collection[NodeId], scattered_max: int
) -> Task | None:
    """What one of `own` is to say now, when nobody says it before; None where all is well.

    Args:
        scattered_max: how many admissions may be left that a certificate would show one by one.
    """
    members = state.roster.current
    subjects = [node for node in sorted(members.by_id) if node != state.roster.founder]
    needed = members.law.quorum
    most = scattered_max // needed
    if len(subjects) <= most or len(subjects) > limits.BLOCK_OPERATIONS_MAX // 2:
        return None
    left = {
        one.place: _left_by(one, members, subjects)
        for one in state.roster.vouches.usable(members, lace)
    }
    done = {place.author for place, nodes in left.items() if len(nodes) <= most}
    waiting = [node for node in _in_turn(state, members) if node not in done]
    free = needed - len(done)
    for place, author in enumerate(waiting if free > 0 else ()):
        if author in own:
            rank = max(0, place - free + 1)
            said = [word_for(node, members) for node in subjects if node != author]
            once = () if rank == 0 < place else _electorate(state, members)
            scattered = min(left.values(), key=len, default=subjects)
            blocks = {block for node in scattered for block, _ in members.admissions(node)}
            return Task(author, rank, (*said, *once), len(blocks))
    return None


def _left_by(vouched: Vouched, members: Members, subjects: list[NodeId]) -> list[NodeId]:
    """The members that a block does not stand for."""
    return [
        node
        for node in subjects
        if node != vouched.place.author and not vouched.stands_for(node, members)
    ]


def _in_turn(state: FleetState, members: Members) -> list[NodeId]:
    """Who may vouch: who admitted last, for its word travels with the admission; the founder; then
    by age. Under a quorum the founder goes first: a certificate may do with its word alone."""
    law, newest = members.law, max(members.by_id.values(), key=lambda one: one.admitted_stamp)
    return sorted(
        (node for node in members.by_id if may_vouch(node, members)),
        key=lambda one: (
            law.quorum > 1 and law.person(one) != state.roster.founder,
            one != newest.admitted_by, law.person(one) != state.roster.founder,
            members.by_id[one].admitted_stamp, one,
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
