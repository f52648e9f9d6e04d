"""What a fleet is given to do: statements that overlap, contradict, are doubted and taken back."""

from collections.abc import Callable
from typing import TypeAlias

from credimus.kernel.entropy import Stream
from credimus.kernel.fixed import MILLION
from credimus.kernel.instant import MILLISECOND
from credimus.node.commands import (
    AnyCommand,
    AssertBelief,
    CastVote,
    LeaveFleet,
    ProposeBelief,
    RelateBeliefs,
    RetractBelief,
)
from credimus.node.node import Node
from credimus.protocol.voting.interface import Ballot, Question
from credimus.sim.checkers.secrecy import readers_of
from credimus.sim.fleet import Fleet
from credimus.sim.host import Order
from credimus.state.operations import (
    Aggregation,
    Choice,
    Evidence,
    Relation,
    Rules,
    Scheme,
)

Chooser: TypeAlias = Callable[[Node, int], AnyCommand | None]
"""Makes a command that fits what a node knows, from a drawn word."""

_RULES = (
    None,
    None,
    None,
    Rules(scheme=Scheme.MAJORITY),
    Rules(scheme=Scheme.MAJORITY, aggregation=Aggregation.REPUTATION),
    Rules(scheme=Scheme.SUPERMAJORITY, numerator=3, denominator=4),
    Rules(scheme=Scheme.BYZANTINE, aggregation=Aggregation.CONFIDENCE),
    Rules(Scheme.CREDENCE, 9, 10, Aggregation.SKILL),
    Rules(scheme=Scheme.BYZANTINE, aggregation=Aggregation.SKILL),
    Rules(scheme=Scheme.TURNOUT, numerator=2, denominator=3),
    Rules(scheme=Scheme.TURNOUT, numerator=3, denominator=5, aggregation=Aggregation.CONFIDENCE),
)
_CONFIDENCES = (MILLION, 950_000, 900_000, 800_000, 600_000, 350_000, 100_000)
_PLACES = ("north gate", "pier 4", "depot 7", "the ridge", "bridge 12", "sector C", "the tunnel")
_STATES = (
    ("is blocked by rubble", "is open to traffic"),
    ("has lost power", "has power"),
    ("is flooded", "is dry"),
    ("holds survivors", "is empty"),
    ("is safe for drones", "is closed to drones"),
)


class Moody:
    """An evaluator whose answers change from life to life, as new sensors or models would.

    So a node that forgets its vote in a crash would most likely contradict it.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def evaluate(self, question: Question) -> Ballot | None:  # noqa: ARG002
        """Mostly accept; now and then no answer at all."""
        drawn = self._stream.below(100)
        confidence = self._stream.choose(_CONFIDENCES)
        if drawn < 62:
            return Ballot(Choice.ACCEPT, confidence)
        if drawn < 84:
            return Ballot(Choice.REJECT, confidence, "seen otherwise")
        if drawn < 92:
            return Ballot(Choice.ABSTAIN, confidence)
        return None


class Workload:
    """Commands spread over a stretch of time."""

    def __init__(self, fleet: Fleet, stream: Stream) -> None:
        self._fleet = fleet
        self._stream = stream
        self._number = 0

    def spread(self, statement_count: int, leaver_count: int, duration_ns: int) -> None:
        """Put commands on the agenda, `statement_count` groups of them."""
        for _ in range(statement_count):
            self._fleet.agenda.after(self._stream.below(duration_ns), self._issue)
        for _ in range(leaver_count):
            when_ns = self._stream.between(duration_ns // 3, duration_ns)
            place = self._stream.below(len(self._fleet.hosts))
            self._fleet.agenda.after(when_ns, self._fleet.order, place, LeaveFleet(reason="done"))

    def _issue(self) -> None:
        stream = self._stream
        kind = stream.below(100)
        if self._fleet.config.left_out_max and kind < 60:
            self._speak_apart()
            return
        place = stream.below(len(self._fleet.hosts))
        if kind < 45:
            self._fleet.order(place, self._assertion(self._fact()))
        elif kind < 65:
            self._assert_at_once()
        elif kind < 75:
            self._contradict(place)
        elif kind < 82:
            self._fleet.order(place, self._chosen(_retraction))
        elif kind < 92:
            self._fleet.order(place, self._chosen(_vote))
        elif kind < 96:
            self._fleet.order(place, self._chosen(_new_attempt))
        else:
            self._fleet.order(place, self._chosen(_support))

    def _assert_at_once(self) -> None:
        """Several sensors see the same thing within moments."""
        fact, rules = self._fact(), self._stream.choose(_RULES)
        places = list(self._fleet.places)
        for place in self._stream.sample(places, self._stream.between(2, 3)):
            pause_ns = self._stream.below(5 * MILLISECOND)
            self._fleet.agenda.after(
                pause_ns, self._fleet.order, place, self._assertion(fact, rules)
            )

    def _contradict(self, place: int) -> None:
        """Two nodes say opposite things; one of them says that they are."""
        self._number += 1
        where, state = self._stream.choose(_PLACES), self._stream.choose(_STATES)
        one, other = (f"{where} {word} (report {self._number})" for word in state)
        elsewhere = self._stream.below(len(self._fleet.hosts))
        self._fleet.order(place, self._assertion(one))
        self._fleet.order(elsewhere, self._assertion(other))
        self._fleet.agenda.after(
            30 * MILLISECOND, self._fleet.order, place, _relating(one, Relation.CONTRADICTS, other)
        )

    def _speak_apart(self) -> None:
        """Two nodes say opposite things; each asks only those whom it can reach."""
        self._number += 1
        where = self._stream.choose(_PLACES)
        places = self._stream.sample(list(self._fleet.places), 2)
        for place, word in zip(places, ("is open", "is not open"), strict=False):
            content = f"{where} {word} (report {self._number})"
            self._fleet.order(place, _to_those_in_reach(content))

    def _fact(self) -> str:
        self._number += 1
        state = self._stream.choose(self._stream.choose(_STATES))
        return f"{self._stream.choose(_PLACES)} {state} (report {self._number})"

    def _assertion(self, content: str, rules: Rules | None = None) -> AssertBelief:
        stream = self._stream
        kinds = ("camera", "drone", "document")[: stream.below(4)]
        return AssertBelief(
            author=None,
            content=content,
            confidence=stream.choose(_CONFIDENCES),
            evidence=tuple(Evidence(kind, f"{kind} {self._number}") for kind in kinds),
            rules=rules or stream.choose(_RULES),
            propose=not stream.happens(50_000),
            readers=self._readers(content),
        )

    def _readers(self, content: str) -> tuple[str, ...]:
        hosts = self._fleet.hosts
        return tuple(hosts[place].id.hex() for place in sorted(readers_of(content, len(hosts))))

    def _chosen(self, choose: Chooser) -> Order:
        drawn = self._stream.word()
        return lambda node: choose(node, drawn)


def _to_those_in_reach(content: str) -> Order:
    rules = Rules(scheme=Scheme.MAJORITY)

    def order(node: Node) -> AnyCommand | None:
        electors = node.partition.sight.reachable or None
        return AssertBelief(author=None, content=content, rules=rules, electors=electors)

    return order


def _relating(one: str, relation: Relation, other: str) -> Order:
    def order(node: Node) -> AnyCommand | None:
        ids = {belief.content: belief.id for belief in node.state.beliefs}
        if one in ids and other in ids:
            return RelateBeliefs(source=ids[one], relation=relation, target=ids[other])
        return None

    return order


def _retraction(node: Node, drawn: int) -> AnyCommand | None:
    beliefs = node.state.beliefs
    own = sorted(one.id for one in beliefs if beliefs.stance(one.id, node.id))
    if not own:
        return None
    return RetractBelief(belief=own[drawn % len(own)], reason="a misreading")


def _vote(node: Node, drawn: int) -> AnyCommand | None:
    waiting = sorted(
        one.belief
        for one in node.state.rounds
        if node.id in one.electorate.position
        and not one.voted >> one.electorate.position[node.id] & 1
    )
    if not waiting:
        return None
    choice = (Choice.ACCEPT, Choice.REJECT, Choice.ABSTAIN)[drawn % 3]
    return CastVote(belief=waiting[drawn % len(waiting)], choice=choice, confidence=700_000)


def _new_attempt(node: Node, drawn: int) -> AnyCommand | None:
    known = sorted(one.id for one in node.state.beliefs)
    if not known:
        return None
    members = sorted(node.state.roster.current.by_id)
    electors = tuple(members[:-1]) if drawn % 5 == 0 and len(members) > 1 else None
    return ProposeBelief(belief=known[drawn % len(known)], electors=electors)


def _support(node: Node, drawn: int) -> AnyCommand | None:
    known = sorted(one.id for one in node.state.beliefs)
    if len(known) < 2:
        return None
    source, target = known[drawn % len(known)], known[(drawn >> 20) % len(known)]
    if source == target:
        return None
    relation = list(Relation)[(drawn >> 40) % len(Relation)]
    return RelateBeliefs(source=source, relation=relation, target=target)
