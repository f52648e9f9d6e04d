"""One node of a Maelstrom test, without its I/O: lines in, lines out.

Messages between nodes are the core's own payloads, in base64. What the core tells all goes along
the grid: blocks to everybody in two hops, the rest to the neighbours in row and column.
"""

from base64 import b64encode
from collections.abc import Sequence

import msgspec

from credimus.kernel.effects import Send
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Unavailable, UsageError
from credimus.kernel.instant import Instant, Now, earliest, is_due
from credimus.lace.block import Block
from credimus.maelstrom.founding import found, signer_of
from credimus.maelstrom.grid import Grid
from credimus.maelstrom.links import Links
from credimus.maelstrom.messages import (
    CARRIED,
    Carried,
    Code,
    Init,
    Line,
    RequestError,
    read_body,
    read_head,
    read_line,
    write_line,
)
from credimus.maelstrom.modes import CONFIG, Mode
from credimus.maelstrom.workloads import WORKLOADS, Answer
from credimus.node.node import Node
from credimus.node.supply import Outgoing, payload_of
from credimus.protocol.sync.interface import Blocks
from credimus.state.events import BeliefAsserted, BeliefChanged

Lines = list[bytes]


class Lobby:
    """A process that was not told yet which node it is; afterwards, that node.

    Args:
        workload: one of `WORKLOADS`.
    """

    def __init__(self, workload: str, mode: Mode) -> None:
        self._workload = workload
        self._mode = mode
        self.member: Member | None = None

    def hear(self, line: bytes, now: Now) -> Lines:
        """Take a line; returns those to write."""
        message = read_line(line)
        head = None if message is None else read_head(message.body)
        if message is None or head is None:
            return []
        if head.type == CARRIED and self.member is not None:
            return self.member.carried(message, now)
        lines: Lines = []
        try:
            if head.type == "init":
                self._begin(read_body(message.body, Init))
                answer: Answer = {"type": "init_ok"}
            else:
                answer, lines = self._begun().asked(head.type, message.body, now)
        except RequestError as refusal:
            answer = {"type": "error", "code": refusal.code, "text": str(refusal)}
        if head.msg_id is None:  # it wants no answer
            return lines
        reply = write_line(message.dest, message.src, {**answer, "in_reply_to": head.msg_id})
        return [reply, *lines]

    def deadline(self) -> Instant | None:
        """When `tick` is wanted next."""
        return None if self.member is None else self.member.deadline()

    def tick(self, now: Now) -> Lines:
        """See the time; returns lines to write."""
        return [] if self.member is None else self.member.tick(now)

    def _begun(self) -> "Member":
        if self.member is None:
            raise RequestError(Code.TEMPORARILY_UNAVAILABLE, "this node awaits its init")
        return self.member

    def _begin(self, init: Init) -> None:
        if self.member is not None:
            raise RequestError(Code.MALFORMED_REQUEST, "this node was told who it is before")
        if init.node_id not in init.node_ids or len(set(init.node_ids)) < len(init.node_ids):
            raise RequestError(
                Code.MALFORMED_REQUEST, "node_ids must name each node once, and this one"
            )
        self.member = Member(init, self._workload, self._mode)


class Member:
    """A node that knows its name and those of all others."""

    def __init__(self, init: Init, workload: str, mode: Mode) -> None:
        self._name, self._names = init.node_id, init.node_ids
        self.workload = WORKLOADS[workload](self._name)
        self._links = Links(mode.period_ns)
        self._grid = Grid(len(self._names))
        self._ids = {name: signer_of(name).node_id for name in self._names}
        self._places = {self._ids[name]: place for place, name in enumerate(self._names)}
        self._place = self._names.index(self._name)
        fleet, blocks = found(self._names)
        self._wires: dict[bytes, bytes] = {block.id: block.wire for block in blocks}
        entropy = Entropy(self._name.encode())
        self.node = Node(fleet, [signer_of(self._name)], CONFIG, entropy)
        self.node.restore(self._wires.values())

    def asked(self, kind: str, body: msgspec.Raw, now: Now) -> tuple[Answer, Lines]:
        """Carry out a client's request.

        Raises:
            RequestError: nothing was done.
        """
        answer, said = self.workload.serve(kind, body)
        if said is None:
            return answer, []
        try:
            self.node.execute(said, now)
        except UsageError as refusal:
            raise RequestError(Code.MALFORMED_REQUEST, refusal.message) from None
        except Unavailable as refusal:
            raise RequestError(Code.TEMPORARILY_UNAVAILABLE, refusal.message) from None
        return answer, self._step(now)

    def carried(self, message: Line, now: Now) -> Lines:
        """Take another node's message; nothing happens for one of nobody known."""
        sender = self._ids.get(message.src)
        if sender is None:
            return []
        try:
            payloads = read_body(message.body, Carried).payloads
        except RequestError:
            return []
        for payload in payloads:
            self.node.receive(sender, payload, now)
        return self._step(now)

    def deadline(self) -> Instant | None:
        """When `tick` is wanted next."""
        return earliest(self.node.deadline(), self._links.deadline())

    def tick(self, now: Now) -> Lines:
        """See the time."""
        return self._step(now)

    # --- private

    def _step(self, now: Now) -> Lines:
        if is_due(self.node.deadline(), now):
            self.node.tick(now)
        effects = self.node.collect(now)
        for block in effects.persist:
            self._wires[block.id] = block.wire
            self._carry(block)
        for send in effects.send:
            self._send(send)
        for event in effects.emit:
            if isinstance(event, BeliefAsserted | BeliefChanged):
                self.workload.learn(event.belief, self.node.state.beliefs)
        return [self._line(peer, payloads) for peer, payloads in self._links.take(now.instant)]

    def _carry(self, block: Block) -> None:
        """Put a block that is new here on its way, our own and those that we pass on."""
        author = self._places.get(block.header.author)
        if author == self._place:
            targets = self._grid.first(author)
        else:
            targets = () if author is None else self._grid.onward(author, self._place)
        for place in targets:
            self._links.put_block(self._names[place], block.wire)

    def _send(self, send: Send[Outgoing]) -> None:
        if send.to is None and isinstance(send.message, Blocks):
            return  # our own, which are on their way along the grid
        payload = self.node.shield.wrapped(payload_of(send.message, self._wires_of), send.to)
        if send.to is None:
            for place in self._grid.first(self._place):
                self._links.put(self._names[place], payload)
        elif send.to in self._places:
            self._links.put(self._names[self._places[send.to]], payload)

    def _wires_of(self, ids: Sequence[bytes]) -> list[bytes]:
        return [self._wires[one] for one in ids]

    def _line(self, peer: str, payloads: list[bytes]) -> bytes:
        texts = [b64encode(payload).decode() for payload in payloads]
        return write_line(self._name, peer, {"type": CARRIED, "payloads": texts})
