"""What a full mesh of real links costs: `python bench/links.py --nodes 50`.

Opens the transports of so many nodes in one process, each linked with all others over loopback, and
has each send as an idle node does. Memory, open files and CPU time are of the whole process, given
for each node; a node's own memory comes on top. Deliberately not here: nodes, disks and encryption.
"""

import argparse
import asyncio
import gc
import json
import os
import resource
import socket
import time
from pathlib import Path

from credimus.kernel.ids import FleetId, NodeId
from credimus.runtime.transport.interface import peers_to_dial
from credimus.runtime.transport.zenoh import ZenohConfig, ZenohTransport

FLEET = FleetId(b"credimus-links!!")
IDLE_MESSAGES_PER_S = 24
"""Of a node of 50 at rest, by `bench/healing.py`."""
IDLE_BYTES = 55
LINKED_WITHIN_S = 300


def free_addresses(count: int) -> list[str]:
    """Addresses of loopback that nobody listens on."""
    holders = [socket.socket() for _ in range(count)]
    for one in holders:
        one.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in holders]
    for one in holders:
        one.close()
    return addresses


async def measure(nodes: int, seconds: int) -> dict[str, object]:
    """All figures of one mesh."""
    addresses = free_addresses(nodes)
    members = [(n, NodeId(n.to_bytes(16, "big")), one) for n, one in enumerate(addresses)]
    memory, files = _memory_mb(), _open_files()
    begun, cpu = time.monotonic(), time.process_time()
    transports = []
    for _, node, address in members:
        config = ZenohConfig(
            fleet=FLEET, node=node, link="tcp", listen=address,
            peers=tuple(peers_to_dial(node, members)),
        )  # fmt: skip
        transports.append(ZenohTransport(config, lambda _: None))
        await transports[-1].open()
    while any(len(one.neighbours()) < nodes - 1 for one in transports):
        if time.monotonic() - begun > LINKED_WITHIN_S:
            break
        await asyncio.sleep(0.2)
    linked_s, linking_cpu = time.monotonic() - begun, time.process_time() - cpu
    links = sum(len(one.neighbours()) for one in transports) / nodes
    quiet = await _cpu_while(asyncio.sleep(seconds))
    idle = await _cpu_while(_chat(transports, [node for _, node, _ in members], seconds))
    gc.collect()
    found = {
        "nodes": nodes,
        "links_per_node": round(links, 1),
        "linked_s": round(linked_s, 1),
        "linking_cpu_s": round(linking_cpu, 1),
        "open_files_per_node": round((_open_files() - files) / nodes, 1),
        "memory_mb_per_node": round((_memory_mb() - memory) / nodes, 1),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "quiet_cpu_ms_per_node_s": round(1_000 * quiet / seconds / nodes, 2),
        "idle_cpu_ms_per_node_s": round(1_000 * idle / seconds / nodes, 2),
        "received_ratio": round(
            sum(one.counts.received for one in transports)
            / max(1, sum(one.counts.sent for one in transports)),
            3,
        ),
    }
    await asyncio.gather(*(one.close() for one in transports))
    return found


async def _chat(transports: list[ZenohTransport], nodes: list[NodeId], seconds: int) -> None:
    """Each sends to its next eight in turn, as often as an idle node."""
    payload = os.urandom(IDLE_BYTES)
    for turn in range(seconds * IDLE_MESSAGES_PER_S):
        due = time.monotonic() + 1 / IDLE_MESSAGES_PER_S
        for place, one in enumerate(transports):
            one.send(nodes[(place + 1 + turn % 8) % len(nodes)], payload)
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def _cpu_while(work: "asyncio.Future[None] | object") -> float:
    cpu = time.process_time()
    await work  # type: ignore[misc]
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
        print(json.dumps(asyncio.run(measure(nodes, asked.seconds))), flush=True)


if __name__ == "__main__":
    main()
