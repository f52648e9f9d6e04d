"""What must hold of reunions, as sentences; each is proven by a saboteur."""

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BeliefId, RoundId
from credimus.protocol.reunion.interface import PairStep, Phase, Session
from credimus.sim.checkers.checker import Checker
from credimus.sim.host import Host
from credimus.state.outcomes import holds

OVER = (Phase.ENDED, Phase.UNDONE)


def is_reuniting(host: Host) -> bool:
    """Whether a reunion goes on, at a node that may write."""
    session = host.running.reunion.session
    member = host.id in host.running.state.roster.current
    return member and session is not None and session.phase not in OVER


class a_reunion_is_done_whole_or_not_at_all(Checker):  # noqa: N801 - a sentence
    """In the end its node stands by every step that still means something, or, where it was undone,
    by none that it did not stand by before."""

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look at the last reunion of everybody."""
        for host in self.watch.honest:
            session = host.running.reunion.session
            if session is not None and host.id in host.running.state.roster.current:
                self._judge(host, session)

    def _judge(self, host: Host, session: Session) -> None:
        if session.phase not in OVER:
            self.fail(f"node {host.place}: its reunion is still {session.phase.name.lower()}")
            return
        state, lace = host.running.state, host.running.lace
        for step in session.steps:
            if not isinstance(step, PairStep):
                continue
            (one, other), (first, second) = step.beliefs, step.rounds
            pair = (BeliefId(one), BeliefId(other)), (RoundId(first), RoundId(second))
            kinds = state.reconciliations.standing_by(pair, host.id)
            stands = (step.strategy, step.finding) in kinds
            if session.phase is Phase.ENDED and not stands and holds(state, lace, pair):
                self.fail(f"node {host.place}: a step of its reunion was not said")
            if session.phase is Phase.UNDONE and stands and not step.stood:
                self.fail(f"node {host.place}: a step of its reunion was not undone")
