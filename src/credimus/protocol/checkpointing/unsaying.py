"""Whether a cut would unsay a verdict. Pure.

Beyond a cut, what names blocks below it is judged by the members as of the cut. Where a member
joined or left below it and a block beyond it had not seen that, the block is judged otherwise than
before: a round that it opened may have other electors than the roster, so that it counts for
nothing. Honest members wait with such a cut until all such blocks are below it, too. They wait for
blocks only by which something was decided, or may soon be: else one member that never looks at the
roster could stop the line.
"""

from credimus.kernel.ids import NodeId
from credimus.lace.frontier import Cut
from credimus.lace.lace import Lace, Place
from credimus.protocol.checkpointing.cutting import last_below
from credimus.state.fleet import FleetState
from credimus.state.membership.members import Members
from credimus.state.voting.round import Round


def unsays(lace: Lace, state: FleetState, cut: Cut) -> bool:
    """Whether some round that is decided, or has answers of more than a third of its electors,
    rests on what a state over this cut would not count."""
    roster = state.roster
    at_cut = roster.joined([_view(lace.place(head.block), roster.base) for head in cut])
    unaware = _unaware(lace, state, cut, at_cut)
    if not unaware:
        return False
    heads = last_below(cut)
    stamps = {head.author: head.stamp for head in cut if head.sequence == heads[head.author]}
    latest: dict[NodeId, int] = {}
    for author, stamp in unaware:
        if author not in at_cut or at_cut.law.powers:
            latest[author] = max(stamp, latest.get(author, 0))
    return any(
        _has_weight(one)
        and (
            all((author, stamp) in unaware for stamp, author, _ in one.openings)
            or any(
                stamp >= max(one.opened_stamp, stamps.get(author, 0)) and _answered(one, author)
                for author, stamp in latest.items()
            )
        )
        for one in state.rounds
    )


def _unaware(lace: Lace, state: FleetState, cut: Cut, at_cut: Members) -> set[tuple[NodeId, int]]:
    """Author and stamp of the blocks beyond the cut that had not seen all of its members."""
    last = last_below(cut)
    sees: dict[bytes, bool] = {at_cut.key: True}
    unaware: set[tuple[NodeId, int]] = set()
    for author in lace.authors():
        for place in lace.walk(0, author, backwards=False):
            if place.sequence <= last.get(author, 0):
                continue
            view = _view(place, state.roster.base)
            seen = sees.get(view.key)
            if seen is None:
                seen = sees[view.key] = state.roster.joined([view, at_cut]).key == view.key
            if not seen:
                unaware.add((author, place.stamp))
    return unaware


def _view(place: Place, base: Members) -> Members:
    return place.view if isinstance(place.view, Members) else base


def _has_weight(one: Round) -> bool:
    return one.verdict.decided or 3 * one.voted.bit_count() > len(one.electorate)


def _answered(one: Round, author: NodeId) -> bool:
    return bool(one.voted & one.mask_of([author]))
