"""A Maelstrom process: lines on stdin and stdout, and a timer, in one loop."""

import os
import select
import sys
import time

from credimus.kernel.instant import Instant, Now
from credimus.maelstrom.member import Lobby
from credimus.maelstrom.modes import Mode

CHUNK_BYTES = 65_536
LINE_BYTES_MAX = 16 * 1_048_576
"""A longer line ends the process: nobody in a Maelstrom test sends one. [guess]"""


def serve(workload: str, mode: Mode) -> None:
    """Be one node of a test until stdin ends."""
    lobby, rest = Lobby(workload, mode), b""
    source, target = sys.stdin.fileno(), sys.stdout.buffer
    while True:
        ready, _, _ = select.select([source], [], [], _pause_s(lobby.deadline()))
        lines: list[bytes] = []
        if ready:
            chunk = os.read(source, CHUNK_BYTES)
            if not chunk or len(rest) > LINE_BYTES_MAX:
                return
            *heard, rest = (rest + chunk).split(b"\n")
            for line in heard:
                lines += lobby.hear(line, _now())
        due = lobby.deadline()
        if due is not None and due <= time.monotonic_ns():
            lines += lobby.tick(_now())
        if lines:
            target.write(b"".join(lines))
            target.flush()


def _pause_s(deadline: Instant | None) -> float | None:
    """How long to wait for a line; None for as long as it takes."""
    return None if deadline is None else max(0.0, (deadline - time.monotonic_ns()) / 1e9)


def _now() -> Now:
    return Now(Instant(time.monotonic_ns()), time.time_ns() // 1_000_000)
