"""What has leisure goes along with a probe, and not with what is in haste."""

from typing import Any

from by_hand import Fleet

from credimus.kernel.effects import Effects
from credimus.kernel.instant import MILLISECOND, Instant, Now, at_leisure


class Clock:
    """A machine that counts its ticks."""

    def __init__(self, due: Instant | None) -> None:
        self.due = due
        self.tick_count = 0

    def handle(self, event: object, now: Now) -> Effects[Any, Any, Any]:  # noqa: ARG002
        return Effects()

    def deadline(self) -> Instant | None:
        return self.due

    def tick(self, now: Now) -> Effects[Any, Any, Any]:  # noqa: ARG002
        self.tick_count += 1
        return Effects()


def test_a_tick_in_haste_is_for_who_is_due_and_one_with_a_probe_for_all() -> None:
    fleet = Fleet(2)
    fleet.wait(2_000, step_ms=50)
    node = fleet.nodes[0]
    fleet.wait(10, step_ms=10)
    moment = fleet.now
    assert not node.has_leisure(moment), "no probe is due"
    hasty, idle = Clock(moment.instant), Clock(None)
    leisurely = Clock(at_leisure(moment.instant))
    clocks = (hasty, idle, leisurely)
    node._machines.every += clocks
    node.tick(moment)
    assert [one.tick_count for one in clocks] == [1, 0, 0]
    probe = node.membership.deadline()
    assert probe is not None
    later = Now(probe, fleet.now.wall_ms + (probe - moment.instant) // MILLISECOND)
    assert node.has_leisure(later)
    node.tick(later)
    assert [one.tick_count for one in clocks] == [2, 1, 1]


def test_a_node_without_peers_always_has_leisure() -> None:
    fleet = Fleet(1)
    assert fleet.nodes[0].membership.deadline() is None
    assert fleet.nodes[0].has_leisure(fleet.now)
