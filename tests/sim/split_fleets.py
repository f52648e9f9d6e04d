"""Fleets that are split, and what their nodes tell of it."""

from fleets import VOTING

from credimus.kernel.entropy import Entropy
from credimus.kernel.fixed import MILLION
from credimus.kernel.instant import SECOND, Now
from credimus.node.commands import (
    AssertBelief,
)
from credimus.node.config import Config
from credimus.node.node import Node, NodeEffects
from credimus.protocol.partition.interface import (
    Episode,
    Level,
    PartitionChanged,
    PartitionConfig,
    PartitionHealed,
    Standing,
)
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.sim.host import Host
from credimus.sim.network import Link, links_between
from credimus.sim.watcher import Done
from credimus.state.operations import (
    Rules,
    Scheme,
)

MAJORITY = Rules(scheme=Scheme.MAJORITY)


class Heard:
    """All that the nodes of a fleet told of splits, and what callers were told, by place."""

    def __init__(self, fleet: Fleet) -> None:
        self.levels: dict[int, list[Level]] = {}
        self.episodes: dict[int, Episode] = {}
        self.standings: dict[int, list[Standing | None]] = {}
        fleet.watchers.append(self)

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:
        for event in effects.emit:
            if isinstance(event, PartitionChanged):
                self.levels.setdefault(host.place, []).append(event.level)
            elif isinstance(event, PartitionHealed):
                self.episodes[host.place] = event.episode
        for _, written in done:
            self.standings.setdefault(host.place, []).append(written.standing)

    def persisted(self, *_: object) -> None: ...

    def started(self, *_: object) -> None: ...

    def replaced(self, *_: object) -> None: ...


def fleet_of(nodes: int, seed: str = "splits", **settings: object) -> tuple[Fleet, Heard]:
    """A founded fleet in which everybody has written."""
    partition = PartitionConfig(
        **{  # type: ignore[arg-type]
            name: value
            for name, value in settings.items()
            if name in PartitionConfig.__struct_fields__
        }
    )
    config = FleetConfig(
        nodes=nodes,
        node=Config(voting=VOTING, partition=partition),
        left_out_max=MILLION if settings.get("apart") else 0,
        strategies=settings.get("strategies", ()),  # type: ignore[arg-type]
    )
    fleet = Fleet(config, Entropy(seed.encode()))
    heard = Heard(fleet)
    fleet.found()
    fleet.order(0, AssertBelief(content="all is well"))
    fleet.run_for(3 * SECOND)
    return fleet, heard


def cut(fleet: Fleet, *places: int) -> list[Link]:
    links = links_between(places, fleet.places)
    fleet.network.cut(links)
    return links


def level(fleet: Fleet, place: int) -> Level:
    return fleet.hosts[place].running.partition.level


def node(fleet: Fleet, place: int) -> Node:
    return fleet.hosts[place].running


def now_of(fleet: Fleet, place: int) -> Now:  # type: ignore[no-untyped-def]
    return fleet.hosts[place].now(fleet.agenda.now_ns)
