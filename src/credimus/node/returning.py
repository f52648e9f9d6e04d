"""Carries out what recovery asks of the node: take blocks again, say things again, write again."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias, assert_never

import msgspec

from credimus.kernel.errors import CredimusError, PeerFault, Unavailable
from credimus.kernel.hlc import HybridClock, wall_ms_of
from credimus.kernel.ids import NodeId
from credimus.node.author import Author
from credimus.node.commands import ProposeBelief
from credimus.node.ingress import Ingress, Taken
from credimus.node.writing import Writing
from credimus.protocol.recovery.interface import ProposeAgain, SayAgain, TakeAgain, WriteAgain
from credimus.protocol.recovery.machine import Recovery
from credimus.protocol.voting.machine import Voting
from credimus.state.operations import Assert, Relate

Again: TypeAlias = TakeAgain | SayAgain | ProposeAgain | WriteAgain


class Returning:
    """What one node does when it recovers.

    Args:
        took: told of every block that was taken.
    """

    def __init__(
        self,
        recovery: Recovery,
        authors: Mapping[NodeId, Author],
        doors: tuple[Ingress, HybridClock, Callable[[Taken], None]],
        speakers: tuple[Writing, Voting],
    ) -> None:
        self._recovery = recovery
        self._authors = authors
        self._ingress, self._clock, self._took = doors
        self._writing, self._voting = speakers
        self.is_back = False
        """Whether the node has just begun to write again; it takes up open rounds then."""

    def hold(self) -> None:
        """After the store was read: write nothing while that would not be safe."""
        if self._recovery.is_holding:
            for author in self._authors:
                self._voting.silence(author)

    def check(self) -> None:
        """Refuse to write while that would not be safe.

        Raises:
            Unavailable: `recovering`.
        """
        if self._recovery.is_holding:
            raise Unavailable(
                "recovering",
                "this node recovers from a damaged store and writes nothing until it knows all "
                "that it has signed; see `credimus recovery`, or ask another node.",
            ).after(1_000)

    def carry_out(self, event: Again) -> None:
        """Do one thing."""
        match event:
            case TakeAgain(wires):
                self._take(wires)
            case SayAgain(author, operation):
                chosen = self._authors[author]
                if isinstance(operation, Assert | Relate):
                    counter = chosen.next_counter()
                    operation = msgspec.structs.replace(operation, counter=counter)
                chosen.say(operation)
            case ProposeAgain(author, belief, rules):
                with suppress(CredimusError):  # decided or open meanwhile, or no member any more
                    self._writing.propose(ProposeBelief(author=author, belief=belief, rules=rules))
            case WriteAgain():
                self.is_back = True
                for author in self._authors:
                    self._voting.speak_again(author)
            case _:
                assert_never(event)

    def _take(self, wires: Sequence[bytes]) -> None:
        """Take blocks of our old store, as if they had come; nobody is to blame for faults."""
        for wire in wires:
            with suppress(PeerFault):
                for one in self._ingress.take(wire, wall_ms_of(self._clock.last)):
                    self._took(one)
