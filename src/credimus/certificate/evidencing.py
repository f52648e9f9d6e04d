"""Makes evidence of an equivocation from the blocks that a node holds.

Pure: the bytes of blocks come from a callable. Whatever is made is checked before it is given out.
Unlike excerpts, testimonies show headers as they were sent, in whatever form.
"""

from itertools import islice

from credimus.certificate.archive import Archive
from credimus.kernel import limits
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BlockId, NodeId, RoundId
from credimus.lace.block import Block, open_wire, read_block
from credimus.state.evidence import check_exposure
from credimus.state.member_operations import Exhibit, Expose
from credimus.state.operations import Choice, Operation, Votes, read_operations


def fork_evidence(archive: Archive, one: BlockId, other: BlockId) -> Expose | None:
    """Proof that two blocks stand at one place of a chain; None where it can not be made here."""
    first, second = (_read(archive, block) for block in sorted((one, other)))
    if first is None or second is None:
        return None
    shown = (Exhibit(block.header_bytes, block.signature) for block in (first, second))
    return _checked(archive, first.author, *shown)


def vote_evidence(archive: Archive, culprit: NodeId, identifier: RoundId) -> Expose | None:
    """Proof that a member answered a round in two ways; None where it can not be made here.

    Cost: reads the culprit's blocks from the proposal on, else from its first one on, up to
    limits.CERTIFICATE_SEARCH_MAX each.
    """
    found = archive.state.rounds.get(identifier)
    position = None if found is None else found.electorate.position.get(culprit)
    if found is None or position is None:
        return None
    shown: list[Exhibit] = []
    for choice in found.choices(position)[:2]:
        for since in (found.opened_stamp, 0):
            vote = _find(archive, (culprit, since), identifier, choice)
            if vote is not None:
                shown.append(vote)
                break
    return _checked(archive, culprit, *shown) if len(shown) == 2 else None


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


def _find(
    archive: Archive, chain: tuple[NodeId, int], identifier: RoundId, choice: Choice
) -> Exhibit | None:
    """The first vote of a choice in a chain, from a stamp on."""
    author, since = chain
    for place in islice(archive.lace.walk(since, author), limits.CERTIFICATE_SEARCH_MAX):
        block = _read(archive, place.id)
        operations = [] if block is None else read_operations(block.body)
        for index, said in enumerate(operations):
            if block is not None and _casts(said, identifier, choice):
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
