"""What liars do, one script each, to be combined at will. All of them stay below a third.

A liar runs an ordinary node, which keeps it informed, and beside it a script that signs and sends
what no honest node would. Scripts strike at computers that a scenario counts among its `liars`.

Deliberately not here: breaking signatures. A liar signs with its own keys only.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from credimus.kernel.codec import encode
from credimus.kernel.ids import BlockId, NodeId, RoundId
from credimus.lace.block import Block
from credimus.lace.frontier import Frontier, Head
from credimus.node.node import Node
from credimus.node.saying.author import Author
from credimus.protocol.sync.interface import Beacon, Blocks, Message
from credimus.sim.faults.fault import Fault, Scene, Span
from credimus.sim.host import Host
from credimus.sim.stacking import stacking
from credimus.state.operations import Choice, Close, Vote

_ROUNDS_MAX = 16


class Lie(Fault, frozen=True):
    """A script of a liar."""

    def strike(self, scene: Scene) -> None:
        """Let one of the liars whose node is up act."""
        named = [host for host in scene.liars if not self.places or host.place in self.places]
        liars = [host for host in named if host.node is not None]
        if liars:
            liar = scene.stream.choose(liars)
            scene.note(self.kind, liar.place)
            self.act(scene, liar)

    def act(self, scene: Scene, liar: Host) -> None:
        """Lie once."""
        raise NotImplementedError


class DoubleVote(Lie, frozen=True, tag="double-vote"):
    """Answers both ways in every open round, on one chain."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Say both answers in the node's next block."""
        scene.fleet.order(liar.place, _vote_both_ways)


class Fork(Lie, frozen=True, tag="fork"):
    """Signs two blocks at one place of its chain, each with other votes, one for each half."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Show the halves of the fleet different chains."""
        others = [place for place in scene.fleet.places if place != liar.place]
        scene.stream.shuffle(others)
        half = len(others) // 2
        for choice, told in ((Choice.ACCEPT, others[:half]), (Choice.REJECT, others[half:])):
            block = _block_that_votes(scene, liar, choice)
            if block is not None:
                _send(scene, liar, told, Blocks((block.wire,)))


class CloseTwice(Lie, frozen=True, tag="close-twice"):
    """Closes every open round in two ways, on one chain: once as if nobody had answered."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Say both closings in the node's next block."""
        scene.fleet.order(liar.place, _close_both_ways)


class Forge(Lie, frozen=True, tag="forge"):
    """Speaks in the name of others: with its own key, with a bent signature, with other words."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Send everybody one forgery."""
        stream = scene.stream
        honest = [host for host in scene.fleet.hosts if not host.lies]
        victim = stream.choose(honest)
        block = _block_that_votes(scene, liar, stream.choose(list(Choice)), victim)
        wires = liar.disk.wires()
        if stream.happens(500_000) and block is not None:
            forged = block.wire
        elif wires:
            forged = _bent(stream.choose(wires), stream.word())
        else:
            return
        others = [place for place in scene.fleet.places if place != liar.place]
        _send(scene, liar, others, Blocks((forged,)))


class Withhold(Lie, frozen=True, tag="withhold"):
    """Sends its blocks to some and to others none, while it shows all that it has them."""

    lasts_ms: Span = (1_000, 6_000)
    """How long the same are left out, in ms."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Choose whom to leave out."""
        others = [place for place in scene.fleet.places if place != liar.place]
        count = scene.stream.between(1, len(others))
        liar.withheld = frozenset(scene.stream.sample(others, count))
        scene.later(scene.drawn_ns(self.lasts_ms), self._end, liar)

    def _end(self, liar: Host) -> None:
        liar.withheld = frozenset()


class FalseFrontier(Lie, frozen=True, tag="false-frontier"):
    """Shows a frontier that it does not have: blocks that nobody wrote, or nothing at all."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Show everybody the same false frontier."""
        stream = scene.stream
        heads: list[Head] = []
        if stream.happens(700_000):
            members = sorted(liar.running.state.roster.current.by_id)
            heads = [
                Head(NodeId(member), stream.between(1, 1 << 40), BlockId(stream.octets(32)))
                for member in stream.sample(members, stream.between(1, len(members) or 1))
            ]
        heads.sort(key=lambda head: (head.author, head.block))
        others = [place for place in scene.fleet.places if place != liar.place]
        _send(scene, liar, others, Beacon(Frontier(tuple(heads))))


class Replay(Lie, frozen=True, tag="replay"):
    """Plays old messages of others again, to anybody."""

    count: Annotated[int, Meta(ge=1, le=10_000)] = 10
    """How many at a time. Range 1 to 10,000."""

    def begin(self, scene: Scene) -> None:
        """Begin to listen."""
        for liar in scene.liars:
            liar.tape = []
        super().begin(scene)

    def act(self, scene: Scene, liar: Host) -> None:
        """Send some of what was heard."""
        places = [place for place in scene.fleet.places if place != liar.place]
        if liar.tape:
            for _ in range(self.count):
                payload = scene.stream.choose(liar.tape)
                scene.fleet.network.send(liar.place, scene.stream.choose(places), payload)


class Garbage(Lie, frozen=True, tag="garbage"):
    """Sends bytes that mean nothing, or that once meant something."""

    count: Annotated[int, Meta(ge=1, le=100_000)] = 10
    """How many at a time. Range 1 to 100,000; past 8,192 to one node its inbox overflows."""

    def act(self, scene: Scene, liar: Host) -> None:
        """Send them all to one node."""
        stream = scene.stream
        victim = stream.choose([place for place in scene.fleet.places if place != liar.place])
        for _ in range(self.count):
            payload = stream.octets(stream.between(1, 200))
            if stream.happens(500_000):
                payload = _bent(encode(Beacon(liar.running.lace.frontier())), stream.word())
            scene.fleet.network.send(liar.place, victim, payload)


class Stack(Lie, frozen=True, tag="stack"):
    """Publishes electorates of its choice and decides by itself with them."""

    def act(self, scene: Scene, liar: Host) -> None:
        """One more attempt, each another way."""
        scene.fleet.order(liar.place, stacking(scene.strike_count))


def _vote_both_ways(node: Node) -> None:
    author = node.authors[0]
    for identifier in _open_rounds(node, node.id):
        for choice in (Choice.ACCEPT, Choice.REJECT):
            author.vote(Vote(identifier, choice))
    node.seal_soon()


def _close_both_ways(node: Node) -> None:
    author = node.authors[0]
    for identifier in _open_rounds(node, node.id):
        for listed in (b"", b"\x01"):
            author.say(Close(identifier, accept=listed))
    node.seal_soon()


def _open_rounds(node: Node, voter: NodeId) -> list[RoundId]:
    """Some rounds without a verdict in which this member votes, the latest."""
    waiting = [
        found.id
        for found in node.state.rounds
        if not found.verdict.decided and voter in found.electorate.position
    ]
    return sorted(waiting)[-_ROUNDS_MAX:]


def _block_that_votes(
    scene: Scene, liar: Host, choice: Choice, victim: Host | None = None
) -> Block | None:
    """A block at the next place of the liar's chain, or of a victim's, signed by the liar."""
    node = liar.running
    signer = liar.signers[0]
    author = Author(signer, node.fleet, node.lace, node.state.beliefs)
    if victim is not None:
        author.id = victim.id
    for identifier in _open_rounds(node, author.id):
        author.vote(Vote(identifier, choice))
    wall_ms = liar.now(scene.fleet.agenda.now_ns).wall_ms
    made = author.seal(lambda: node.clock.next(wall_ms))
    return made[0] if made is not None else None


def _bent(payload: bytes, drawn: int) -> bytes:
    """A message of which one bit is another."""
    place, bit = divmod(drawn % (8 * len(payload)), 8)
    return payload[:place] + bytes((payload[place] ^ 1 << bit,)) + payload[place + 1 :]


def _send(scene: Scene, liar: Host, places: Sequence[int], message: Message) -> None:
    payload = encode(message)
    for place in places:
        scene.fleet.network.send(liar.place, place, payload)
