"""The parent's side: sets a fleet up in a temporary folder, spawns its nodes, talks to them."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from credimus.harness.orders import ChildSettings
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import InternalError
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import FleetId
from credimus.kernel.instant import Instant, Now
from credimus.kernel.limits import SMALL_FLEET_MAX
from credimus.lace.block import Block
from credimus.lace.seal import SeedSigner, Signer
from credimus.node.commands import AdmitMember
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.voting.interface import VotingConfig
from credimus.runtime.identity.credentials import create_node_key
from credimus.runtime.joining.authority import Authority
from credimus.runtime.joining.founding import Policy, found_fleet, stored
from credimus.runtime.store.sqlite import SqliteStore

STOP_S = 15.0
"""How long a node may take to end before it is killed."""
STARTING_MAX = max(2, os.cpu_count() or 0)
"""Nodes that start at once; the next begin when these have linked to those before them. [measured:
of 100 on two cores that start six at a time the last never link, for they hold each other up]"""

_T = TypeVar("_T")
_PAUSE_S = 0.02
"""In fleets that are not small the next begin later by so much for each node, and those that run
come to rest."""


class LocalFleet:
    """Node processes that run one module; ended, whatever happens, when the context ends.

    Args:
        module: run with `python -m`; begins with `ChildSettings` on its first line of input.
        hosted: for each node the seeds of the members that it hosts; where there are any, an
            electorate may be of any members, else it is of all.
        job: what the module needs to know beside.
    """

    def __init__(
        self,
        module: str,
        nodes: int,
        link: str = "tls",
        voting: VotingConfig | None = None,
        hosted: Sequence[Sequence[bytes]] = (),
        job: dict[str, Any] | None = None,
    ) -> None:
        self._module = module
        self._nodes = nodes
        self._link = link
        self._voting = voting or VotingConfig()
        self._hosted = hosted or [()] * nodes
        self._left_out_max = MILLION if hosted else 0
        self._folder = tempfile.TemporaryDirectory(prefix="credimus-")
        self._job = job or {}
        self.by_ticket = False
        """Whether members are admitted as by tickets, each in a block of its own and with its
        address, and not all in one block; set before the fleet is entered."""
        self.together = 1
        """Nodes in each process; set before the fleet is entered."""
        self._children: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        settings = self._set_up(Path(self._folder.name))
        try:
            shares = self._shared(settings)
            for first in range(0, len(shares), STARTING_MAX):
                wave = [self._spawn(one) for one in shares[first : first + STARTING_MAX]]
                self._children += wave
                for child in wave:
                    _hear(child)  # has dialled all before it
                time.sleep(_PAUSE_S * max(0, len(self._children) - SMALL_FLEET_MAX))
            for child in self._children:
                _hear(child)  # is linked to all
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def ask(self, orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give each node its order at once; returns their answers.

        Raises:
            InternalError: `node-died`.
        """
        for child, some in zip(self._children, self._shared(orders), strict=True):
            _say(child, some)
        return [answer for child in self._children for answer in _hear(child)]

    def _shared(self, each: Sequence[_T]) -> list[Sequence[_T]]:
        """What is for each node, by process."""
        size = self.together
        return [each[first : first + size] for first in range(0, len(each), size)]

    def _end(self) -> None:
        for child in self._children:
            if child.poll() is None:
                try:
                    _say(child, [])
                except OSError:
                    child.kill()
        for child in self._children:
            try:
                child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
        self._folder.cleanup()

    def _set_up(self, folder: Path) -> list[ChildSettings]:
        ports = free_ports(self._nodes)
        homes = [folder / f"node{i}" for i in range(self._nodes)]
        for home in homes:
            home.mkdir()
        keys = [create_node_key(home / "node.key") for home in homes]
        addresses = [f"127.0.0.1:{port}" if self.by_ticket else "" for port in ports]
        members = [
            AdmitMember(public_key=key.public, name=f"node{i}", address=addresses[i])
            for i, key in enumerate(keys)
            if i
        ]
        members += [
            AdmitMember(public_key=SeedSigner(seed).public, name=f"hosted by node{i}")
            for i, seeds in enumerate(self._hosted)
            for seed in seeds
        ]
        together, apart = ((), members) if self.by_ticket else (members, ())
        fleet, blocks = found_fleet(
            keys[0], "local", "node0", addresses[0], tuple(together), Policy(self._left_out_max)
        )
        blocks += _admitted(fleet, keys[0], blocks, apart)
        authority = Authority.create(fleet)
        for home, key in zip(homes, keys, strict=True):
            authority.equip(home, key.node_id)
            store = SqliteStore(home / "credimus.db")
            store.append([stored(block) for block in blocks])
            store.close()
        return [
            ChildSettings(
                index=i,
                folder=str(homes[i]),
                fleet=fleet.hex(),
                link=self._link,
                listen=f"127.0.0.1:{ports[i]}",
                peers=[f"127.0.0.1:{port}" for port in ports[:i]],
                nodes=self._nodes,
                voting=self._voting,
                hosted=[seed.hex() for seed in self._hosted[i]],
                job=self._job,
            )
            for i in range(self._nodes)
        ]

    def _spawn(self, settings: Sequence[ChildSettings]) -> "subprocess.Popen[str]":
        child = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        _say(child, msgspec.to_builtins(settings))
        return child


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _admitted(
    fleet: FleetId, founder: Signer, blocks: Sequence[Block], members: Sequence[AdmitMember]
) -> list[Block]:
    """The founder's further blocks, each with one admission."""
    node = Node(fleet, [founder], Config(), Entropy(b"admitting"))
    node.restore(block.wire for block in blocks)
    moment = Now(Instant(0), time.time_ns() // 1_000_000)
    made: list[Block] = []
    for member in members:
        node.execute(member, moment)
        made += node.collect(moment).persist
    return made


def _say(child: "subprocess.Popen[str]", line: Any) -> None:
    assert child.stdin is not None  # noqa: S101 - piped in _spawn
    child.stdin.write(json.dumps(line) + "\n")
    child.stdin.flush()


def _hear(child: "subprocess.Popen[str]") -> Any:
    assert child.stdout is not None  # noqa: S101 - piped in _spawn
    line = child.stdout.readline()
    if not line:
        raise InternalError("node-died", f"a node process ended with status {child.wait()}")
    return json.loads(line)
