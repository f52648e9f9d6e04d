"""Plays an incident in virtual time, on the simulator, with the same core and no processes."""

from collections.abc import Callable

from credimus.demo.scenario import Act, Later, Relation, Retraction, Scenario, Statement
from credimus.kernel.entropy import Entropy
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId
from credimus.kernel.instant import SECOND
from credimus.node.commands import AnyCommand, AssertBelief, RelateBeliefs, RetractBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.voting.interface import Ballot, Question, VotingConfig
from credimus.protocol.voting.knowledge import Known, LocalKnowledge
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.sim.network import Weather
from credimus.state.categories import KeywordCategorizer
from credimus.state.identity import belief_id
from credimus.state.operations import Choice, Evidence
from credimus.state.operations import Relation as Bears

ROUGH = Weather(delay_us_max=100_000, loss_ppm=50_000, duplicate_ppm=50_000)


class Facts:
    """A node's own knowledge; it finds the state to judge by when it is first asked."""

    def __init__(self, facts: dict[str, Known], node: Callable[[], Node]) -> None:
        self._facts = facts
        self._node = node

    def evaluate(self, question: Question) -> Ballot | None:
        state = self._node().state
        return LocalKnowledge(state, Choice.ABSTAIN, self._facts).evaluate(question)


class Rehearsal:
    """One incident on one simulated fleet."""

    def __init__(self, scenario: Scenario, seed: bytes, weather: Weather | None = None) -> None:
        self.scenario = scenario
        config = Config(
            voting=VotingConfig(
                timeout_ms=scenario.timeout_ms,
                attempts_max=scenario.attempts_max,
                unknown=Choice.ABSTAIN,
            )
        )
        names = scenario.names
        self.fleet = Fleet(
            FleetConfig(nodes=len(names), node=config),
            Entropy(seed),
            lambda place, _: Facts(_facts(scenario, names[place]), lambda: self.node(place)),
        )
        self.fleet.found()
        if weather is not None:
            self.fleet.network.weather = weather

    def node(self, place: int) -> Node:
        """The running node at a place."""
        return self.fleet.hosts[place].running

    def belief(self, statement: Statement) -> BeliefId:
        """The id that the statement gets."""
        category = statement.category or KeywordCategorizer().category(statement.says)
        return belief_id(statement.says, category)

    def verdicts(self, place: int) -> dict[str, str]:
        """The verdicts at one node, by statement."""
        rounds = self.node(place).state.rounds
        found = {one.id: rounds.verdict(self.belief(one)) for one in self.scenario.statement}
        return {name: "none" if one is None else one.word for name, one in found.items()}

    def play(self) -> None:
        """Let everything happen, then wait until nothing is open."""
        start = self.fleet.agenda.now_ns
        for at, action in sorted(self._events(), key=lambda event: event[0]):
            self.fleet.agenda.run_until(start + round(at * SECOND))
            action()
        for _ in range(60):
            self.fleet.run_for(SECOND)
            if self.fleet.agree() and not self._open_count():
                return

    def _open_count(self) -> int:
        return sum(not one.verdict.value for one in self.node(0).state.rounds)

    def _events(self) -> list[tuple[float, Callable[[], None]]]:
        scenario, fleet = self.scenario, self.fleet
        events: list[tuple[float, Callable[[], None]]] = []
        for act in scenario.acts():
            events.append((act.at, lambda act=act: self._act(act)))  # type: ignore[misc]
            for later in act.later if isinstance(act, Statement) else ():
                events.append((later.at, lambda act=act, one=later: self._later(act, one)))  # type: ignore[misc]
        if scenario.kill is not None:
            host = fleet.hosts[scenario.names.index(scenario.kill.node)]
            events.append((scenario.kill.at, lambda: fleet.crash(host)))
            events.append((scenario.kill.restart_at, lambda: fleet.start(host)))
        if scenario.cut is not None:
            place = scenario.names.index(scenario.cut.node)
            events.append((scenario.cut.at, lambda: fleet.network.isolate([place], fleet.places)))
            events.append((scenario.cut.heal_at, fleet.network.heal))
        return events

    def _act(self, act: Act) -> None:
        match act:
            case Statement():
                for name in act.by:
                    self._order(name, self._assertion(act))
            case Relation():
                source = self.scenario.find(act.source)
                target = self.scenario.find(act.target)
                bears = Bears[act.relation.upper()]
                self._when_known(act.by, source, target, bears)
            case Retraction():
                belief = self.belief(self.scenario.find(act.statement))
                self._order(act.by, RetractBelief(belief=belief, reason=act.reason))

    def _later(self, statement: Statement, later: Later) -> None:
        node = self.node(self.scenario.names.index(later.by))
        verdict = node.state.rounds.verdict(self.belief(statement))
        if verdict is None or verdict.word == "open":
            self.fleet.agenda.after(SECOND // 5, self._later, statement, later)
        else:
            self._order(later.by, self._assertion(statement))

    def _when_known(self, by: str, source: Statement, target: Statement, bears: Bears) -> None:
        beliefs = self.node(self.scenario.names.index(by)).state.beliefs
        ids = self.belief(source), self.belief(target)
        if any(beliefs.get(one) is None for one in ids):
            self.fleet.agenda.after(SECOND // 10, self._when_known, by, source, target, bears)
        else:
            self._order(by, RelateBeliefs(source=ids[0], relation=bears, target=ids[1]))

    def _order(self, name: str, command: AnyCommand) -> None:
        self.fleet.order(self.scenario.names.index(name), command)

    def _assertion(self, one: Statement) -> AssertBelief:
        return AssertBelief(
            content=one.says,
            category=one.category,
            confidence=round(one.confidence * MILLION),
            evidence=tuple(Evidence(item.kind, item.content) for item in one.evidence),
        )


def _facts(scenario: Scenario, name: str) -> dict[str, Known]:
    facts = {}
    for one in scenario.statement:
        for holds, reasons in ((True, one.known), (False, one.denied)):
            if name in reasons:
                facts[one.says] = Known(holds, reason=reasons[name])
    return facts
