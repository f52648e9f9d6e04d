"""Blocks are exactly-once by construction: a block is its author and its place, so it is folded,
written and told once, however often and in whatever order it comes."""

from collections import Counter

from fleets import fleet_of

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import MILLISECOND, SECOND, Instant, Now
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.sync.interface import Blocks
from credimus.sim.network import Weather
from credimus.state.events import BeliefAsserted
from credimus.state.operations import Choice

YES = Choice.ACCEPT
COPIES = 5


def test_a_node_takes_each_block_once_in_any_order() -> None:
    fleet = fleet_of(YES, YES, YES)
    for place in range(3):
        for number in range(4):
            fleet.order(place, AssertBelief(content=f"report {number} of node {place}"))
        fleet.run_for(50 * MILLISECOND)
    fleet.run_for(SECOND)
    wires = fleet.hosts[0].disk.wires()
    chance = Entropy(b"blocks once").stream("orders")
    for _ in range(5):
        heard = wires * COPIES
        chance.shuffle(heard)
        node = Node(fleet.id, fleet.hosts[1].signers, Config(), Entropy(b"receiver"))
        now = Now(Instant(SECOND), fleet.hosts[0].now(fleet.agenda.now_ns).wall_ms)
        persisted: Counter[bytes] = Counter()
        told: Counter[tuple[bytes, int]] = Counter()
        for _ in range(3):  # what nobody's key was known for comes again, as a pull brings it
            for wire in heard:
                node.receive(fleet.hosts[0].id, encode(Blocks((wire,))), now)
            effects = node.heard(now)
            persisted.update(block.id for block in effects.persist)
            told.update(
                (event.belief, event.author)
                for event in effects.emit
                if isinstance(event, BeliefAsserted)
            )
        assert len(persisted) == len(wires)
        assert set(persisted.values()) == {1}
        assert len(told) == 12
        assert set(told.values()) == {1}
        assert node.state.fingerprint() == fleet.hosts[0].running.state.fingerprint()


def test_nodes_write_each_block_once_however_often_the_network_repeats_it() -> None:
    fleet = fleet_of(YES, YES, YES)
    written: Counter[tuple[int, bytes]] = Counter()

    class Counting:
        def persisted(self, host, blocks):  # type: ignore[no-untyped-def]
            written.update((host.place, block.id) for block in blocks)

        def emitted(self, *_: object) -> None: ...
        def started(self, *_: object) -> None: ...
        def replaced(self, *_: object) -> None: ...

    fleet.watchers.append(Counting())
    fleet.network.weather = Weather(duplicate_ppm=900_000, delay_us_max=30_000)
    for number in range(10):
        fleet.order(number % 3, AssertBelief(content=f"report {number}"))
        fleet.run_for(50 * MILLISECOND)
    fleet.run_for(3 * SECOND)
    assert fleet.agree()
    assert len(written) > 30
    assert set(written.values()) == {1}
