"""How long a command takes from its call to its end: `python bench/cli.py [runs]` prints JSON.

Minimum and median of the wall time of whole processes, in ms; the first row is Python alone. The
aim is 150 ms at most for a command of a client. On a shared machine the minimum says more.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from credimus.harness.local_fleet import free_ports

CREDIMUS = [sys.executable, "-m", "credimus"]


@contextmanager
def running_node(folder: Path) -> Iterator[Path]:
    """The folder of a node that answers."""
    home = folder / "n0"
    listen, api = (f"127.0.0.1:{port}" for port in free_ports(2))
    init = ["init", str(home), "--fleet", "bench", "--name", "n0", "--listen", listen, "--api", api]
    subprocess.run([*CREDIMUS, *init], check=True, capture_output=True)
    with subprocess.Popen([*CREDIMUS, "up", str(home)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield home
        finally:
            process.terminate()


def took_ms(command: list[str]) -> float:
    """The wall time of one run."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return 1e3 * (time.perf_counter() - began)


def main(runs: int) -> None:
    """Measure every command `runs` times, one after the other in turn."""
    with tempfile.TemporaryDirectory() as folder, running_node(Path(folder)) as home:
        at = ["--home", str(home)]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "credimus --version": [*CREDIMUS, "--version"],
            "credimus --help": [*CREDIMUS, "--help"],
            "credimus beliefs --help": [*CREDIMUS, "beliefs", "--help"],
            "credimus status": [*CREDIMUS, "status", *at],
            "credimus status --json": [*CREDIMUS, "status", "--json", *at],
            "credimus beliefs": [*CREDIMUS, "beliefs", *at],
            "credimus search": [*CREDIMUS, "search", "gate", *at],
            "credimus members": [*CREDIMUS, "members", *at],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                taken[name].append(took_ms(command))
    figures = {
        name: {"min_ms": round(min(all_ms), 1), "median_ms": round(statistics.median(all_ms), 1)}
        for name, all_ms in taken.items()
    }
    print(json.dumps({"runs": runs, **figures}, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
