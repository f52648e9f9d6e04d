"""A small Maelstrom of our own: the same lines, in virtual time, with one latency for all links.

Like the original it asks clients' requests of one node each, cuts links between nodes, and judges
only what the answers say. Unlike it time is virtual, so that a delay is exact and a run repeats.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec

from credimus.kernel.instant import MILLISECOND, is_due
from credimus.maelstrom.member import Lobby
from credimus.maelstrom.modes import Mode
from credimus.maelstrom.workloads import WORKLOADS
from credimus.sim.clock import Agenda, moment

Body = dict[str, Any]
_CLIENT = "c1"


class Arena:
    """Nodes n0, n1, ... of one workload, their network, and a client that asks them.

    Args:
        workload: one of `WORKLOADS`.
        latency_ms: of every message between two nodes; a client's take no time.
    """

    def __init__(self, workload: str, mode: Mode, nodes: int, latency_ms: int) -> None:
        assert workload in WORKLOADS  # noqa: S101 - the caller chose from it
        self.agenda = Agenda()
        self.names = [f"n{place}" for place in range(nodes)]
        self.message_count = 0
        """From node to node; also those that a cut link lost, as Maelstrom counts."""
        self.byte_count = 0
        self.arrived: dict[str, list[tuple[int, Any]]] = {name: [] for name in self.names}
        """When each node first held each value, in ns."""
        self._latency_ns = latency_ms * MILLISECOND
        self._lobbies = {name: Lobby(workload, mode) for name in self.names}
        self._cut: frozenset[tuple[str, str]] = frozenset()
        self.asked_count = 0
        """Requests of clients, the first ones included."""
        self._answers: dict[int, Body] = {}

    def begin(self) -> None:
        """Tell every node who it is, and let some time pass."""
        for name in self.names:
            self.ask(name, {"type": "init", "node_id": name, "node_ids": self.names})
        self.agenda.run_for(1_000 * MILLISECOND)

    def ask(self, name: str, body: Body) -> Body:
        """A node's answer to a request."""
        self.asked_count += 1
        number = self.asked_count
        line = {"src": _CLIENT, "dest": name, "body": {**body, "msg_id": number}}
        self._hear(name, msgspec.json.encode(line))
        return self._answers.pop(number)

    @property
    def is_cut(self) -> bool:
        """Whether any link is cut."""
        return bool(self._cut)

    def cut(self, groups: Iterable[Iterable[str]]) -> None:
        """Cut every link between nodes of different groups, and no other."""
        sides = {name: side for side, group in enumerate(groups) for name in group}
        self._cut = frozenset(
            (one, other)
            for one in self.names
            for other in self.names
            if sides.get(one) != sides.get(other)
        )

    def heal(self) -> None:
        """Mend every link."""
        self._cut = frozenset()

    # --- private

    def _hear(self, name: str, line: bytes) -> None:
        now = moment(self.agenda.now_ns, 0)
        self._finish(name, self._lobbies[name].hear(line, now))

    def _wake(self, name: str) -> None:
        lobby, now = self._lobbies[name], moment(self.agenda.now_ns, 0)
        if is_due(lobby.deadline(), now):
            self._finish(name, lobby.tick(now))

    def _finish(self, name: str, lines: list[bytes]) -> None:
        for line in lines:
            self._send(line)
        self._note_arrivals(name)
        due = self._lobbies[name].deadline()
        if due is not None:
            self.agenda.at(due, self._wake, name)

    def _send(self, line: bytes) -> None:
        message = msgspec.json.decode(line)
        source, destination, body = message["src"], message["dest"], message["body"]
        if destination == _CLIENT:
            self._answers[body["in_reply_to"]] = body
            return
        self.message_count += 1
        self.byte_count += len(line)
        self.agenda.after(self._latency_ns, self._arrive, source, destination, line)

    def _arrive(self, source: str, destination: str, line: bytes) -> None:
        if (source, destination) not in self._cut:
            self._hear(destination, line)

    def _note_arrivals(self, name: str) -> None:
        member = self._lobbies[name].member
        values = getattr(member.workload, "values", {}) if member is not None else {}
        arrived = self.arrived[name]
        count = len(values) - len(arrived)
        if count > 0:
            newest = list(islice(reversed(values.values()), count))
            arrived += [(self.agenda.now_ns, value) for value in reversed(newest)]
