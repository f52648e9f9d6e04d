"""Chooses the blocks that a certificate shows in place of the admissions of its electors.

Deliberately not here: whether its reader takes that for enough; making.py tries, and shows the
admissions where he does not.
"""

from credimus.certificate.archive import Archive, Reading
from credimus.kernel.ids import ElectorateId, NodeId
from credimus.lace.lace import Place
from credimus.state.membership.members import Members
from credimus.state.membership.vouches import Vouched
from credimus.state.operations import Operation, Publish
from credimus.state.voting.electorates import electorate_id
from credimus.state.voting.round import Round


def vouching_for(
    archive: Archive, reading: Reading, found: Round, proposal: Place
) -> list[Vouched]:
    """Blocks before a proposal that vouch for most of its electors: one, or under a quorum those of
    as many members; none where that would not show fewer blocks."""
    view = reading.before(proposal)
    needed = view.law.quorum
    usable = [
        one
        for one in archive.state.roster.vouches.usable(view, archive.lace)
        if one.place.stamp < proposal.stamp
    ]
    stood_for = {one.place.id: _stood_for(one, view, found) for one in usable}
    usable.sort(key=lambda one: -len(stood_for[one.place.id]))  # of equals the newest
    chosen: dict[NodeId, Vouched] = {}
    for one in usable:
        author = one.place.author
        if len(chosen) == needed:
            break
        if author not in chosen and reading.opened(one.place) is not None:
            chosen[author] = one
    blocks = {
        block
        for one in chosen.values()
        for node in stood_for[one.place.id]
        for block, _ in view.admissions(node)[:needed]
    }
    members = (archive.state.roster.founder, *found.electorate.position)  # shown in any case
    shown = len(chosen) + sum(author not in members for author in chosen)
    saved = len(blocks) + any(_publishes(reading, one, found) for one in chosen.values())
    return list(chosen.values()) if len(chosen) == needed and saved > shown else []


def publishes(said: Operation, identifier: ElectorateId) -> bool:
    """Whether an operation publishes an electorate."""
    return isinstance(said, Publish) and electorate_id(said.electors, said) == identifier


def _publishes(reading: Reading, one: Vouched, found: Round) -> bool:
    identifier = found.electorate.id
    return any(True for _ in reading.spots(one.place, lambda said: publishes(said, identifier)))


def _stood_for(one: Vouched, view: Members, found: Round) -> list[NodeId]:
    return [node for node in found.electorate.position if one.stands_for(node, view)]
