"""Broadcast as Maelstrom asks for it: messages per operation, and the time until all nodes have it.

`credimus bench maelstrom` prints it; every figure is of virtual time, so it repeats exactly.
"""

from statistics import median
from typing import Any

import msgspec

from credimus.bench.maelstrom_arena import Arena
from credimus.kernel.entropy import Entropy, Stream
from credimus.kernel.errors import UsageError
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.maelstrom.messages import NODES_MAX
from credimus.maelstrom.modes import Mode


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the nodes, as Maelstrom's options say it."""

    mode: Mode
    nodes: int = 25
    latency_ms: int = 100
    """Of every message from node to node."""
    rate: int = 100
    """Requests per second of all clients; half are reads."""
    seconds: int = 20
    recovery_s: int = 10
    """Between the last request and the final reads."""
    partitions: bool = False
    """Whether the nodes are split in halves drawn by chance in every other quarter of the time."""
    seed: int = 0


def bench_maelstrom(trial: Trial) -> dict[str, Any]:
    """Figures of one trial; `lost` and `invented` are 0 when every acknowledged value, and no
    other, is in every node's final read.

    Raises:
        UsageError: `usage`.
    """
    if not 1 <= trial.nodes <= NODES_MAX or min(trial.rate, trial.seconds) < 1:
        raise UsageError("usage", f"give 1 to {NODES_MAX} nodes, and a rate and seconds from 1")
    if trial.latency_ms < 0 or trial.seed < 0:
        raise UsageError("usage", "latency and seed are whole numbers from 0")
    arena = Arena("broadcast", trial.mode, trial.nodes, trial.latency_ms)
    arena.begin()
    before = arena.asked_count
    told = _load(arena, trial)
    operations = arena.asked_count - before
    arena.heal()
    arena.agenda.run_for(trial.recovery_s * SECOND)
    finals = [set(arena.ask(name, {"type": "read"})["messages"]) for name in arena.names]
    in_all = set.intersection(*finals)
    return {
        "mode": trial.mode.name.lower(),
        "nodes": trial.nodes,
        "operations": operations,
        "broadcasts": len(told),
        "lost": len(told.keys() - in_all),
        "invented": len(set().union(*finals) - told.keys()),
        "messages": arena.message_count,
        "messages_per_operation": round(arena.message_count / operations, 2),
        "messages_per_broadcast": round(arena.message_count / max(1, len(told)), 2),
        **_latencies(arena, told),
    }


def _load(arena: Arena, trial: Trial) -> dict[int, int]:
    """Ask for reads and broadcasts by turns of chance; when each value was acknowledged, in ns."""
    stream = Entropy(trial.seed.to_bytes(8, "big")).stream("clients")
    told: dict[int, int] = {}
    quarter_ns = trial.seconds * SECOND // 4
    end_ns = arena.agenda.now_ns + 4 * quarter_ns
    change_ns = arena.agenda.now_ns + quarter_ns
    while arena.agenda.now_ns < end_ns:
        arena.agenda.run_for(stream.between(0, 2 * SECOND // trial.rate))
        if trial.partitions and arena.agenda.now_ns >= change_ns:
            change_ns += quarter_ns
            _turn(arena, stream)
        name = stream.choose(arena.names)
        if stream.happens(500_000):
            arena.ask(name, {"type": "read"})
        else:
            arena.ask(name, {"type": "broadcast", "message": len(told)})
            told[len(told)] = arena.agenda.now_ns
    return told


def _turn(arena: Arena, stream: Stream) -> None:
    """Split what is whole, heal what is split."""
    if arena.is_cut:
        arena.heal()
        return
    names = list(arena.names)
    stream.shuffle(names)
    half = len(names) // 2
    arena.cut([names[:half], names[half:]])


def _latencies(arena: Arena, told: dict[int, int]) -> dict[str, float]:
    """From the acknowledgement of a value until the last node has it, in ms."""
    last: dict[int, int] = {}
    for arrivals in arena.arrived.values():
        for at_ns, value in arrivals:
            last[value] = max(at_ns, last.get(value, 0))
    if not told:
        return {"median_ms": 0.0, "p95_ms": 0.0, "max_ms": 0.0}
    delays = sorted((last[value] - at_ns) / MILLISECOND for value, at_ns in told.items())
    return {
        "median_ms": round(median(delays), 1),
        "p95_ms": round(delays[len(delays) * 95 // 100], 1),
        "max_ms": round(delays[-1], 1),
    }
