"""Maelstrom's workloads in the core's terms: what is added is asserted, what is read is believed.

    echo                  nothing is believed
    broadcast, g-set      a belief's content is the value, as JSON; equal values are one belief
    pn-counter            a belief's content is one addition: its delta, author and number; the
                          counter is the sum over all beliefs

No belief is put to the vote: these workloads ask for eventual consistency, and get it from the
OR-Set alone.
"""

import json
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from credimus.kernel.ids import BeliefId
from credimus.maelstrom.messages import Code, RequestError, read_body
from credimus.node.commands import AssertBelief
from credimus.state.beliefs import Beliefs

Answer = dict[str, Any]
CATEGORY = "maelstrom"


class Workload(Protocol):
    """Answers the requests of one workload."""

    def serve(self, kind: str, body: msgspec.Raw) -> tuple[Answer, AssertBelief | None]:
        """The answer's body, and what to assert before it is given.

        Raises:
            RequestError: nothing is to be done.
        """
        ...

    def learn(self, belief: BeliefId, beliefs: Beliefs) -> None:
        """A belief was asserted, or lost assertions."""
        ...


class _Shape(msgspec.Struct, frozen=True):
    """Common shape of requests' own fields."""


class _Echo(_Shape, frozen=True):
    echo: Any


class _Broadcast(_Shape, frozen=True):
    message: Any


class _AddElement(_Shape, frozen=True):
    element: Any


class _AddDelta(_Shape, frozen=True):
    delta: int


class _Topology(_Shape, frozen=True):
    topology: dict[str, tuple[str, ...]]


class Echo:
    """Says again what was said."""

    def serve(self, kind: str, body: msgspec.Raw) -> tuple[Answer, AssertBelief | None]:
        """See `Workload`."""
        _expect(kind, "echo")
        return {"type": "echo_ok", "echo": read_body(body, _Echo).echo}, None

    def learn(self, belief: BeliefId, beliefs: Beliefs) -> None:
        """Nothing is believed."""


class _Believed:
    """Common to what is read from beliefs: the JSON of all that are live."""

    def __init__(self) -> None:
        self.values: dict[BeliefId, Any] = {}

    def learn(self, belief: BeliefId, beliefs: Beliefs) -> None:
        """See `Workload`."""
        known = beliefs.get(belief)
        if known is not None and known.category == CATEGORY and beliefs.assertions(belief):
            self.values[belief] = json.loads(known.content)
        else:
            self.values.pop(belief, None)


class Broadcast(_Believed):
    """Every value reaches every node."""

    def serve(self, kind: str, body: msgspec.Raw) -> tuple[Answer, AssertBelief | None]:
        """See `Workload`; the topology is a proposal that may be left aside, and is."""
        if kind == "topology":
            read_body(body, _Topology)
            return {"type": "topology_ok"}, None
        if kind == "broadcast":
            said = _asserted(read_body(body, _Broadcast).message)
            return {"type": "broadcast_ok"}, said
        _expect(kind, "read")
        return {"type": "read_ok", "messages": list(self.values.values())}, None


class GrowOnlySet(_Believed):
    """A set to which elements are added."""

    def serve(self, kind: str, body: msgspec.Raw) -> tuple[Answer, AssertBelief | None]:
        """See `Workload`."""
        if kind == "add":
            return {"type": "add_ok"}, _asserted(read_body(body, _AddElement).element)
        _expect(kind, "read")
        return {"type": "read_ok", "value": list(self.values.values())}, None


class Counter(_Believed):
    """A sum to which positive and negative numbers are added.

    Args:
        name: the node's, which tells its additions from those of others.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._count = 0

    def serve(self, kind: str, body: msgspec.Raw) -> tuple[Answer, AssertBelief | None]:
        """See `Workload`."""
        if kind == "add":
            delta = read_body(body, _AddDelta).delta
            self._count += 1
            said = _asserted({"delta": delta, "by": self._name, "number": self._count})
            return {"type": "add_ok"}, said
        _expect(kind, "read")
        return {"type": "read_ok", "value": sum(one["delta"] for one in self.values.values())}, None


WORKLOADS: dict[str, Callable[[str], Workload]] = {
    "echo": lambda _: Echo(),
    "g-set": lambda _: GrowOnlySet(),
    "pn-counter": Counter,
    "broadcast": lambda _: Broadcast(),
}
"""By Maelstrom's names; each is made for the node of a name."""


def _asserted(value: Any) -> AssertBelief:
    """A value as a belief: canonical JSON in ASCII, which no normalisation of texts changes."""
    content = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return AssertBelief(content=content, category=CATEGORY, propose=False)


def _expect(kind: str, known: str) -> None:
    if kind != known:
        raise RequestError(Code.NOT_SUPPORTED, f"there is no request {kind[:40]!r} here")
