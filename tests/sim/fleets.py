"""Small fleets for scenario tests, and evaluators that answer as told."""

from collections.abc import Callable

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import BeliefId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.node.config import Config
from credimus.protocol.voting.interface import Ballot, Evaluator, Question, VotingConfig
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.state.operations import Choice
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

YES, NO, SKIP = Choice.ACCEPT, Choice.REJECT, Choice.ABSTAIN
VOTING = VotingConfig(timeout_ms=1_000, aggregation_ms=300)


class Answering:
    """Answers the n-th question on a belief with the n-th of its choices, then with the last."""

    def __init__(self, *choices: Choice | None) -> None:
        self._choices = choices
        self._asked: dict[bytes, int] = {}

    def evaluate(self, question: Question) -> Ballot | None:
        count = self._asked.get(question.belief, 0)
        self._asked[question.belief] = count + 1
        choice = self._choices[min(count, len(self._choices) - 1)]
        return None if choice is None else Ballot(choice)


def fleet_of(
    *choices: Choice | tuple[Choice | None, ...] | None, joiners: int = 0, seed: bytes = b"scenario"
) -> Fleet:
    """A founded fleet whose node at each place answers with its choice, or choices in turn."""

    def evaluator(place: int, _life: int) -> Evaluator:
        own = choices[place] if place < len(choices) else YES
        return Answering(*own) if isinstance(own, tuple) else Answering(own)

    return fleet_with(evaluator, nodes=len(choices), joiners=joiners, seed=seed)


def fleet_with(
    evaluator: Callable[[int, int], Evaluator | None],
    nodes: int,
    joiners: int = 0,
    seed: bytes = b"scenario",
) -> Fleet:
    """A founded fleet; `evaluator` is asked for each place and life."""
    config = FleetConfig(nodes=nodes, joiners=joiners, node=Config(voting=VOTING))
    fleet = Fleet(config, Entropy(seed), evaluator)
    fleet.found()
    return fleet


def a_moment(fleet: Fleet, ms: int = 200) -> None:
    """Let virtual milliseconds pass."""
    fleet.run_for(ms * MILLISECOND)


def a_while(fleet: Fleet) -> None:
    """Long enough for beacons, pulls and all attempts of a round."""
    fleet.run_for(12 * SECOND)


def rounds_at(fleet: Fleet, place: int, belief: BeliefId) -> tuple[Round, ...]:
    return fleet.hosts[place].running.state.rounds.on(belief)


def verdicts(fleet: Fleet, belief: BeliefId) -> set[Verdict | None]:
    """What the running nodes hold of a belief."""
    return {host.running.state.rounds.verdict(belief) for host in fleet.up}
