"""`credimus bench decide`: how many beliefs a fleet of real processes decides per second.

The unit of work: a belief proposed at one node, every node's signed vote verified by every node,
decided, visible on all nodes. Real processes on loopback, mutual TLS, SQLite with synchronous FULL.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from credimus.kernel.errors import InternalError
from credimus.node.commands import AdmitMember
from credimus.runtime.authority import Authority
from credimus.runtime.credentials import create_node_key
from credimus.runtime.founding import found_fleet, stored
from credimus.runtime.store.sqlite import SqliteStore

SETTLE_S = 1.0


def bench_decide(
    nodes: int = 5,
    in_flight: int = 64,
    seconds: float = 5.0,
    link: str = "tls",
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run a fleet under a closed loop; returns the figures."""
    with tempfile.TemporaryDirectory(prefix="credimus-bench-") as folder:
        progress(f"setting up {nodes} nodes")
        settings = _set_up(Path(folder), nodes, link)
        children = [_spawn(one) for one in settings]
        try:
            for child in children:
                _hear(child)
            progress("warming up")
            _phase(children, _shares(in_flight, nodes), 1.0)
            progress("one in flight")
            alone = _phase(children, [1] + [0] * (nodes - 1), min(2.0, seconds))
            progress(f"{in_flight} in flight for {seconds} s")
            loaded = _phase(children, _shares(in_flight, nodes), seconds)
            for child in children:
                _say(child, {"stop": True})
            for child in children:
                child.wait(15)
        finally:
            for child in children:
                if child.poll() is None:
                    child.kill()
                    child.wait()
    figures = _figures(loaded, seconds)
    figures["one_in_flight_p50_ms"] = _quantile(alone[0]["latencies_ns"], 0.5) / 1e6
    figures["one_in_flight_p99_ms"] = _quantile(alone[0]["latencies_ns"], 0.99) / 1e6
    return {"nodes": nodes, "in_flight": in_flight, "link": link, **figures}


def _figures(answers: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    latencies = sorted(ns for one in answers for ns in one["latencies_ns"])
    proposed = {belief: ns for one in answers for belief, ns in one["proposed_ns"].items()}
    visible: list[int] = []
    for belief, begun in proposed.items():
        seen = [one["seen_ns"].get(belief) for one in answers]
        if all(seen):
            visible.append(max(seen) - begun)
    decided = len(visible)
    cpu_s = sum(one["cpu_s"] for one in answers)
    blocks = median(one["blocks"] for one in answers)
    return {
        "decided": decided,
        "undecided": len(proposed) - decided,
        "decided_per_s": round(decided / seconds, 1),
        "p50_ms": _quantile(latencies, 0.5) / 1e6,
        "p99_ms": _quantile(latencies, 0.99) / 1e6,
        "visible_p50_ms": _quantile(visible, 0.5) / 1e6,
        "visible_p99_ms": _quantile(visible, 0.99) / 1e6,
        "cpu_s_per_1000": round(1_000 * cpu_s / max(1, decided), 3),
        "rss_mib_max": round(max(one["rss_kib"] for one in answers) / 1_024, 1),
        "steps_per_s": round(sum(one["steps"] for one in answers) / seconds / len(answers), 1),
        "blocks_per_s": round(blocks / seconds, 1),
        "votes_missing": sum(one["votes_missing"] for one in answers),
        "agree": len({one["fingerprint"] for one in answers}) == 1,
    }


def _set_up(folder: Path, nodes: int, link: str) -> list[dict[str, Any]]:
    ports = _free_ports(nodes)
    homes = [folder / f"node{i}" for i in range(nodes)]
    keys = []
    for home in homes:
        home.mkdir()
        keys.append(create_node_key(home / "node.key"))
    members = tuple(
        AdmitMember(public_key=key.public, name=f"node{i}") for i, key in enumerate(keys) if i > 0
    )
    fleet, blocks = found_fleet(keys[0], "bench", "node0", "", members)
    authority = Authority.create(fleet)
    for home, key in zip(homes, keys, strict=True):
        authority.equip(home, key.node_id)
        store = SqliteStore(home / "credimus.db")
        store.append([stored(block) for block in blocks])
        store.close()
    return [
        {
            "index": i,
            "folder": str(homes[i]),
            "fleet": fleet.hex(),
            "link": link,
            "listen": f"127.0.0.1:{ports[i]}",
            "peers": [f"127.0.0.1:{port}" for port in ports[:i]],
            "nodes": nodes,
        }
        for i in range(nodes)
    ]


def _spawn(settings: dict[str, Any]) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-m", "credimus.bench.decide_node"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    _say(child, settings)
    return child


def _phase(
    children: list["subprocess.Popen[str]"], shares: list[int], seconds: float
) -> list[dict[str, Any]]:
    until_ns = time.monotonic_ns() + int(seconds * 1e9)
    for child, share in zip(children, shares, strict=True):
        _say(child, {"in_flight": share, "until_ns": until_ns})
    return [_hear(child) for child in children]


def _say(child: "subprocess.Popen[str]", order: dict[str, Any]) -> None:
    assert child.stdin is not None  # noqa: S101 - piped above
    child.stdin.write(json.dumps(order) + "\n")
    child.stdin.flush()


def _hear(child: "subprocess.Popen[str]") -> dict[str, Any]:
    assert child.stdout is not None  # noqa: S101 - piped above
    line = child.stdout.readline()
    if not line:
        raise InternalError("bench-node-died", f"a bench node ended with {child.wait()}")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _shares(in_flight: int, nodes: int) -> list[int]:
    return [in_flight // nodes + (i < in_flight % nodes) for i in range(nodes)]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _quantile(values: list[int], share: float) -> float:
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if ordered else 0.0
