"""What operators do in times of trouble: they reunite what was decided apart, or undo that."""

from typing import Annotated

from msgspec import Meta

from credimus.kernel.fixed import MILLION
from credimus.node.commands import AnyCommand, BeginReunion, UndoReunion
from credimus.node.node import Node
from credimus.protocol.reunion.interface import Asked
from credimus.sim.faults.fault import Fault, Scene
from credimus.state.operations import Strategy


class Reunite(Fault, frozen=True, tag="reunite"):
    """Has the operator of some node begin a plan by some strategy, or take the last one back."""

    undo_ppm: Annotated[int, Meta(ge=0, le=MILLION)] = 300_000
    """How often it is taken back, in millionths."""
    undecided: bool = False
    """Whether expired beliefs are put to the vote again, too."""

    def strike(self, scene: Scene) -> None:
        """Ask one that is up; it refuses while it may not write, or while another goes on."""
        up = [host for host in self.hosts(scene) if host.node is not None and not host.lies]
        if not up:
            return
        host = scene.stream.choose(up)
        strategy = scene.stream.choose(list(Strategy))
        undoes = scene.stream.happens(self.undo_ppm)
        scene.note("reunite-undo" if undoes else self.kind, host.place)

        def order(node: Node) -> AnyCommand:
            if undoes:
                return UndoReunion()
            asked = Asked(strategy=strategy, undecided=self.undecided)
            return BeginReunion(plan=node.reunion.plan(asked).id, asked=asked)

        scene.fleet.order(host.place, order)
