"""That what nodes tell is all there is to know, as a sentence."""

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BeliefId, RoundId, short
from credimus.node.node import NodeEffects
from credimus.protocol.checkpointing.interface import CheckpointTaken
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.host import Host
from credimus.sim.watcher import Done
from credimus.state.events import (
    MEMBER_CHANGES,
    BeliefAsserted,
    BeliefChanged,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
)
from credimus.state.fleet import FleetState


class what_is_told_is_all_there_is(Checker):  # noqa: N801 - a sentence
    """Who looks at beliefs, rounds and members when a node tells of them, and at nothing else, sees
    them as they are: read models, callers and links do."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._readers: dict[int, _Reader] = {}

    def started(self, host: Host) -> None:
        """Whoever reads begins with all that is there."""
        self._readers[host.place] = _Reader(host.running.state)

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Look at what is told of."""
        reader = self._readers.get(host.place)
        if reader is not None and effects.emit:
            reader.hear(host, effects)

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Compare."""
        for host in self.watch.honest:
            reader = self._readers.get(host.place)
            if reader is None or host.busy or host.is_amid_step:
                continue
            for what in reader.differing(_Reader(host.running.state)):
                self.fail(f"node {host.place} did not tell how {what} stands")


class _Reader:
    """What somebody has read of a node's state."""

    def __init__(self, state: FleetState) -> None:
        self._state = state
        self.beliefs = {one.id: state.beliefs.confidence(one.id) for one in state.beliefs}
        self.verdicts = {one.id: one.verdict for one in state.rounds}
        self.members = set(state.roster.current.by_id)

    def hear(self, host: Host, effects: NodeEffects) -> None:
        """Read again what a step tells of."""
        for event in effects.emit:
            match event:
                case BeliefAsserted() | BeliefChanged():
                    self._read_belief(event.belief)
                case RoundOpened():
                    self._read_round(event.round)
                case RoundDecided() | RoundExpired() | RoundContested():
                    self._read_round(event.round)
                    self._read_belief(event.belief)
                case CheckpointTaken():
                    gone = host.running.compacting.gone
                    for belief in gone.beliefs:
                        self._read_belief(belief)
                    for one in gone.rounds:
                        self._read_round(one)
                case _ if type(event) in MEMBER_CHANGES:
                    self.members = set(self._state.roster.current.by_id)
                case _:
                    pass

    def differing(self, other: "_Reader") -> list[str]:
        """What the other has read otherwise; the first few."""
        beliefs = self.beliefs.items() ^ other.beliefs.items()
        rounds = self.verdicts.items() ^ other.verdicts.items()
        members = self.members ^ other.members
        found = [f"belief {short(one)}" for one in sorted({one for one, _ in beliefs})]
        found += [f"round {short(one)}" for one in sorted({one for one, _ in rounds})]
        return [*found, *(f"member {short(one)}" for one in sorted(members))][:3]

    def _read_belief(self, belief: BeliefId) -> None:
        self.beliefs.pop(belief, None)
        if self._state.beliefs.get(belief) is not None:
            self.beliefs[belief] = self._state.beliefs.confidence(belief)

    def _read_round(self, identifier: RoundId) -> None:
        found = self._state.rounds.get(identifier)
        self.verdicts.pop(identifier, None)
        if found is not None:
            self.verdicts[identifier] = found.verdict
