"""Carries out what recovery asks of the node: take blocks again, say things again, write again."""

from collections.abc import Sequence
from contextlib import suppress
from typing import assert_never

import msgspec

from credimus.kernel.errors import CredimusError, PeerFault, Unavailable
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.instant import Now
from credimus.node.commands import ProposeBelief
from credimus.node.parts import Machines, Parts
from credimus.node.saying.writing import Writing
from credimus.node.step import Step
from credimus.node.taking.intake import Intake
from credimus.protocol.recovery.interface import (
    Again,
    ProposeAgain,
    SayAgain,
    TakeAgain,
    WriteAgain,
)
from credimus.state.operations import Assert, Relate


class Returning:
    """What one node does when it recovers."""

    def __init__(
        self, parts: Parts, machines: Machines, step: Step, intake: Intake, writing: Writing
    ) -> None:
        self._parts = parts
        self._machines = machines
        self._step = step
        self._intake = intake
        self._writing = writing

    def hold(self) -> None:
        """After the store was read: answer nothing while that would not be safe."""
        if self._machines.recovery.is_holding:
            for author in self._parts.by_id:
                self._machines.voting.silence(author)

    def check(self) -> None:
        """Refuse to write while that would not be safe.

        Raises:
            Unavailable: `recovering`.
        """
        if self._machines.recovery.is_holding:
            raise Unavailable(
                "recovering",
                "this node recovers from a damaged store and writes nothing until it knows all "
                "that it has signed; see `credimus recovery`, or ask another node.",
            ).after(1_000)

    def tick(self, now: Now) -> None:
        """Do what recovery has asked for."""
        while self._step.again:
            again, self._step.again = self._step.again, []
            for event in again:
                self._do(event, now)
            self._step.seal_now = True

    def _do(self, event: Again, now: Now) -> None:
        match event:
            case TakeAgain(wires):
                self._take(wires)
            case SayAgain(author, operation):
                chosen = self._parts.by_id[author]
                if isinstance(operation, Assert | Relate):
                    counter = chosen.next_counter()
                    operation = msgspec.structs.replace(operation, counter=counter)
                chosen.say(operation)
            case ProposeAgain(author, belief, rules):
                with suppress(CredimusError):  # decided or open meanwhile, or no member any more
                    command = ProposeBelief(author=author, belief=belief, rules=rules)
                    self._writing.propose(command)
            case WriteAgain():
                for one in self._parts.authors:
                    if not one.forked:
                        self._machines.voting.speak_again(one.id)
                answers = self._machines.recovery.answers()
                self._step.carry_out(self._machines.voting.resume(now, answers))
            case _:
                assert_never(event)

    def _take(self, wires: Sequence[bytes]) -> None:
        """Take blocks of our old store, as if they had come; nobody is to blame for faults."""
        for wire in wires:
            with suppress(PeerFault):
                wall_ms = wall_ms_of(self._parts.clock.last)
                for one in self._parts.ingress.take(wire, wall_ms, names_suffice=True):
                    self._intake.note(one)
