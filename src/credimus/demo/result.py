"""What a played incident came to: the values that `--json` prints and the report shows."""

from collections.abc import Sequence

import msgspec


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Common shape."""


class NodeEnd(Shown, frozen=True, kw_only=True):
    """One node at the end."""

    id: str
    name: str
    role: str
    fingerprint: str
    blocks: int
    beliefs: int
    decided: int
    verdicts: dict[str, int]
    """Beliefs by verdict."""
    api: str
    home: str
    log: str


class StatementEnd(Shown, frozen=True, kw_only=True):
    """One statement at the end."""

    id: str
    content: str
    category: str
    asserted_by: list[str]
    belief: str
    verdict: str
    """The one that all nodes give, or `differs`."""
    expected: str
    held: bool
    """Whether every node gives the expected verdict, and a retracted statement is gone."""
    accept: int
    reject: int
    abstain: int
    attempt: int
    """The attempt whose votes are counted here."""
    retracted: bool
    decided_ms: float | None
    """From the assertion to its verdict, as the asserting caller saw it."""
    waited_for: str | None
    """Why it could not be decided at once: `dispatch is dead`, `too few know`; else null."""


class Times(Shown, frozen=True, kw_only=True):
    """Quantiles of some durations, in ms; zeros when there are none."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class Decisions(Shown, frozen=True, kw_only=True):
    """How long decisions took, as asserting callers saw it."""

    at_once: Times
    """Where enough nodes that know could be reached."""
    waited: Times
    """Where not: a node was dead or cut off, or a further round was needed."""


class KillEnd(Shown, frozen=True, kw_only=True):
    """What happened while a node was dead."""

    node: str
    pid: int
    pid_after: int
    down_s: float
    """From SIGKILL to the first answer of the new process."""
    missed_blocks: int
    caught_up_s: float
    """From that answer until it held all that the others had then."""
    asserted_meanwhile: int
    decided_meanwhile: int
    """Of those, while it was dead."""


class CutEnd(Shown, frozen=True, kw_only=True):
    """What happened while a node was cut off."""

    node: str
    cut_s: float
    inside: dict[str, str]
    """Statements that the cut-off node asserted alone, and their verdict there before the heal."""
    decided_inside: int
    asserted_outside: int
    decided_outside: int
    """Statements of the others, and how many of them were decided before the heal."""
    caught_up_s: float
    """From the heal until both sides held what the other had written."""


class Seconds(Shown, frozen=True, kw_only=True):
    """Where the time went, in s."""

    set_up: float
    played: float
    settled: float
    total: float


class Expected(Shown, frozen=True, kw_only=True):
    """How many statements came to the verdict that follows from what the nodes know."""

    held: int
    failed: int


class Outcome(Shown, frozen=True, kw_only=True):
    """All of it."""

    title: str
    nodes: list[NodeEnd]
    agree: bool
    """Whether all nodes report the same fingerprint and the same verdicts."""
    expected: Expected
    failures: list[str]
    """What went wrong, in words; empty when all is well."""
    statements: list[StatementEnd]
    decisions: Decisions
    kill: KillEnd | None
    cut: CutEnd | None
    seconds: Seconds
    folder: str
    kept: bool
    """Whether the folder with homes and logs is still there."""

    @property
    def good(self) -> bool:
        """Whether all nodes agree and every expected verdict holds."""
        return self.agree and not self.expected.failed and not self.failures


def times_of(milliseconds: Sequence[float]) -> Times:
    """Quantiles by the nearest rank."""
    ordered = sorted(milliseconds)
    if not ordered:
        return Times(count=0, p50_ms=0.0, p99_ms=0.0, max_ms=0.0)

    def rank(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)

    return Times(count=len(ordered), p50_ms=rank(0.5), p99_ms=rank(0.99), max_ms=rank(1.0))
