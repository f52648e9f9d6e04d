"""The longest pause between two decisions when a member dies: `python bench/failover.py [kills]`.

Five real nodes on loopback, as the command line makes them. Callers of four of them state beliefs
and wait for each verdict, one after the other; the fifth node is killed (SIGKILL) under that load
and started again, as often as asked. Prints JSON: the longest pause between two decisions at any of
the four, in the second around a kill, and for comparison in the second before; in ms.

On a shared machine a pause is also whatever else the machine does; the figures before the kills say
how much of that there is. The aim is 110 ms at most.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import credimus
from credimus.harness.local_fleet import free_ports
from credimus.kernel.errors import CredimusError
from credimus.library.remote import RemoteNode

CREDIMUS = [sys.executable, "-m", "credimus"]
NODES = 5
CALLERS_PER_NODE = 2
WINDOW_S = 1.0
"""How long after a kill a pause counts as its doing."""
SETTLE_S = 3.0
"""Load before a kill; also what a node has to come back."""


class Fleet:
    """Nodes in folders of one folder, and their processes."""

    def __init__(self, folder: Path) -> None:
        self.homes = [folder / f"n{place}" for place in range(NODES)]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * NODES
        ports = free_ports(2 * NODES)
        ticket = ""
        for place, home in enumerate(self.homes):
            listen, api = (f"127.0.0.1:{ports[2 * place + i]}" for i in (0, 1))
            where = ["--name", home.name, "--listen", listen, "--api", api]
            if place:
                ticket = _cli("invite", "--home", str(self.homes[0]))["ticket"]
                _cli("join", str(home), ticket, *where)
            else:
                _cli("init", str(home), "--fleet", "bench", *where)
            self.start(place)
        while not all(len(self.node(one).status().neighbours) == NODES - 1 for one in range(NODES)):
            time.sleep(0.1)

    def node(self, place: int) -> RemoteNode:
        """A node, to be asked."""
        return credimus.connect(self.homes[place])

    def start(self, place: int) -> None:
        """Start a node and wait until it answers."""
        command = [*CREDIMUS, "up", str(self.homes[place]), "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._processes[place] = process
        assert process.stdout is not None
        process.stdout.readline()

    def kill(self, place: int) -> None:
        """End a node by SIGKILL."""
        process = self._processes[place]
        assert process is not None
        process.kill()
        process.wait()
        self._processes[place] = None

    def close(self) -> None:
        """End what runs."""
        for place, process in enumerate(self._processes):
            if process is not None:
                self.kill(place)


class Callers:
    """Threads that wait for one verdict after the other, and when each verdict came."""

    def __init__(self, fleet: Fleet, places: range) -> None:
        self.moments_s: list[float] = []
        self.failed_count = 0
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._call, args=(fleet.node(place), f"{place}.{number}"))
            for place in places
            for number in range(CALLERS_PER_NODE)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Let each finish what it waits for."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    def longest_pause_ms(self, begin_s: float, end_s: float) -> float:
        """The longest time without a verdict in a span, its ends included."""
        inside = sorted(one for one in self.moments_s if begin_s <= one <= end_s)
        ends = [begin_s, *inside, end_s]
        return 1e3 * max(after - before for before, after in pairwise(ends))

    def _call(self, node: RemoteNode, name: str) -> None:
        number = 0
        while not self._end.is_set():
            number += 1
            try:
                node.assert_belief(f"{name} saw {number} at {time.time_ns()}", wait_for="decided")
            except CredimusError:
                self.failed_count += 1
            else:
                self.moments_s.append(time.monotonic())


@contextmanager
def running() -> Iterator[Fleet]:
    """A fleet that has met."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder))
        try:
            yield fleet
        finally:
            fleet.close()


def main(kills: int) -> None:
    """Measure and print."""
    last = NODES - 1
    before_ms, around_ms = [], []
    with running() as fleet:
        callers = Callers(fleet, range(last))
        try:
            for _ in range(kills):
                time.sleep(SETTLE_S)
                killed_s = time.monotonic()
                fleet.kill(last)
                time.sleep(WINDOW_S + 0.5)
                before_ms.append(callers.longest_pause_ms(killed_s - WINDOW_S, killed_s))
                around_ms.append(callers.longest_pause_ms(killed_s, killed_s + WINDOW_S))
                fleet.start(last)
        finally:
            callers.close()
    decided = len(callers.moments_s)
    span_s = callers.moments_s[-1] - callers.moments_s[0]
    figures = {
        "kills": kills,
        "decided": decided,
        "decided_per_s": round(decided / span_s, 1),
        "failed": callers.failed_count,
        **_summed("before", before_ms),
        **_summed("after", around_ms),
    }
    print(json.dumps(figures, indent=1))


def _summed(name: str, pauses_ms: list[float]) -> dict[str, float]:
    return {
        f"longest_pause_{name}_median_ms": round(statistics.median(pauses_ms), 1),
        f"longest_pause_{name}_max_ms": round(max(pauses_ms), 1),
    }


def _cli(*words: str) -> dict[str, str]:
    done = subprocess.run([*CREDIMUS, *words, "--json"], check=True, capture_output=True)
    answer: dict[str, str] = json.loads(done.stdout)["data"]
    return answer


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
