"""Chooses the blocks that a certificate shows in place of the admissions of its electors.

Deliberately not here: whether its reader takes that for enough; making.py tries, and shows the
admissions where he does not.
"""

from collections.abc import Iterator
from typing import NamedTuple

from credimus.certificate.archive import Archive, Reading
from credimus.kernel.ids import ElectorateId, NodeId
from credimus.lace.lace import Place
from credimus.state.membership.members import Members
from credimus.state.membership.vouches import Vouched
from credimus.state.operations import Operation, Publish
from credimus.state.voting.electorates import electorate_id
from credimus.state.voting.round import Round


class Way(NamedTuple):
    """How a certificate shows who the members are."""

    vouching: tuple[Vouched, ...] = ()
    """Blocks to show in place of the admissions of those whom all of them vouch for."""
    mutual: bool = False
    """Whether who wrote one of them is shown by the others, as far as they go before it."""


def ways(archive: Archive, reading: Reading, found: Round, proposal: Place) -> Iterator[Way]:
    """Ways to show the members as of a proposal, the shortest first. Only the last, the admissions,
    is taken by every reader: by the rules what the founder says with nobody beside it makes
    members, whatever the quorum, so its words alone may do."""
    view = reading.before(proposal)
    founder, needed = archive.state.roster.founder, view.law.quorum
    usable = [
        one
        for one in archive.state.roster.vouches.usable(view, archive.lace)
        if one.place.stamp < proposal.stamp
    ]
    stood_for = {one.place.id: _stood_for(one, view, found) for one in usable}
    usable.sort(key=lambda one: -len(stood_for[one.place.id]))  # of equals the newest

    def first_of(blocks: list[Vouched], count: int) -> tuple[Vouched, ...]:
        """The first that can be read, of as many authors, that show fewer blocks than they save."""
        chosen: dict[NodeId, Vouched] = {}
        for one in blocks:
            author = one.place.author
            if len(chosen) < count and author not in chosen and reading.opened(one.place):
                chosen[author] = one
        admitting = {
            block
            for one in chosen.values()
            for node in stood_for[one.place.id]
            for block, _ in view.admissions(node)[:needed]
        }
        members = (founder, *found.electorate.position)  # shown in any case
        shown = len(chosen) + sum(author not in members for author in chosen)
        saved = len(admitting) + any(_publishes(reading, one, found) for one in chosen.values())
        return tuple(chosen.values()) if len(chosen) == count and saved > shown else ()

    if needed > 1:
        of_founder = [one for one in usable if view.law.person(one.place.author) == founder]
        if alone := first_of(of_founder, 1):
            yield Way(alone)
    if together := first_of(usable, needed):
        yield Way(together, mutual=True)
        yield Way(together)
    yield Way()


def publishes(said: Operation, identifier: ElectorateId) -> bool:
    """Whether an operation publishes an electorate."""
    return isinstance(said, Publish) and electorate_id(said.electors, said) == identifier


def _publishes(reading: Reading, one: Vouched, found: Round) -> bool:
    identifier = found.electorate.id
    return any(True for _ in reading.spots(one.place, lambda said: publishes(said, identifier)))


def _stood_for(one: Vouched, view: Members, found: Round) -> list[NodeId]:
    return [node for node in found.electorate.position if one.stands_for(node, view)]
