"""Makes evidence of an equivocation from the blocks that a node holds.

Pure: the bytes of blocks come from a callable. Whatever is made is checked before it is given out.
Unlike excerpts, testimonies show headers as they were sent, in whatever form.
"""

from collections.abc import Callable
from functools import partial
from itertools import islice
from operator import eq
from typing import TypeAlias

from credimus.certificate.archive import Archive
from credimus.kernel import limits
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BlockId, NodeId, RoundId
from credimus.lace.block import Block, open_wire, read_block
from credimus.state.member_operations import Exhibit, Expose
from credimus.state.membership.evidence import check_exposure
from credimus.state.operations import Choice, Operation, Votes, read_operations
from credimus.state.voting.round import Round

_Said: TypeAlias = Callable[[Operation], bool]


def fork_evidence(archive: Archive, one: BlockId, other: BlockId) -> Expose | None:
    """Proof that two blocks stand at one place of a chain; None where it can not be made here."""
    first, second = (_read(archive, block) for block in sorted((one, other)))
    if first is None or second is None:
        return None
    shown = (Exhibit(block.header_bytes, block.signature) for block in (first, second))
    return _checked(archive, first.author, *shown)


def round_evidence(archive: Archive, culprit: NodeId, identifier: RoundId) -> Expose | None:
    """Proof that a member answered a round, or closed it, in two ways; None where it can not be
    made here.

    Cost: reads the culprit's blocks from the proposal on, else from its first one on, up to
    limits.CERTIFICATE_SEARCH_MAX each.
    """
    found = archive.state.rounds.get(identifier)
    if found is None:
        return None
    for wanted in (_answers(found, culprit), _closings(found, culprit)):
        shown = [
            one for one in (_first(archive, culprit, found, said) for said in wanted[:2]) if one
        ]
        if len(shown) == 2:
            return _checked(archive, culprit, *shown)
    return None


def _answers(found: Round, culprit: NodeId) -> list[_Said]:
    position = found.electorate.position.get(culprit)
    choices = [] if position is None else found.choices(position)
    return [partial(_casts, identifier=found.id, choice=choice) for choice in choices]


def _closings(found: Round, culprit: NodeId) -> list[_Said]:
    different = dict.fromkeys(closing for who, _, closing in found.closings if who == culprit)
    return [partial(eq, closing) for closing in different]


def _first(archive: Archive, culprit: NodeId, found: Round, said: _Said) -> Exhibit | None:
    """The first time that a member said something, since the proposal or even before."""
    since = _find(archive, (culprit, found.opened_stamp), said)
    return since or _find(archive, (culprit, 0), said)


def _checked(archive: Archive, culprit: NodeId, one: Exhibit, other: Exhibit) -> Expose | None:
    key = archive.state.roster.keys.get(culprit)
    if key is None:
        return None
    said = Expose(key, one, other)
    try:
        check_exposure(said, archive.fleet)
    except PeerFault:
        return None
    return said


def _find(archive: Archive, chain: tuple[NodeId, int], wanted: _Said) -> Exhibit | None:
    """The first operation of some kind in a chain, from a stamp on."""
    author, since = chain
    for place in islice(archive.lace.walk(since, author), limits.CERTIFICATE_SEARCH_MAX):
        block = _read(archive, place.id)
        operations = [] if block is None else read_operations(block.body)
        for index, said in enumerate(operations):
            if block is not None and wanted(said):
                leaves = block.leaves()
                cover = b"".join(block.cover([index]))
                return Exhibit(block.header_bytes, block.signature, index, leaves[index], cover)
    return None


def _casts(said: Operation, identifier: RoundId, choice: Choice) -> bool:
    return isinstance(said, Votes) and any(
        vote.round == identifier and vote.choice is choice for vote in said.votes
    )


def _read(archive: Archive, block: BlockId) -> Block | None:
    for wire in archive.wires_of([block]):
        return read_block(open_wire(wire), wire)
    return None
