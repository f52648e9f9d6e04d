"""The stage of the end-to-end tests: nodes as processes, asked by the command line."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from desk import free_address

from credimus.cli.client import Client
from credimus.cli.main import run
from credimus.runtime.home import Home

PATIENCE_S = 20.0


class Failed(Exception):
    """A command that did not exit with 0."""

    def __init__(self, code: int, error: dict[str, Any]) -> None:
        super().__init__(f"exit code {code}: {error}")
        self.code = code
        self.error = error


def credimus(*given: str) -> Any:
    """The data of a command, run in this process; `Failed` when it fails."""
    said, complained = io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(complained):
        code = run([*given, "--json"])
    envelope = json.loads(said.getvalue())
    if code:
        raise Failed(code, envelope.get("error", envelope))
    assert complained.getvalue() == ""
    return envelope["data"]


class Proc:
    """One node: its folder, and its process while it runs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process: subprocess.Popen[str] | None = None

    def up(self, *options: str) -> None:
        """Start it and wait until it says that it answers."""
        command = [sys.executable, "-m", "credimus", "up", str(self.home), "--json", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = json.loads(self.process.stdout.readline())
        assert "data" in line, line

    def run(self, *given: str) -> Any:
        return credimus(*given, "--home", str(self.home))

    def client(self) -> Client:
        """Asks it over HTTP, from any thread."""
        return Client(Home(self.home))

    def status(self) -> Any:
        return self.client().get("/v1/status")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def close(self) -> None:
        if self.process is not None:
            self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        os.kill(self.process.pid, number)
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return code


class Fleet:
    """Nodes in one folder; `close` ends what still runs."""

    def __init__(self, folder: Path) -> None:
        self.nodes: list[Proc] = []
        self._folder = folder

    def found(self, *options: str) -> Proc:
        node = Proc(self._folder / "n0")
        credimus(
            "init", str(node.home), "--fleet", "harbour", "--name", "n0", *_addresses(), *options
        )
        self.nodes.append(node)
        return node

    def join(self) -> Proc:
        """A further node, invited by the first; not yet up."""
        ticket = self.nodes[0].run("invite")["ticket"]
        node = Proc(self._folder / f"n{len(self.nodes)}")
        credimus("join", str(node.home), ticket, "--name", node.home.name, *_addresses())
        self.nodes.append(node)
        return node

    def close(self) -> None:
        for node in self.nodes:
            node.close()


def contents(node: Proc) -> set[str]:
    """The beliefs that a node lists."""
    return {one["content"] for one in node.run("beliefs")["beliefs"]}


def _addresses() -> list[str]:
    return ["--listen", free_address(), "--api", "127.0.0.1:0"]


def until(holds: Callable[[], bool]) -> None:
    """Return when it holds; fail when it does not within the bound."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.05)
