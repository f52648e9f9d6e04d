"""What opens a round: an electorate if none that is published fits, then the proposal."""

from collections.abc import Collection, Sequence

from credimus.kernel.errors import Conflict
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId, ElectorateId, NodeId
from credimus.protocol.voting.electing import fitting, weights_of
from credimus.protocol.voting.interface import VotingConfig
from credimus.state.electorates import Electorate, electorate_id, electorate_of, left_out_most
from credimus.state.fleet import FleetState
from credimus.state.operations import Operation, Propose, Publish, Rules


class Proposing:
    """Makes proposals for one node; remembers which electorate fits its roster."""

    def __init__(self, config: VotingConfig, state: FleetState) -> None:
        self._config = config
        self._state = state
        self._fitting: tuple[tuple[bytes, int, int], Electorate | None] | None = None

    def proposal(
        self,
        belief: BeliefId,
        attempt: int,
        rules: Rules | None,
        electors: Sequence[NodeId] | None,
    ) -> tuple[list[Operation], Propose, Collection[NodeId]]:
        """The operations that open a round, the proposal among them, and who may vote.

        Args:
            rules: the node's own when None.
            electors: who votes; everybody in our roster when None.

        Raises:
            Conflict: `electors-not-allowed`, by the fleet's policy.
        """
        operations: list[Operation] = []
        identifier, voters, publication = self._electorate(electors)
        if publication is not None:
            operations.append(publication)
        before = self._state.rounds.on(belief) if attempt > 1 else ()
        proposal = Propose(
            belief=belief,
            attempt=attempt,
            rules=rules or self._config.rules,
            electorate=identifier,
            timeout_ms=self._config.timeout_ms,
            previous=next((one.id for one in before if one.attempt == attempt - 1), b""),
        )
        return [*operations, proposal], proposal, voters

    def _electorate(
        self, electors: Sequence[NodeId] | None
    ) -> tuple[ElectorateId, Collection[NodeId], Publish | None]:
        """An electorate's id and members, with its publication when it is not published yet."""
        published = self._state.rounds
        if electors is None:
            known = self._of_fleet()
            if known is not None:
                return known.id, known.position, None
            weights = weights_of(self._state.roster.current, self._config)
        else:
            weights = dict.fromkeys(electors, self._config.elector_weight)
            self._check_electors(weights)
        publication = electorate_of(weights)
        identifier = electorate_id(publication.electors)
        if published.electorate(identifier) is not None:
            return identifier, weights, None
        return identifier, weights, publication

    def _check_electors(self, electors: Collection[NodeId]) -> None:
        """Refuse electors with whom the fold would ignore the proposal."""
        roster = self._state.roster
        members = roster.current
        strangers = [one for one in electors if one not in members]
        most = left_out_most(roster.left_out_max, len(members))
        left_out = len(members) - len(electors)
        if strangers:
            raise Conflict(
                "electors-not-allowed",
                f"{strangers[0].hex()[:12]} is no member; name members only.",
            )
        if left_out > most:
            raise Conflict(
                "electors-not-allowed",
                f"these electors leave out {left_out} of {len(members)} members; this fleet was "
                f"founded to leave out at most {roster.left_out_max / MILLION:.0%} of them, {most} "
                "now. Name more, or none for everybody.",
            )

    def _of_fleet(self) -> Electorate | None:
        """A published electorate that fits the roster; looked for anew when either changed."""
        members = self._state.roster.current
        state = self._state
        key = (members.key, state.rounds.electorate_count, state.checkpoints.number)
        if self._fitting is None or self._fitting[0] != key:
            weights = weights_of(members, self._config)
            published = self._state.rounds.newest_electorates()
            found = fitting(published, weights, self._config.weight_tolerance)
            self._fitting = key, found
        return self._fitting[1]
