"""What weights and skills in an electorate rest on: the verdicts recorded before an epoch.

A proposer names the epoch that is open for it, an elector works out the same from the same blocks
and holds it against what was published. It is worked out once for each epoch, as things stand then:
verdicts that are recorded late for a closed epoch differ by less than what is tolerated.
"""

from collections.abc import Collection
from typing import NamedTuple

from credimus.kernel.hlc import LOGICAL_BITS
from credimus.kernel.ids import NodeId
from credimus.protocol.voting.interface import VotingConfig
from credimus.state.fleet import FleetState
from credimus.state.operations import Aggregation, Publish
from credimus.state.opinion.skill import Skills
from credimus.state.opinion.standing import shared_skills
from credimus.state.voting.electorates import electorate_of

_KEPT = 16


class Ground(NamedTuple):
    """Weights, and skills where they are meant, as of an epoch."""

    epoch: int
    weights: dict[NodeId, int] | None
    """By conduct; None where everybody weighs the same."""
    skills: Skills | None

    def publication(self, members: Collection[NodeId], weight: int) -> Publish:
        """The electorate of some members.

        Args:
            weight: of everybody, where conduct gives none.

        Raises:
            UsageError: `empty-electorate`, `electorate-too-large`.
        """
        given = self.weights or {}
        weights = {member: given.get(member, weight) for member in members}
        if self.skills is None:
            return electorate_of(weights, epoch=self.epoch)
        skills = shared_skills(self.skills, weights)
        return electorate_of(weights, skills, self.skills.prior, self.epoch)


FLAT = Ground(0, None, None)
"""Everybody weighs the same, and nobody asks for skills."""


class Grounds:
    """The grounds of one node's proposals and objections."""

    def __init__(self, config: VotingConfig, state: FleetState) -> None:
        self._config = config
        self._state = state
        self._kept: dict[tuple[Aggregation, str, int, bytes], Ground] = {}

    def today(self, aggregation: Aggregation, category: str) -> Ground:
        """What a proposal rests on now."""
        if aggregation not in LEARNED:
            return FLAT
        return self.as_of(aggregation, category, self._state.standing.epochs.open_epoch())

    def as_of(self, aggregation: Aggregation, category: str, epoch: int) -> Ground:
        """What a proposal rests on that names an epoch."""
        if aggregation not in LEARNED:
            return FLAT
        lens = self._state.standing.lens(category)
        by_skill = aggregation is Aggregation.SKILL
        roster = b"" if by_skill else self._state.roster.current.key
        key = aggregation, lens.category, epoch, roster
        found = self._kept.get(key)
        if found is None:
            standing = self._state.standing
            skills = standing.skills_as_of(epoch, lens) if by_skill else None
            weights = None if by_skill else self._enough(standing.weights_as_of(epoch))
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            found = self._kept[key] = Ground(epoch, weights, skills)
        return found

    def is_stale(self, epoch: int, opened_stamp: int) -> bool:
        """Whether a proposal names an epoch that had been closed for long when it was made."""
        epochs = self._state.standing.epochs
        if epoch + 1 >= epochs.open_epoch():
            return False
        return epochs.closed_stamp(epoch) + (self._config.stale_ms << LOGICAL_BITS) < opened_stamp

    def _enough(self, weights: dict[NodeId, int]) -> dict[NodeId, int]:
        """The weights, but none for members below the least that is wanted."""
        least = self._config.reputation_min
        return {one: weight if weight >= least else 0 for one, weight in weights.items()}


LEARNED = frozenset({Aggregation.REPUTATION, Aggregation.SKILL})
"""Where the past of the fleet tells what a vote is worth."""
