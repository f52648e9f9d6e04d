"""Fleets whose parts decided apart, and what their operators do about it."""

from collections.abc import Sequence

from split_fleets import MAJORITY, Heard, cut, fleet_of, node, now_of

from credimus.kernel.ids import BeliefId
from credimus.kernel.instant import SECOND
from credimus.node.commands import AnyCommand, AssertBelief, BeginReunion
from credimus.node.node import Node
from credimus.node.saying.reuniting import apart_of
from credimus.protocol.reunion.interface import Asked, Plan, Session
from credimus.sim.fleet import Fleet
from credimus.sim.host import Order
from credimus.state.identity import belief_id
from credimus.state.operations import Rules, Strategy

GATES = tuple((f"gate {n} is open", f"gate {n} is not open") for n in range(12))


def named(content: str) -> BeliefId:
    return belief_id(content, "general")


def among_reached(content: str, rules: Rules) -> Order:
    def order(of: Node) -> AnyCommand:
        electors = of.partition.sight.reachable
        return AssertBelief(content=content, rules=rules, electors=electors)

    return order


def apart(
    gates: Sequence[tuple[str, str]] = GATES[:1],
    rules: Rules = MAJORITY,
    *,
    by_itself: bool = False,
    **settings: object,
) -> tuple[Fleet, Heard]:
    """A fleet whose parts accepted what contradicts, and in which nobody reconciled that yet."""
    fleet, heard = fleet_of(5, "splits", apart=True, by_itself=by_itself, **settings)
    fleet.run_for(6 * SECOND)
    links = cut(fleet, 0, 1)
    fleet.run_for(5 * SECOND)
    for one, other in gates:
        fleet.order(3, among_reached(one, rules))
        fleet.order(0, among_reached(other, rules))
        fleet.run_for(SECOND // 4)
    fleet.run_for(2 * SECOND)
    fleet.network.mend(links)
    fleet.run_for(12 * SECOND)
    assert fleet.agree()
    assert not len(node(fleet, 0).state.reconciliations), "nobody reconciled by itself"
    return fleet, heard


def asked(fleet: Fleet, heard: Heard, strategy: Strategy, place: int = 0) -> Asked:
    now_ms = now_of(fleet, place).wall_ms
    return Asked(strategy=strategy, apart=apart_of(heard.episodes[place], now_ms))


def begin(fleet: Fleet, wanted: Asked, place: int = 0) -> Plan:
    plan = node(fleet, place).reunion.plan(wanted)
    fleet.order(place, BeginReunion(plan=plan.id, asked=wanted))
    return plan


def session(fleet: Fleet, place: int = 0) -> Session:
    found = node(fleet, place).reunion.session
    assert found is not None
    return found
