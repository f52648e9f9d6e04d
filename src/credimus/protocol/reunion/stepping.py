"""One step of a reunion: what it says, whether that came to be, and how it is undone.

Deliberately not here: which steps, in which order and when (planning.py, machine.py).
"""

from collections.abc import Callable, Sequence

from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.protocol.reunion.discovering import Holdings
from credimus.protocol.reunion.interface import AgainStep, PairStep, Step
from credimus.protocol.reunion.planning import beliefs_of
from credimus.state.operations import Operation, Reconcile, Rules, Strategy, Withdraw
from credimus.state.outcomes import holds
from credimus.state.reconciliations import Pair
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict


class Broken(Exception):
    """A step can not come to what was planned; says why."""


class Stepping:
    """Carries out and undoes single steps, in the name of one author."""

    def __init__(
        self,
        holdings: Holdings,
        say: Callable[[NodeId, Operation], object],
        propose_again: Callable[[NodeId, BeliefId, Rules], object],
    ) -> None:
        self._own, self._state, self._lace = holdings
        self._say = say
        self._propose_again = propose_again

    # --- carrying out

    def say(self, step: Step, done: Sequence[Step]) -> list[object]:
        """What a step is still to say; nothing where it stands already.

        Args:
            done: the steps before it.

        Raises:
            Broken: what the plan rests on has changed.
        """
        if isinstance(step, AgainStep):
            found = self._state.rounds.get(RoundId(step.round))
            last = self._state.rounds.on(BeliefId(step.belief))[-1:]
            if found is None or last != (found,):
                return []  # somebody put it to the vote again
            return [self._propose_again(self._own, BeliefId(step.belief), found.rules)]
        pair, kind = pair_of(step), (step.strategy, step.finding)
        ours = self._state.reconciliations.standing_by(pair, self._own)
        if kind not in ours and not holds(self._state, self._lace, pair):
            if self._is_voted_again(step, done):
                return []
            raise Broken(f"{_words(step)} no longer stand as they did when it was planned")
        said = [self._of(Withdraw, step, one) for one in step.withdraws if one in ours]
        if kind not in ours:
            said.append(self._of(Reconcile, step, kind))
        return said

    def verify(self, steps: Sequence[Step]) -> None:
        """Make sure that what was said is in the state, now that it is in blocks.

        Raises:
            Broken: it is not.
        """
        for step in steps:
            if isinstance(step, AgainStep) or not holds(self._state, self._lace, pair_of(step)):
                continue
            kind = step.strategy, step.finding
            if kind not in self._state.reconciliations.standing_by(pair_of(step), self._own):
                raise Broken(f"what was said of {_words(step)} could not be written")

    def undo(self, step: Step) -> list[object]:
        """What takes back a step, as far as it stands."""
        if isinstance(step, AgainStep):
            return []
        pair, kind = pair_of(step), (step.strategy, step.finding)
        ours = self._state.reconciliations.standing_by(pair, self._own)
        said = [self._of(Withdraw, step, kind)] if kind in ours and not step.stood else []
        if holds(self._state, self._lace, pair):
            again = (one for one in step.withdraws if one not in ours)
            said += [self._of(Reconcile, step, one) for one in again]
        return said

    # --- what came of it

    def has_come(self, step: Step) -> bool:
        """Whether a step has come to what was planned, or to something more careful."""
        if isinstance(step, AgainStep) or step.strategy is Strategy.CONSENSUS:
            return all(self._is_decided(one) for one in beliefs_of(step))
        said = self._state.reconciliations.prevailing(pair_of(step))
        return said is not None and said[:2] == (step.strategy, step.finding)

    def is_outvoted(self, step: Step) -> bool:
        """Whether another member stands by what prevails over a step."""
        if isinstance(step, AgainStep):
            return False
        kind = step.strategy, step.finding
        return bool(self._state.reconciliations.others_above(pair_of(step), kind, self._own))

    def is_open(self, step: Step) -> bool:
        """Whether a round that a step opened goes on.

        Raises:
            Broken: one has ended without a verdict.
        """
        lasts = [self._last(one) for one in beliefs_of(step)]
        verdicts = [one.verdict for one in lasts if one is not None]
        if len(verdicts) < len(lasts):
            return False  # what it came to was let go since, as what is over is
        if not self.lasts(step):
            if isinstance(step, PairStep) and step.strategy is Strategy.CONSENSUS:
                raise Broken(f"{_words(step)} could not be put to the vote again")
            return False
        if Verdict.EXPIRED in verdicts or Verdict.CONTESTED in verdicts:
            raise Broken(f"a new round on {_words(step)} ended without a verdict")
        return not all(self._is_decided(one) for one in beliefs_of(step))

    def lasts(self, step: Step) -> bool:
        """Whether a step has opened a round: what that decides is not undone."""
        if isinstance(step, AgainStep):
            last = self._last(BeliefId(step.belief))
            return last is not None and last.id != step.round
        return step.strategy is Strategy.CONSENSUS and self._is_new(step)

    # --- private

    def _of(self, kind_of: type[Reconcile | Withdraw], step: PairStep, kind: tuple) -> object:  # type: ignore[type-arg]
        return self._say(self._own, kind_of(step.beliefs, step.rounds, *kind))

    def _is_voted_again(self, step: PairStep, done: Sequence[Step]) -> bool:
        """Whether a step before it has put one of its beliefs to the vote again."""
        about = set(beliefs_of(step))
        return any(self.lasts(one) and about & set(beliefs_of(one)) for one in done)

    def _is_new(self, step: PairStep) -> bool:
        lasts = [self._last(one) for one in beliefs_of(step)]
        return any(one is not None and one.id not in step.rounds for one in lasts)

    def _is_decided(self, belief: BeliefId) -> bool:
        """Also when its rounds were let go: nothing is to come of them any more."""
        last = self._last(belief)
        return last is None or last.verdict.decided

    def _last(self, belief: BeliefId) -> Round | None:
        """The last round on a belief; None when a checkpoint has let them go."""
        rounds = self._state.rounds.on(belief)
        return rounds[-1] if rounds else None


def pair_of(step: PairStep) -> Pair:
    """The beliefs and rounds that a step is about."""
    first, second = step.rounds
    one, other = step.beliefs
    return (BeliefId(one), BeliefId(other)), (RoundId(first), RoundId(second))


def _words(step: Step) -> str:
    return " and ".join(one.hex()[:12] for one in beliefs_of(step))
