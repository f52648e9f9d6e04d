"""One host for all nodes, where no namespaces can be made: nothing is cut, but nodes still die."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from credimus.harness.local_fleet import free_ports

Result = TypeVar("Result")


class LoopbackLan:
    """What a stand needs of a network, on loopback."""

    def __init__(self, count: int) -> None:
        self.names = [f"place {place}" for place in range(count)]
        self._ports = free_ports(2 * count)

    def where(self, place: int) -> Sequence[str]:
        """The addresses that a node is made with."""
        links, api = self._ports[2 * place : 2 * place + 2]
        return ["--listen", f"127.0.0.1:{links}", "--api", f"127.0.0.1:{api}"]

    def command(self, _: int, words: Iterable[str]) -> list[str]:
        """What runs a command there."""
        return list(words)

    def at(self, _: int, call: Callable[[], Result]) -> Result:
        """The result of a call."""
        return call()

    def heal(self) -> None:
        """Nothing was cut."""

    def close(self) -> None:
        """Nothing was made."""
