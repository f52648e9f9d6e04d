"""Real processes that speak the protocol on stdin and stdout, with a router between them."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

PATIENCE_S = 30.0
NAMES = ["n1", "n2", "n3"]


class Router:
    """Three nodes of a workload; passes on what they say to each other."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "credimus", "maelstrom", *options]
        self.processes = {
            name: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for name in NAMES
        }
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._lock = threading.Lock()
        self._asked_count = 0
        self._threads = [
            threading.Thread(target=self._read, args=(process,))
            for process in self.processes.values()
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        self._asked_count += 1
        self.put(name, {"src": "c1", "dest": name, "body": {**body, "msg_id": self._asked_count}})
        answer = self._answers.get(timeout=PATIENCE_S)
        assert answer["src"] == name
        assert answer["body"]["in_reply_to"] == self._asked_count
        found: dict[str, Any] = answer["body"]
        return found

    def put(self, name: str, message: dict[str, Any]) -> None:
        stdin = self.processes[name].stdin
        assert stdin is not None
        with self._lock:
            stdin.write(json.dumps(message).encode() + b"\n")
            stdin.flush()

    def close(self) -> list[int]:
        """End all by the end of their input; their exit codes."""
        for process in self.processes.values():
            assert process.stdin is not None
            with self._lock:
                process.stdin.close()
        codes = [process.wait(PATIENCE_S) for process in self.processes.values()]
        for thread in self._threads:
            thread.join()
        for process in self.processes.values():
            assert process.stdout is not None
            process.stdout.close()
        return codes

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            message = json.loads(line)
            if message["dest"] == "c1":
                self._answers.put(message)
                continue
            try:
                self.put(message["dest"], message)
            except ValueError:  # its input was closed: the test is over
                return


@pytest.fixture
def router() -> Iterator[Router]:
    made = Router("broadcast", "--mode", "fast")
    try:
        yield made
    finally:
        for process in made.processes.values():
            if process.poll() is None:
                process.kill()


def test_processes_broadcast_to_each_other_and_end_with_their_input(router: Router) -> None:
    for name in NAMES:
        init = {"type": "init", "node_id": name, "node_ids": NAMES}
        assert router.ask(name, init)["type"] == "init_ok"
    for value in range(30):
        said = {"type": "broadcast", "message": value}
        assert router.ask(NAMES[value % 3], said)["type"] == "broadcast_ok"
    end = time.monotonic() + PATIENCE_S
    for name in NAMES:
        while sorted(router.ask(name, {"type": "read"})["messages"]) != list(range(30)):
            assert time.monotonic() < end, "not everything arrived"
    assert router.close() == [0, 0, 0]
