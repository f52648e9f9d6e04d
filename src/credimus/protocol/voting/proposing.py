"""What opens a round: an electorate if none that is published fits, then the proposal."""

from collections.abc import Collection, Sequence
from typing import TypeAlias

from credimus.kernel.errors import Conflict
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId, ElectorateId, NodeId
from credimus.protocol.voting.electing import fitting
from credimus.protocol.voting.grounds import Ground, Grounds
from credimus.protocol.voting.interface import VotingConfig
from credimus.state.fleet import FleetState
from credimus.state.operations import Operation, Propose, Publish, Rules
from credimus.state.voting.electorates import Electorate, electorate_id, left_out_most

Subject: TypeAlias = tuple[BeliefId, str]
"""A belief and its category."""


class Proposing:
    """Makes proposals for one node; remembers which electorate fits its roster."""

    def __init__(self, config: VotingConfig, state: FleetState, grounds: Grounds) -> None:
        self._config = config
        self._state = state
        self._grounds = grounds
        self._fitting: tuple[tuple[bytes, int, str, int, Ground], Electorate | None] | None = None

    def proposal(
        self,
        subject: Subject,
        attempt: int,
        rules: Rules | None,
        electors: Sequence[NodeId] | None,
    ) -> tuple[list[Operation], Propose, Collection[NodeId]]:
        """The operations that open a round, the proposal among them, and who may vote.

        Args:
            subject: the belief and its category.
            rules: the node's own when None.
            electors: who votes; everybody in our roster when None.

        Raises:
            Conflict: `electors-not-allowed`, by the fleet's policy.
        """
        operations: list[Operation] = []
        rules = rules or self._config.rules
        belief, category = subject
        ground = self._grounds.today(rules.aggregation, category)
        identifier, voters, publication = self._electorate(electors, category, ground)
        if publication is not None:
            operations.append(publication)
        before = self._state.rounds.on(belief) if attempt > 1 else ()
        proposal = Propose(
            belief=belief,
            attempt=attempt,
            rules=rules,
            electorate=identifier,
            timeout_ms=self._config.timeout_ms,
            previous=next((one.id for one in before if one.attempt == attempt - 1), b""),
        )
        return [*operations, proposal], proposal, voters

    def _electorate(
        self, electors: Sequence[NodeId] | None, category: str, ground: Ground
    ) -> tuple[ElectorateId, Collection[NodeId], Publish | None]:
        """An electorate's id and members, with its publication when it is not published yet."""
        voters: Collection[NodeId]
        if electors is None:
            known = self._of_fleet(category, ground)
            if known is not None:
                return known.id, known.position, None
            voters = self._state.roster.current.electors(category)
        else:
            voters = dict.fromkeys(electors)
            self._check_electors(voters, category)
        publication = ground.publication(voters, self._config.elector_weight)
        identifier = electorate_id(publication.electors, publication)
        if self._state.rounds.published.get(identifier) is not None:
            return identifier, voters, None
        return identifier, voters, publication

    def _check_electors(self, electors: Collection[NodeId], category: str) -> None:
        """Refuse electors with whom the fold would ignore the proposal."""
        roster = self._state.roster
        members = roster.current.electors(category)
        strangers = [one for one in electors if one not in members]
        most = left_out_most(roster.left_out_max, len(members))
        left_out = len(members) - len(electors)
        if strangers:
            raise Conflict(
                "electors-not-allowed",
                f"{strangers[0].hex()[:12]} is no member that may vote; name such members only.",
            )
        if left_out > most:
            raise Conflict(
                "electors-not-allowed",
                f"these electors leave out {left_out} of {len(members)} members; this fleet was "
                f"founded to leave out at most {roster.left_out_max / MILLION:.0%} of them, {most} "
                "now. Name more, or none for everybody.",
            )

    def _of_fleet(self, category: str, ground: Ground) -> Electorate | None:
        """A published electorate that fits roster and ground; looked for anew when they changed."""
        members = self._state.roster.current
        where, state = category if members.by_category else "", self._state
        seen = members.key, len(state.rounds.published), where, state.checkpoints.number
        known = self._fitting
        if known is None or known[0][:4] != seen or known[0][4] is not ground:
            said = ground.publication(members.electors(category), self._config.elector_weight)
            ours = Electorate(said.electors, said)
            published = self._state.rounds.published.newest()
            found = fitting(published, ours, self._config)
            self._fitting = known = (*seen, ground), found
        return known[1]
