"""What an all-knowing observer wrote down: every block that ever was durable on any disk.

Kept apart from the folds on purpose: it counts votes by itself, so that a bug in the state's
arithmetic can not hide itself.
"""

from collections.abc import Container, Iterable

from credimus.kernel.ids import BeliefId, BlockId, ElectorateId, NodeId, RoundId
from credimus.lace.block import Block
from credimus.state.operations import (
    Choice,
    Operation,
    Propose,
    Publish,
    Vote,
    Votes,
    read_operations,
)
from credimus.state.voting.electorates import Electorate, round_id


class Ballots:
    """One member's answers for one belief and attempt: choice to round, in order of durability."""

    __slots__ = ("by_choice",)

    def __init__(self) -> None:
        self.by_choice: dict[Choice, RoundId] = {}


class Record:
    """Blocks, proposals, electorates and votes, whoever holds them."""

    def __init__(self) -> None:
        self.blocks: dict[BlockId, Block] = {}
        self.operations: dict[BlockId, list[Operation]] = {}
        self.proposals: dict[RoundId, Propose] = {}
        self.proposed_in: dict[RoundId, list[BlockId]] = {}
        """By round: the blocks that propose it."""
        self.electorates: dict[ElectorateId, Electorate] = {}
        self.cast: dict[RoundId, dict[tuple[NodeId, Choice], int]] = {}
        """By round: the greatest confidence that each voter gave each of its answers."""
        self.ballots: dict[tuple[NodeId, BeliefId, int], Ballots] = {}
        self._early: dict[RoundId, list[tuple[NodeId, Vote]]] = {}

    def note(self, block: Block) -> list[tuple[NodeId, Vote, Ballots]]:
        """Write a block down; returns the votes in it that are new, with all of the voter's."""
        if block.id in self.blocks:
            return []
        self.blocks[block.id] = block
        votes: list[tuple[NodeId, Vote, Ballots]] = []
        self.operations[block.id] = operations = read_operations(block.body)
        for operation in operations:
            match operation:
                case Publish():
                    electorate = Electorate(operation.electors)
                    self.electorates[electorate.id] = electorate
                case Propose():
                    identifier = round_id(operation)
                    self.proposals[identifier] = operation
                    self.proposed_in.setdefault(identifier, []).append(block.id)
                    for author, vote in self._early.pop(identifier, ()):
                        votes.append(self._count(author, vote))
                case Votes():
                    for vote in operation.votes:
                        if RoundId(vote.round) in self.proposals:
                            votes.append(self._count(block.author, vote))
                        else:
                            early = self._early.setdefault(RoundId(vote.round), [])
                            early.append((block.author, vote))
                case _:
                    pass
        return votes

    def of(self, held: Container[BlockId]) -> "Record":
        """The record of these blocks alone; itself when they are all."""
        if all(one in held for one in self.blocks):
            return self
        kept = Record()
        for block in self.blocks.values():
            if block.id in held:
                kept.note(block)
        return kept

    def electorate_of(self, identifier: RoundId) -> Electorate | None:
        """Who votes in a round."""
        proposal = self.proposals.get(identifier)
        return self.electorates.get(ElectorateId(proposal.electorate)) if proposal else None

    def votes_in(self, blocks: Iterable[BlockId]) -> list[tuple[NodeId, Vote]]:
        """Who voted what in some blocks, by block; those not written down are passed over."""
        return [
            (self.blocks[one].author, vote)
            for one in sorted(blocks)
            for said in self.operations.get(one, ())
            if isinstance(said, Votes)
            for vote in said.votes
        ]

    def double_voters(self, belief: BeliefId, attempt: int) -> set[NodeId]:
        """Who gave two different answers; for membership only."""
        return {
            voter
            for (voter, about, number), ballots in self.ballots.items()
            if about == belief and number == attempt and len(ballots.by_choice) > 1
        }

    def _count(self, author: NodeId, vote: Vote) -> tuple[NodeId, Vote, Ballots]:
        identifier = RoundId(vote.round)
        proposal = self.proposals[identifier]
        key = (author, BeliefId(proposal.belief), proposal.attempt)
        ballots = self.ballots.setdefault(key, Ballots())
        ballots.by_choice.setdefault(vote.choice, identifier)
        cast = self.cast.setdefault(identifier, {})
        said = (author, vote.choice)
        cast[said] = max(vote.confidence, cast.get(said, 0))
        return author, vote, ballots
