"""Finds the votes behind a round: the state keeps who answered what, the blocks say why.

A voter's block is looked for along its own chain, from the round's opening on: nobody honest votes
on what has not been proposed. Reading is bounded; what was not found is counted, never guessed.
"""

from itertools import islice
from typing import NamedTuple

from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.block import open_wire
from credimus.lace.lace import Lace
from credimus.node.supply import WiresOf
from credimus.state.operations import Aggregation, Choice, Vote, Votes, read_operations
from credimus.state.voting.round import Round

CHAIN_BLOCKS_MAX = 256
"""Blocks of one elector's chain that are looked at for one round. [guess: at full speed a node
seals some hundred a second, and answers within a few]"""
BLOCKS_MAX = 1_024
"""Blocks read for one explanation: some 50 ms. [guess]"""
BYTES_MAX = 8 * 1_048_576
"""Bytes of those blocks. [guess]"""


class Found(NamedTuple):
    """A vote and the block that holds it."""

    vote: Vote
    block: BlockId
    stamp: int


class VoteReader:
    """Reads votes for one explanation, as far as the bounds allow."""

    def __init__(self, lace: Lace, wires_of: WiresOf) -> None:
        self._lace = lace
        self._wires_of = wires_of
        self._blocks_left = BLOCKS_MAX
        self._bytes_left = BYTES_MAX

    def votes(self, found: Round, elector: NodeId) -> list[Found]:
        """The elector's votes in a round, one for each answer that the round shows of it."""
        by_confidence = found.rules.aggregation is Aggregation.CONFIDENCE
        wanted = _answers(found, found.electorate.position[elector])
        read: list[Found] = []
        if not wanted:
            return read
        since = self._lace.walk(found.opened_stamp, elector)
        for place in islice(since, CHAIN_BLOCKS_MAX):
            if self._blocks_left <= 0 or self._bytes_left <= 0:
                break
            for vote in self._votes_in(place.id, found.id):
                answer = vote.choice, vote.confidence if by_confidence else None
                if answer in wanted:
                    wanted.remove(answer)
                    read.append(Found(vote, place.id, place.stamp))
            if not wanted:
                break
        return read

    def _votes_in(self, block: BlockId, named: bytes) -> list[Vote]:
        self._blocks_left -= 1
        for wire in self._wires_of([block]):
            self._bytes_left -= len(wire)
            if named in wire:  # most blocks name other rounds, and need no decoding
                body = open_wire(wire).body
                said = (one for one in read_operations(body) if isinstance(one, Votes))
                return [vote for one in said for vote in one.votes if vote.round == named]
        return []


def _answers(found: Round, position: int) -> set[tuple[Choice, int | None]]:
    """What one elector answered: each choice, with each confidence where that is counted."""
    answers: set[tuple[Choice, int | None]] = set()
    for choice in found.choices(position):
        if found.rules.aggregation is Aggregation.CONFIDENCE:
            given = (found.confidences or {}).get((position, choice), ())
            answers.update((choice, confidence) for confidence in given)
        else:
            answers.add((choice, None))
    return answers
