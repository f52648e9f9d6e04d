"""Nodes driven by hand: no clock, no network, every step visible."""

from collections.abc import Iterable, Sequence

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import FleetId, fleet_id
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.lace.block import Block
from credimus.lace.seal import SeedSigner, Signer
from credimus.node.commands import AdmitMember
from credimus.node.config import Config
from credimus.node.node import Node, NodeEffects
from credimus.node.supply import payload_of
from credimus.protocol.sync.interface import Blocks
from credimus.protocol.voting.interface import Evaluator, VotingConfig
from credimus.state.member_operations import Charter
from strategies import FOUND, WALL_MS

KEYS = tuple(SeedSigner(bytes([number + 1]) * 32) for number in range(48))
"""Of the nodes; the first six are those of `SIGNERS`."""


class Fleet:
    """Some nodes, a store for each, and a network that delivers at once to those not cut off."""

    def __init__(
        self,
        count: int = 4,
        voting: VotingConfig | None = None,
        evaluators: Sequence[Evaluator | None] = (),
        charter: Charter | None = None,
        apart: bool = False,
    ) -> None:
        """Args:
        apart: whether each joins by itself, the next when all is said about the one before.
        """
        articles = () if charter is None else (encode(charter),)
        self.id = fleet_id(FOUND.public_key, FOUND.nonce, FOUND.left_out_max, articles=articles)
        self.config = Config(voting=voting or VotingConfig())
        self.ms = 0
        self.nodes = [
            Node(
                self.id, [signer], self.config, Entropy(b"%d" % number),
                evaluators[number] if number < len(evaluators) else None,
            )
            for number, signer in enumerate(KEYS[:count])
        ]  # fmt: skip
        self.stores: list[list[Block]] = [[] for _ in self.nodes]
        self.events: list[list[object]] = [[] for _ in self.nodes]
        self.away: set[int] = set()
        self.nodes[0].found(FOUND)
        if charter is not None:
            self.nodes[0].authors[0].say(charter)
        self.settle()
        for number in range(1, count):
            said = AdmitMember(public_key=KEYS[number].public, name=f"node-{number}")
            for node in self.nodes[: 1 if charter is None else min(number, charter.quorum)]:
                node.execute(said, self.now)
                if apart:
                    self.settle()
            if apart:
                for node in self.nodes:
                    node.tick(self.now)
                self.settle()
        self.settle()

    @property
    def now(self) -> Now:
        """The moment of every node."""
        return Now(Instant(self.ms * MILLISECOND), WALL_MS + self.ms)

    def carry(self, number: int, effects: NodeEffects) -> bool:
        """Persist, send, emit; returns whether anything was sent."""
        self.stores[number] += effects.persist
        self.events[number] += effects.emit
        if not effects.send:
            return False
        sender, wires = self.nodes[number].id, {b.id: b.wire for b in self.stores[number]}
        for send in effects.send:
            payload = payload_of(send.message, lambda ids, wires=wires: [wires[one] for one in ids])
            for other, node in enumerate(self.nodes):
                if (
                    other != number
                    and send.to in (None, node.id)
                    and not {other, number} & self.away
                ):
                    node.receive(sender, payload, self.now)
        return True

    def settle(self) -> None:
        """Let everybody step until all is quiet."""
        busy = True
        while busy:
            steps = [self.carry(n, node.collect(self.now)) for n, node in enumerate(self.nodes)]
            busy = any(steps)

    def wait(self, ms: int, step_ms: int = 250) -> None:
        """Let time pass, with ticks."""
        for _ in range(0, ms, step_ms):
            self.ms += step_ms
            for number, node in enumerate(self.nodes):
                if number not in self.away:
                    node.tick(self.now)
            self.settle()

    def restart(self, number: int) -> Node:
        """A new node from what the old one had stored."""
        node = Node(self.id, [KEYS[number]], self.config, Entropy(b"%d" % number))
        node.restore(block.wire for block in self.stores[number])
        self.nodes[number] = node
        return node

    def fingerprints(self) -> set[bytes]:
        """Of all states; one when they agree."""
        return {node.state.fingerprint() for node in self.nodes}

    def push(self, number: int, blocks: Iterable[Block], sender: int = -1) -> None:
        """Bring blocks to one node."""
        payload = payload_of(Blocks(tuple(block.wire for block in blocks)), lambda _: [])
        self.nodes[number].receive(KEYS[sender].node_id, payload, self.now)


class Alone:
    """One node, stepped by hand."""

    def __init__(self, fleet: FleetId, signer: Signer) -> None:
        self.node = Node(fleet, [signer], Config(), Entropy(b"alone"))
        self.ms = 0
        self.blocks: list[Block] = []

    @property
    def now(self) -> Now:
        """Its moment; the wall clock may be set back, time may not."""
        return Now(Instant(max(0, self.ms) * MILLISECOND), WALL_MS + self.ms)

    def step(self, ms: int = 0) -> None:
        """Let time pass, tick when that is due, and keep what it writes."""
        self.ms += ms
        deadline = self.node.deadline()
        if deadline is not None and deadline <= self.now.instant:
            self.node.tick(self.now)
        self.blocks += self.node.collect(self.now).persist
