"""Who is in reach, from the rows of all: groups, one-way pairs, who runs though out of reach. Pure.

A member counts once it has been heard of or has written: who was admitted and never came is no sign
of a cut. A member without a voice of its own, because another node hosts it, is where its host is:
only the host says that it hears it. Until a member has said whom it hears it is taken to hear all.
"""

from collections.abc import Collection, Iterable, Mapping

from credimus.kernel.ids import NodeId
from credimus.protocol.partition.interface import Sight, View

_Edges = Mapping[NodeId, frozenset[NodeId]]


def sight_of(view: View, fresh: Collection[NodeId] = (), *, forgiving: bool = False) -> Sight:
    """What a view comes to.

    Args:
        fresh: members that came a moment ago: in reach, though rows do not say so yet.
        forgiving: whether members not heard of yet are taken to be in reach.

    Cost: the square of the members.
    """
    there = [one for one in view.members if view.is_own(one) or view.is_there(one)]
    own = next((one for one in view.members if view.is_own(one)), None)
    if own is None:
        return Sight(members=(), reachable=(), cut=(), groups=(), one_way=())
    present = frozenset(there)
    told = {one: view.hears(one) for one in there}
    if len(there) == len(view.members) and all(
        _hears_all(one, row, present) for one, row in told.items()
    ):
        every = tuple(view.members)
        return Sight(members=every, reachable=every, cut=(), groups=(every,), one_way=())
    heard_here = frozenset().union(*(row for row in told.values() if row is not None))
    ours = frozenset(one for one in there if view.is_own(one))
    edges: dict[NodeId, frozenset[NodeId]] = {}
    for one, row in told.items():
        known = present if row is None else row & present
        edges[one] = known | ours if one in ours else known
    around = _closure(own, edges) & _hearers(own, edges)
    reach = around | ours | {one for one in there if one in fresh}
    members = []
    for one in view.members:
        if one in present:
            members.append(one)
            continue
        heard = view.was_heard(one)
        if not heard and (forgiving or _is_hosted(one, [told[near] for near in around - ours])):
            members.append(one)
            reach.add(one)
        elif heard or view.has_written(one):
            members.append(one)
    cut = tuple(
        one for one in members if one not in reach and (one in present or one in heard_here)
    )
    return Sight(
        members=tuple(members),
        reachable=tuple(one for one in members if one in reach),
        cut=cut,
        groups=_groups(members, frozenset(reach), edges),
        one_way=_one_way(told),
    )


def _hears_all(one: NodeId, row: frozenset[NodeId] | None, present: frozenset[NodeId]) -> bool:
    """Whether a member hears all others; so it is nearly always."""
    return row is None or present - row <= {one}


def _is_hosted(member: NodeId, rows: Iterable[frozenset[NodeId] | None]) -> bool:
    """Whether somebody near hears who has no voice, or has not said whom it hears."""
    return any(row is None or member in row for row in rows)


def _groups(
    members: list[NodeId], reach: frozenset[NodeId], edges: _Edges
) -> tuple[tuple[NodeId, ...], ...]:
    groups = [tuple(one for one in members if one in reach)]
    placed = set(reach)
    for one in members:
        if one not in placed:
            group = {one}
            if one in edges:
                group |= (_closure(one, edges) & _hearers(one, edges)) - placed
            groups.append(tuple(sorted(group)))
            placed |= group
    return tuple(groups)


def _one_way(
    told: Mapping[NodeId, frozenset[NodeId] | None],
) -> tuple[tuple[NodeId, NodeId], ...]:
    voices = frozenset(one for one, row in told.items() if row is not None)
    speakers: dict[NodeId, list[NodeId]] = {}
    for speaker, back in told.items():
        for hearer in () if back is None else voices - back:
            row = told[hearer]
            if row is not None and speaker in row and speaker != hearer:
                speakers.setdefault(hearer, []).append(speaker)
    return tuple((one, hearer) for hearer in told for one in sorted(speakers.get(hearer, ())))


def _hearers(start: NodeId, edges: _Edges) -> set[NodeId]:
    """All to whom messages of a member can come, itself included."""
    found, left = {start}, [one for one in edges if one != start]
    while True:
        news = [one for one in left if not edges[one].isdisjoint(found)]
        if not news:
            return found
        found.update(news)
        left = [one for one in left if one not in found]


def _closure(start: NodeId, edges: _Edges) -> set[NodeId]:
    """All that can be come to from a member, itself included."""
    found, ahead = {start}, [start]
    while ahead:
        news = edges.get(ahead.pop(), frozenset()) - found
        found |= news
        ahead += news
    return found
