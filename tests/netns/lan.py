"""Hosts in network namespaces, joined by a bridge: a network that can be cut, made lossy and slow.

Everything lives in namespaces of its own, the bridge too; the machine's own network is not touched.
Cuts are rules of nftables at the receiver. Loss and delay are those of `tc netem`; where the kernel
has none, a switch of our own (`late_switch.py`) on TAP devices takes the bridge's place.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
_CLONE_NEWNET = 0x40000000
_RULES = """
table inet faults
delete table inet faults
table inet faults {{
  chain input {{
    type filter hook input priority 0
    {rules}
  }}
}}
"""


@cache
def reason_without() -> str | None:
    """Why no network namespaces can be made here; None when they can."""
    if sys.platform != "linux":
        return "network namespaces need Linux"
    for tool in ("ip", "nft"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed (iproute2 and nftables are needed)"
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    name = f"credimus-{os.getpid()}-try"
    try:
        _run("ip", "netns", "add", name)
        try:
            _run("ip", "-n", name, "link", "add", "end1", "type", "veth", "peer", "name", "end2")
            _run("ip", "-n", name, "link", "add", "br0", "type", "bridge")
            _inside(name, "nft", "-f", "-", text=_RULES.format(rules="ip saddr 10.1.1.1 drop"))
        finally:
            _run("ip", "netns", "del", name)
    except (OSError, subprocess.CalledProcessError) as problem:
        said = getattr(problem, "stderr", "") or str(problem)
        return f"network namespaces can not be made here: {said.strip()}"
    return None


@cache
def has_netem() -> bool:
    """Whether the kernel delays and loses packets by itself."""
    if shutil.which("tc") is None:
        return False
    name = f"credimus-{os.getpid()}-netem"
    _run("ip", "netns", "add", name)
    try:
        _inside(name, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")
    except subprocess.CalledProcessError:
        return False
    finally:
        _run("ip", "netns", "del", name)
    return True


class Lan:
    """So many hosts, numbered from 0; `close` removes everything, whatever happened before.

    Args:
        delay_ms, loss_percent: of every packet, each way.
    """

    def __init__(self, count: int, delay_ms: int = 0, loss_percent: int = 0) -> None:
        self.names = [f"credimus-{os.getpid()}-{place}" for place in range(count)]
        self._hub = f"credimus-{os.getpid()}-hub"
        self._switch: subprocess.Popen[str] | None = None
        self._threads: list[ThreadPoolExecutor] = []
        self._drops: dict[int, list[str]] = {}
        try:
            self._make(delay_ms, loss_percent)
        except BaseException:
            self.close()
            raise

    def address(self, place: int) -> str:
        """The address of a host."""
        return f"10.77.0.{place + 1}"

    def where(self, place: int) -> Sequence[str]:
        """The addresses that a node is made with; its API is for its own host. Each has another
        port, for all folders are made on the first host, where its node runs already."""
        listen, api = f"{self.address(place)}:7447", f"127.0.0.1:{8701 + place}"
        return ["--listen", listen, "--api", api]

    def command(self, place: int, words: Iterable[str]) -> list[str]:
        """What runs a command on a host."""
        return ["ip", "netns", "exec", self.names[place], *words]

    def at(self, place: int, call: Callable[[], Result]) -> Result:
        """The result of a call made on a host: sockets that it opens are the host's."""
        return self._threads[place].submit(call).result()

    # --- faults

    def cut(self, group: Iterable[int]) -> None:
        """Let nothing pass between a group and the other hosts."""
        inside = set(group)
        for place in range(len(self.names)):
            others = [one for one in range(len(self.names)) if (one in inside) != (place in inside)]
            self._drop(place, [f"ip saddr {self.address(one)} drop" for one in others])

    def lose_from(self, sender: int, receiver: int, percent: int) -> None:
        """Lose a share of what one host sends to another, on that way only."""
        chance = "" if percent >= 100 else f"numgen random mod 100 < {percent} "
        self._drop(receiver, [f"ip saddr {self.address(sender)} {chance}drop"])

    def heal(self) -> None:
        """End every cut and loss that was made by the two above."""
        for place in list(self._drops):
            self._drop(place, [])

    # --- the end

    def close(self) -> None:
        """Remove all hosts, the bridge or switch, and what runs there no more."""
        for thread in self._threads:
            thread.shutdown()
        if self._switch is not None:
            self._switch.kill()
            self._switch.wait()
            assert self._switch.stdout is not None
            self._switch.stdout.close()
        made = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
        there = {line.split()[0] for line in made.stdout.splitlines() if line}
        for name in [*self.names, self._hub]:
            if name in there:
                _run("ip", "netns", "del", name)

    # --- private

    def _make(self, delay_ms: int, loss_percent: int) -> None:
        for name in [*self.names, self._hub]:
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        weather = bool(delay_ms or loss_percent)
        if weather and not has_netem():
            self._join_by_switch(delay_ms, loss_percent)
        else:
            self._join_by_bridge()
        for place, name in enumerate(self.names):
            _run("ip", "-n", name, "addr", "add", f"{self.address(place)}/24", "dev", "eth0")
            _run("ip", "-n", name, "link", "set", "eth0", "up")
            if weather and has_netem():
                words = ["netem", "delay", f"{delay_ms}ms", "loss", f"{loss_percent}%"]
                _inside(name, "tc", "qdisc", "add", "dev", "eth0", "root", *words)
            thread = ThreadPoolExecutor(1, f"host-{place}", _enter, (name,))
            self._threads.append(thread)

    def _join_by_bridge(self) -> None:
        _run("ip", "-n", self._hub, "link", "add", "br0", "type", "bridge")
        _run("ip", "-n", self._hub, "link", "set", "br0", "up")
        for place, name in enumerate(self.names):
            port = f"port{place}"
            peer = ["peer", "name", "eth0", "netns", name]
            _run("ip", "-n", self._hub, "link", "add", port, "type", "veth", *peer)
            _run("ip", "-n", self._hub, "link", "set", port, "master", "br0", "up")

    def _join_by_switch(self, delay_ms: int, loss_percent: int) -> None:
        script = str(Path(__file__).with_name("late_switch.py"))
        numbers = [str(len(self.names)), str(delay_ms), str(loss_percent)]
        command = ["ip", "netns", "exec", self._hub, sys.executable, script, *numbers]
        self._switch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._switch.stdout is not None
        ports = json.loads(self._switch.stdout.readline())
        for port, name in zip(ports, self.names, strict=True):
            _run("ip", "-n", self._hub, "link", "set", port, "netns", name, "name", "eth0")

    def _drop(self, place: int, rules: list[str]) -> None:
        self._drops[place] = rules
        _inside(self.names[place], "nft", "-f", "-", text=_RULES.format(rules="\n".join(rules)))


def _enter(name: str) -> None:
    """Let the calling thread, and no other, live in a namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", name).open() as place:
        if libc.setns(place.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns to {name}")


def _inside(name: str, *words: str, text: str | None = None) -> None:
    _run("ip", "netns", "exec", name, *words, text=text)


def _run(*words: str, text: str | None = None) -> None:
    subprocess.run(words, input=text, check=True, capture_output=True, text=True)
