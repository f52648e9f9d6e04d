"""`credimus bench http`: requests per second that one node answers over HTTP on loopback.

A closed loop from this process over keep-alive connections against one real node in another
process, with its token, its disk and SQLite's synchronous FULL. Measured are a GET of one belief
out of many, an assertion that is durable when it is answered (`wait_for` local) and also put to
the vote, and one that is only asserted. A tenth of the time warms up and is not counted.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from credimus.harness.local_fleet import free_ports
from credimus.kernel.errors import Unavailable

BELIEFS = 500
"""Beliefs that are written first, for the GETs."""
CONNECTIONS = 32

Request = Callable[[int], bytes]
"""The bytes of the request of a number."""


class Measured:
    """What one phase came to."""

    def __init__(self, starts_ns: int, ends_ns: int) -> None:
        self.starts_ns = starts_ns
        self.ends_ns = ends_ns
        self.sent_count = 0
        self.latencies_ns: list[int] = []
        self.refused_count = 0


class Caller(asyncio.Protocol):
    """One keep-alive connection that always has one request under way."""

    def __init__(self, request: Request, measured: Measured) -> None:
        self._request = request
        self._measured = measured
        self._buffer = b""
        self._sent_ns = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP connection
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Take an answer, ask again."""
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        measured, now = self._measured, time.monotonic_ns()
        if head[9:10] != b"2":
            measured.refused_count += 1
        elif measured.starts_ns <= now <= measured.ends_ns:
            measured.latencies_ns.append(now - self._sent_ns)
        if now < measured.ends_ns:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's name
        """All is said."""
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        measured = self._measured
        measured.sent_count += 1
        self._sent_ns = time.monotonic_ns()
        self._transport.write(self._request(measured.sent_count))


def bench_http(
    seconds: float = 3.0, connections: int = CONNECTIONS, source: Path | None = None
) -> dict[str, Any]:
    """Run one node and ask it; returns the figures.

    Args:
        seconds: length of each phase.
        connections: requests under way at once.
        source: the folder whose `credimus` the node runs; this one when None.

    Raises:
        Unavailable: `bench-node`, when the node does not start.
    """
    with _node(source) as (url, token, process):
        asked = _Requests(url, token)
        ids = asyncio.run(_filled(url, asked))
        figures: dict[str, Any] = {"connections": connections}
        phases: dict[str, Request] = {
            "get": lambda number: asked.get(ids[number % len(ids)]),
            "assert": lambda number: asked.assertion(f"gauge {number} is dry", propose=False),
            "assert_and_decide": lambda number: asked.assertion(f"gate {number} is shut"),
        }
        for name, request in phases.items():
            cpu = _cpu_s(process)
            measured = asyncio.run(_phase(url, request, seconds, connections))
            figures[name] = _figures(measured, seconds, _cpu_s(process) - cpu)
        return figures


class _Requests:
    """The bytes of requests."""

    def __init__(self, url: str, token: str) -> None:
        head = f"Host: {urlsplit(url).netloc}\r\nAuthorization: Bearer {token}\r\n"
        self._head = head.encode()

    def get(self, belief: str) -> bytes:
        """A GET of one belief."""
        return b"GET /v1/beliefs/%b HTTP/1.1\r\n%b\r\n" % (belief.encode(), self._head)

    def assertion(self, content: str, *, propose: bool = True) -> bytes:
        """A POST of one belief, answered when it is durable."""
        said = {"content": content, "category": "observation", "confidence": 0.9}
        body = json.dumps({**said, "propose": propose, "wait_for": "local"}).encode()
        kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        return b"POST /v1/beliefs HTTP/1.1\r\n%b%b\r\n%b" % (self._head, kind, body)


async def _phase(url: str, request: Request, seconds: float, connections: int) -> Measured:
    began = time.monotonic_ns()
    starts = began + int(seconds * 1e8)
    measured = Measured(starts, starts + int(seconds * 1e9))
    host, port = _place(url)
    loop = asyncio.get_running_loop()
    opening = [
        loop.create_connection(lambda: Caller(request, measured), host, port)
        for _ in range(connections)
    ]
    callers = await asyncio.gather(*opening)
    await asyncio.gather(*(caller.done for _, caller in callers))
    return measured


async def _filled(url: str, asked: _Requests) -> list[str]:
    """Write the beliefs that are looked at; their ids."""
    reader, writer = await asyncio.open_connection(*_place(url))
    ids = []
    for number in range(BELIEFS):
        writer.write(asked.assertion(f"route {number} of the depot is blocked by fallen trees"))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r")[0])
        ids.append(json.loads(await reader.readexactly(length))["belief"])
    writer.close()
    await writer.wait_closed()
    return ids


def _place(url: str) -> tuple[str, int]:
    where = urlsplit(url)
    return where.hostname or "127.0.0.1", where.port or 80


@contextmanager
def _node(source: Path | None) -> Any:
    """A founded node that runs: its URL, its token and its process."""
    environment = os.environ | ({"PYTHONPATH": str(source)} if source is not None else {})
    listen, api = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="credimus-bench-") as folder:
        home = Path(folder) / "n0"
        command = [sys.executable, "-m", "credimus"]
        where = ["--listen", f"127.0.0.1:{listen}", "--api", f"127.0.0.1:{api}"]
        made = [*command, "init", str(home), "--fleet", "bench", "--name", "n0", *where]
        subprocess.run(made, check=True, capture_output=True, env=environment)  # noqa: S603
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [*command, "up", str(home), "--json"], stdout=subprocess.PIPE, env=environment
        )
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            said = json.loads(process.stdout.readline() or b"{}")
            if "data" not in said:
                raise Unavailable("bench-node", f"the node did not start: {said}.")
            yield said["data"]["api"], (home / "token").read_text().strip(), process.pid
        finally:
            process.terminate()
            process.communicate()


def _cpu_s(process: int) -> float:
    """CPU seconds of a process so far; 0 where that can not be read."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _figures(measured: Measured, seconds: float, cpu_s: float) -> dict[str, Any]:
    latencies = sorted(measured.latencies_ns)
    count = len(latencies)
    return {
        "per_s": round(count / seconds, 1),
        "p50_ms": round(latencies[count // 2] / 1e6, 3) if count else None,
        "p99_ms": round(latencies[count * 99 // 100] / 1e6, 3) if count else None,
        "node_cpu_us_each": round(1e6 * cpu_s / max(1, measured.sent_count), 1),
        "refused": measured.refused_count,
    }
