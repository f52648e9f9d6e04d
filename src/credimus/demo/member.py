"""One node as an operator runs it: made and started by the command line, asked over HTTP.

Invariant: every process that was started here is ended by its id, whatever happens; see `end`.
"""

import asyncio
import os
import subprocess
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from credimus.demo.calls import Refused, call
from credimus.kernel.errors import InternalError, Unavailable

COMMAND = (sys.executable, "-m", "credimus")
"""The command line's entry, run as a user's shell would."""
COMMAND_S_MAX = 60.0
"""The longest that one command may take, in s. [guess: a busy machine]"""
READY_S_MAX = 60.0
"""The longest that a node may take to answer, in s. [guess: a busy machine]"""
STOP_S = 8.0
"""From SIGTERM to SIGKILL, in s. [guess: a clean stop takes less than one]"""
_PAUSE_S = 0.05


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a node is."""

    name: str
    home: Path
    listen: str
    api: str
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the API."""
        host, _, port = self.api.rpartition(":")
        return host, int(port)


class Member:
    """One node's process, and what an operator does with it."""

    def __init__(self, place: Place, options: Sequence[str] = ()) -> None:
        self.place = place
        self.name = place.name
        self.options = list(options)
        """What `up` is given beside the folder."""
        self._process: subprocess.Popen[bytes] | None = None
        self._token = ""

    @property
    def pid(self) -> int | None:
        """The id of the running process."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def started(self) -> bool:
        """Whether it ran once."""
        return self._process is not None

    # --- the command line

    async def run(self, *arguments: str) -> Any:
        """The `data` of a command that ends by itself.

        Raises:
            InternalError: `command-failed`, with what it said.
        """
        command = [*COMMAND, *arguments, "--json"]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=_environment()
        )
        try:
            async with asyncio.timeout(COMMAND_S_MAX):
                out, err = await process.communicate()
        except TimeoutError:
            raise InternalError(
                "command-failed", f"{_shown(arguments)}: no end after {COMMAND_S_MAX:.0f} s"
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            said = (err or out).decode("utf-8", "replace").strip()
            raise InternalError(
                "command-failed", f"{_shown(arguments)} ended with {process.returncode}: {said}"
            )
        try:
            return msgspec.json.decode(out)["data"]
        except (msgspec.DecodeError, KeyError, TypeError):
            raise InternalError(
                "command-failed", f"{_shown(arguments)} printed no JSON: {out[:200]!r}"
            ) from None

    def up(self) -> None:
        """Start the node; `ready` tells when it answers."""
        command = [*COMMAND, "up", str(self.place.home), *self.options]
        with self.place.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own entry, no shell
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(),
                start_new_session=True,  # Ctrl-C in a terminal reaches the demo, which ends them
            )  # fmt: skip

    async def ready(self) -> None:
        """Wait until the node answers.

        Raises:
            InternalError: `node-ended`, with the end of its log.
            Unavailable: `node-not-ready`.
        """
        try:
            async with asyncio.timeout(READY_S_MAX):
                while True:
                    self._check_alive()
                    with suppress(Unavailable, Refused, FileNotFoundError):
                        self._token = (self.place.home / "token").read_text().strip()
                        await self.ask("GET", "/readyz")
                        return
                    await asyncio.sleep(_PAUSE_S)
        except TimeoutError:
            raise Unavailable(
                "node-not-ready",
                f"{self.name} does not answer after {READY_S_MAX:.0f} s; see {self.place.log}",
            ) from None

    # --- the API

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of the node's API.

        Raises:
            Refused, Unavailable: as `call`.
        """
        return await call(self.place.address, method, path, self._token, body)

    # --- the end

    async def kill(self) -> int:
        """End the process at once, by SIGKILL; returns its id.

        Raises:
            InternalError: `node-ended`, when it had ended by itself.
        """
        self._check_alive()
        process = self._process
        assert process is not None  # noqa: S101 - it was started
        process.kill()
        await self._gone(STOP_S)
        return process.pid

    async def end(self) -> None:
        """End the process: kindly, and after a while not. May be called at any time, and again."""
        process = self._process
        if process is None:
            return
        try:
            if process.poll() is None:
                process.terminate()
                await self._gone(STOP_S)
        finally:
            self.end_now()

    def end_now(self) -> None:
        """End the process without waiting for its clean stop."""
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()

    async def _gone(self, seconds: float) -> None:
        """Wait until the process has ended, at most so long."""
        process = self._process
        until = time.monotonic() + seconds
        while process is not None and process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.02)

    def log_end(self, lines: int = 5) -> str:
        """The last lines of the node's log."""
        try:
            said = self.place.log.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            said = []
        return "\n".join(said[-lines:]) or "(its log is empty)"

    def _check_alive(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            code = None if process is None else process.returncode
            raise InternalError(
                "node-ended",
                f"{self.name} ended with {code}:\n{self.log_end()}",
            )


async def end_all(members: Sequence[Member]) -> None:
    """End all processes, side by side."""
    await asyncio.gather(*(member.end() for member in members), return_exceptions=True)


def _environment() -> Mapping[str, str]:
    """Our own, without what would colour or fold a log."""
    return {**os.environ, "NO_COLOR": "1", "COLUMNS": "160", "PYTHONUNBUFFERED": "1"}


def _shown(arguments: Sequence[str]) -> str:
    """A command as people type it; tickets are secret and long."""
    words = [word if len(word) < 80 else word[:16] + "..." for word in arguments]
    return " ".join(["credimus", *words])
