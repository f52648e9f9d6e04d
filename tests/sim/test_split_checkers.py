"""What the checkers of splits take for a caller's write: an own block that is new, and no other."""

from fleets import YES, fleet_of

from credimus.kernel.effects import Effects
from credimus.kernel.instant import SECOND
from credimus.lace.block import Block
from credimus.node.commands import AssertBelief
from credimus.node.node import NodeEffects
from credimus.protocol.partition.interface import Level, PartitionChanged
from credimus.sim.checkers.checker import Board, Checker, Watch
from credimus.sim.checkers.splits import severe_partition_refuses_writes_and_changes_nothing
from credimus.sim.host import Host
from credimus.sim.watcher import Done

CUT_OFF = PartitionChanged(
    level=Level.SEVERE, before=Level.NONE, reachable_count=1, member_count=2, lopsided=False,
    reason="",
)  # fmt: skip


class Written(Checker):
    """Keeps the own blocks of the first node."""

    blocks: list[Block]

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        if host.place == 0:
            self.blocks += [one for one in effects.persist if one.author == host.id]


def test_an_own_block_that_comes_back_is_no_write_and_a_new_one_is() -> None:
    fleet = fleet_of(YES, YES)
    watch = Watch(fleet)
    written = Written(watch)
    written.blocks = []
    fleet.watchers.append(Board([written]))
    fleet.run_for(SECOND)
    fleet.order(0, AssertBelief(content="before the cut"))
    fleet.run_for(SECOND)
    block, host = written.blocks[-1], fleet.hosts[0]
    severe = severe_partition_refuses_writes_and_changes_nothing(watch)
    for one in written.blocks:
        severe.emitted(host, Effects(persist=[one]), [])
    severe.emitted(host, Effects(emit=[CUT_OFF]), [])
    severe.emitted(host, Effects(persist=[block]), [])
    assert watch.violations == [], "a checkpoint of the others left it out, and it came again"
    fleet.order(0, AssertBelief(content="in the cut"))
    fleet.run_for(SECOND)
    severe.emitted(host, Effects(persist=written.blocks), [])
    assert [one.checker for one in watch.violations] == [severe.sentence]
