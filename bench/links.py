"""What a full mesh of real links costs: `python bench/links.py --nodes 50`.

Opens the transports of so many nodes, each in a process of its own and linked with all others over
loopback, and has each send as an idle node does. Memory, open files and CPU time are what the links
add to a process, the median of all. Deliberately not here: nodes, disks and encryption.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import socket
import time
from collections.abc import Coroutine
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from credimus.kernel.ids import FleetId, NodeId
from credimus.runtime.transport.interface import peers_to_dial
from credimus.runtime.transport.zenoh import ZenohConfig, ZenohTransport

FLEET = FleetId(b"credimus-links!!")
IDLE_MESSAGES_PER_S = 24
"""Of a node of 50 at rest, by `bench/healing.py`."""
IDLE_BYTES = 55
LINKED_WITHIN_S = 120


def free_addresses(count: int) -> list[str]:
    """Addresses of loopback that nobody listens on."""
    holders = [socket.socket() for _ in range(count)]
    for one in holders:
        one.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in holders]
    for one in holders:
        one.close()
    return addresses


class Mesh(NamedTuple):
    """What all processes know."""

    addresses: list[str]
    seconds: int


def measure(nodes: int, seconds: int) -> dict[str, object]:
    """All figures of one mesh; the median of all nodes."""
    mesh = Mesh(free_addresses(nodes), seconds)
    turns = multiprocessing.get_context("fork")
    ready, go = turns.Queue(), turns.Event()
    begun = time.monotonic()
    children = [
        turns.Process(target=_child, args=(mesh, place, ready, go)) for place in range(nodes)
    ]
    for child in children:
        child.start()
    links = [ready.get() for _ in children]
    linked_s = time.monotonic() - begun
    go.set()
    found = [ready.get() for _ in children]
    for child in children:
        child.join()
    return {
        "nodes": nodes,
        "links_per_node": round(sum(links) / nodes, 1),
        "linked_s": round(linked_s, 1),
        **{name: round(median(one[name] for one in found), 2) for name in found[0]},
    }


def _child(mesh: Mesh, place: int, ready: Any, go: Any) -> None:
    asyncio.run(_one(mesh, place, ready, go))


async def _one(mesh: Mesh, place: int, ready: Any, go: Any) -> None:
    """One node's part."""
    members = [(n, NodeId(n.to_bytes(16, "big")), one) for n, one in enumerate(mesh.addresses)]
    node = members[place][1]
    memory, files, begun = _memory_mb(), _open_files(), time.monotonic()
    config = ZenohConfig(
        fleet=FLEET, node=node, link="tcp", listen=mesh.addresses[place],
        peers=tuple(peers_to_dial(node, members)),
    )  # fmt: skip
    transport = ZenohTransport(config, lambda _: None)
    await transport.open()
    while len(transport.neighbours()) < len(members) - 1:
        if time.monotonic() - begun > LINKED_WITHIN_S:
            break
        await asyncio.sleep(0.2)
    ready.put(len(transport.neighbours()))
    while not go.is_set():
        await asyncio.sleep(0.2)
    linking_cpu = time.process_time()
    quiet = await _cpu_while(asyncio.sleep(mesh.seconds))
    idle = await _cpu_while(_chat(transport, [one for _, one, _ in members], place, mesh.seconds))
    ready.put(
        {
            "linking_cpu_s": linking_cpu,
            "open_files": _open_files() - files,
            "memory_mb": _memory_mb() - memory,
            "quiet_cpu_ms_per_s": 1_000 * quiet / mesh.seconds,
            "idle_cpu_ms_per_s": 1_000 * idle / mesh.seconds,
            "received_per_s": transport.counts.received / mesh.seconds,
        }
    )
    await asyncio.sleep(1)
    await transport.close()


async def _chat(transport: ZenohTransport, nodes: list[NodeId], place: int, seconds: int) -> None:
    """Sends to the next eight in turn, as often as an idle node."""
    payload = os.urandom(IDLE_BYTES)
    for turn in range(seconds * IDLE_MESSAGES_PER_S):
        due = time.monotonic() + 1 / IDLE_MESSAGES_PER_S
        transport.send(nodes[(place + 1 + turn % 8) % len(nodes)], payload)
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def _cpu_while(work: Coroutine[Any, Any, None]) -> float:
    cpu = time.process_time()
    await work
    return time.process_time() - cpu


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1_048_576


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def main() -> None:
    """Print a line of JSON for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[5, 12, 25, 50])
    parser.add_argument("--seconds", type=int, default=10)
    asked = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for nodes in asked.nodes:
        print(json.dumps(measure(nodes, asked.seconds)), flush=True)


if __name__ == "__main__":
    main()
