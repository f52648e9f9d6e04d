"""Liars about their state, slanderers, withholders: who is found out, who is left in peace."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from credimus.node.events import PeerFaulted
from credimus.node.node import NodeEffects
from credimus.protocol.vigilance.conduct import ConductBook
from credimus.protocol.vigilance.interface import Kind, MemberQuarantined, ViolationSeen
from credimus.sim.faults import (
    Accuse,
    CloseTwice,
    FalseState,
    Impersonate,
    Torrent,
    TwoStates,
    Withhold,
)
from credimus.sim.fleet import Fleet
from credimus.sim.host import Host
from credimus.sim.profiles import PROFILES
from credimus.sim.run import simulate
from credimus.sim.saboteurs.patching import patched
from credimus.sim.scenario import Scenario, altered
from credimus.sim.watcher import Done
from credimus.state.events import EquivocationProven

LIAR = 1
PLAIN = Scenario(liars=1, duration_ms=3_000, statements=8, messages=2)


class Ear:
    """What honest nodes told of members."""

    def __init__(self) -> None:
        self.seen: dict[tuple[Kind, bool], set[int]] = {}
        """Places of who told, by kind and whether the member is the liar."""
        self.quarantined: Counter[bool] = Counter()
        self.ignored_count = 0
        self.faulted_count = 0

    @contextmanager
    def listening(self, fleet: Fleet) -> Iterator[None]:
        self._fleet = fleet
        fleet.watchers.append(self)
        yield
        for host in fleet.up:
            if not host.lies:
                now = host.now(fleet.agenda.now_ns).instant
                held = host.running.vigilance.conduct(now)
                self.ignored_count += sum(one.ignored_count for one in held)

    def persisted(self, *_: object) -> None: ...

    def started(self, *_: object) -> None: ...

    def replaced(self, *_: object) -> None: ...

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        liar = self._fleet.hosts[LIAR].id
        for event in effects.emit if not host.lies else ():
            if isinstance(event, ViolationSeen):
                self.seen.setdefault((event.kind, event.member == liar), set()).add(host.place)
            elif isinstance(event, PeerFaulted):
                self.faulted_count += 1
            elif isinstance(event, MemberQuarantined):
                self.quarantined[event.member == liar] += 1


def heard(scenario: Scenario) -> Ear:
    ear = Ear()
    report = simulate(scenario, ear.listening)
    assert not report.violations
    return ear


HONEST = {0, 2, 3, 4}


def test_a_false_state_is_found_by_everybody() -> None:
    ear = heard(altered(PLAIN, faults=[FalseState(every_ms=500)]))
    assert ear.seen[Kind.FALSE_CLAIM, True] == HONEST
    assert not ear.quarantined[False]


def test_two_states_shown_to_halves_are_proven_to_everybody() -> None:
    ear = heard(altered(PLAIN, faults=[TwoStates(from_ms=1_000)]))
    assert ear.seen == {(Kind.CONTRADICTION, True): HONEST}
    assert ear.quarantined == {True: 4}


def test_slander_and_what_comes_in_a_name_quarantine_nobody() -> None:
    faults = [Accuse(every_ms=100), Impersonate(every_ms=300)]
    ear = heard(altered(PLAIN, nodes=7, liars=2, faults=faults))
    assert not ear.quarantined
    assert (Kind.MALFORMED, False) in ear.seen


def test_who_shows_blocks_and_gives_none_is_noticed_by_name() -> None:
    faults = [Withhold(from_ms=500, lasts_ms=(30_000, 30_000))]
    ear = heard(altered(PLAIN, duration_ms=15_000, statements=40, faults=faults))
    assert ear.seen.keys() == {(Kind.WITHHOLDING, True)}
    assert not ear.quarantined


def test_quarantine_spares_the_others_the_work_of_a_flood() -> None:
    """Against the same run without it: blocks over the limit are not even looked at."""
    torrent = [Torrent(every_ms=300)]
    flood = altered(PROFILES["flood"], duration_ms=2_000, statements=5, faults=torrent)
    with_it = heard(flood)
    with patched(ConductBook, "hears", lambda *_: True):
        without = heard(flood)
    assert with_it.quarantined == without.quarantined == {True: 4}
    assert with_it.ignored_count > without.ignored_count == 0
    assert with_it.faulted_count < without.faulted_count


def test_who_closes_rounds_in_two_ways_is_exposed_to_everybody() -> None:
    exposed: set[int] = set()

    class Roster(Ear):
        def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
            if EquivocationProven(self._fleet.hosts[LIAR].id) in effects.emit:
                exposed.add(host.place)

    scenario = altered(PLAIN, faults=[CloseTwice(every_ms=100)])
    report = simulate(scenario, Roster().listening)
    assert not report.violations
    assert exposed >= HONEST
