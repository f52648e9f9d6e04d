"""The graph of beliefs, and which belief came before which, asked of a node."""

from by_hand import Fleet

from credimus.kernel.ids import BeliefId
from credimus.node.commands import AssertBelief, RelateBeliefs
from credimus.state.operations import Relation


def say(fleet: Fleet, number: int, content: str) -> BeliefId:
    """One node asserts something; nothing is delivered yet."""
    written = fleet.nodes[number].execute(AssertBelief(content=content), fleet.now)
    assert written.belief is not None
    return written.belief


def test_beliefs_of_one_moment_are_concurrent_and_later_ones_come_after() -> None:
    fleet = Fleet(3)
    left, right = say(fleet, 0, "the left door is open"), say(fleet, 1, "the right door is open")
    apart = [node.collect(fleet.now) for node in fleet.nodes]  # sealed before anybody heard
    for number, effects in enumerate(apart):
        fleet.carry(number, effects)
    fleet.settle()
    after = say(fleet, 2, "there is a draught")
    fleet.settle()
    for node in fleet.nodes:
        asked = node.dependencies
        assert asked.happened_before(left, after)
        assert asked.happened_before(right, after)
        assert not asked.happened_before(after, left)
        assert not asked.happened_before(left, right)
        assert not asked.happened_before(left, left)
        assert asked.concurrent(left, [left, right, after]) == [right]
        assert asked.concurrent(after, [left, right, after]) == []
        assert not asked.happened_before(BeliefId(bytes(16)), after)


def test_relations_make_the_graph_of_grounds() -> None:
    fleet = Fleet(2)
    rain, flood, closed, detour = (
        say(fleet, 0, text)
        for text in ("it rains", "the river rises", "the road is closed", "go by")
    )
    fleet.settle()
    for source, relation, target in (
        (rain, Relation.IMPLIES, flood),
        (closed, Relation.DEPENDS_ON, flood),
        (detour, Relation.DEPENDS_ON, closed),
        (detour, Relation.ALTERNATIVE_TO, rain),
    ):
        fleet.nodes[1].execute(
            RelateBeliefs(source=source, relation=relation, target=target), fleet.now
        )
    fleet.settle()
    for node in fleet.nodes:
        asked = node.dependencies
        assert asked.grounds(flood) == [rain]
        assert asked.grounds(detour) == [closed]
        assert asked.all_grounds(detour) == sorted([closed, flood, rain])
        assert len(asked.edges(rain)) == 2


def test_a_circle_of_grounds_ends() -> None:
    fleet = Fleet(2)
    hen, egg = say(fleet, 0, "the hen was first"), say(fleet, 0, "the egg was first")
    fleet.settle()
    for source, target in ((hen, egg), (egg, hen)):
        command = RelateBeliefs(source=source, relation=Relation.DEPENDS_ON, target=target)
        fleet.nodes[0].execute(command, fleet.now)
    fleet.settle()
    assert fleet.nodes[1].dependencies.all_grounds(hen) == [egg]
