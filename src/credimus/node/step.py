"""What gathers while a node steps: effects for the driver, facts that machines are to hear."""

from typing import Any, TypeAlias

from credimus.kernel.effects import Effects, Send
from credimus.kernel.instant import Now
from credimus.lace.block import Block
from credimus.node.events import NodeEvent
from credimus.node.parts import Machines, Parts
from credimus.node.router import FOLLOWS, HEARS
from credimus.node.supply import Outgoing
from credimus.protocol.checkpointing.interface import GiveBlocks, SayWord, SnapshotFetched
from credimus.protocol.dissemination.interface import PullWanted, RelayArrived
from credimus.protocol.recovery.interface import (
    Again,
    ProposeAgain,
    SayAgain,
    SnapshotPut,
    TakeAgain,
    WriteAgain,
)
from credimus.protocol.sync.interface import Supply
from credimus.protocol.voting.interface import Say, SayVote
from credimus.protocol.vouching.interface import SayTogether

NodeEffects: TypeAlias = Effects[Block, Outgoing, NodeEvent]


class Step:
    """The work of one step. Events of machines are facts; facts go to whoever hears them."""

    def __init__(self, parts: Parts, machines: Machines) -> None:
        self._parts = parts
        self._machines = machines
        self._followed = parts.state.roster.current
        self.effects: NodeEffects = Effects()
        self.facts: list[Any] = []
        self.again: list[Again] = []
        """What recovery wants done; `Returning` takes it from here."""
        self.together: list[SayTogether] = []
        """What is to stand in blocks of its own; `Sealing` takes it from here."""
        self.seal_now = False
        """Whether something was said that is to be sealed in this step."""
        self.is_cut = False
        """Whether a checkpoint took effect, and what waits at the door is to be looked at anew."""

    def give(self, name: str, event: object, now: Now) -> None:
        """Give an input to a machine, and carry out what comes of it."""
        self.carry_out(self._machines.all[name].handle(event, now))

    def carry_out(self, effects: Effects[Any, Any, Any]) -> None:
        """Take over what a machine wants done."""
        self.effects.remember += effects.remember
        self.effects.send += effects.send
        for event in effects.emit:
            match event:
                case SayVote(author, vote):
                    self._parts.by_id[author].vote(vote)
                    self.seal_now = True
                case Say(author, operation) | SayWord(author, operation):
                    self._parts.by_id[author].say(operation)
                    self.seal_now = True
                case SayTogether():
                    self.together.append(event)
                    self.seal_now = True
                case PullWanted() | RelayArrived():
                    self._machines.spreading.aside.append(event)
                case GiveBlocks(peer, ids):
                    self.effects.send.append(Send(peer, Supply(ids, more=False)))
                case SnapshotFetched():
                    compacting = self._machines.compacting
                    taken = compacting.install(event, self.effects.persist)
                    self.is_cut = self.is_cut or bool(taken)
                    self.facts += (*taken, SnapshotPut())
                case TakeAgain() | SayAgain() | ProposeAgain() | WriteAgain():
                    self.again.append(event)
                case _:
                    self.facts.append(event)

    def hear(self, now: Now) -> None:
        """Give facts to the machines that listen; they may cause further operations."""
        while self.facts:
            facts, self.facts = self.facts, []
            self.effects.emit += facts
            for name, kinds, input_of in HEARS:
                heard = [fact for fact in facts if type(fact) in kinds]
                if heard:
                    self.give(name, input_of(heard), now)
            self.settle()
        roster = self._parts.state.roster.current
        if roster is not self._followed:  # in place of a look at each fact
            self._followed = roster
            self._parts.lace.passed_over = roster.sidelined
            for name, followed_by in FOLLOWS:
                self.give(name, followed_by(tuple(roster.by_id)), now)

    def settle(self) -> None:
        """Let a checkpoint that has come to be in force take effect."""
        taken = self._machines.compacting.settle(self.effects.persist)
        self.is_cut = self.is_cut or bool(taken)
        self.facts += taken

    def hand_over(self) -> NodeEffects:
        """The effects so far; the next ones gather anew."""
        effects, self.effects = self.effects, Effects()
        return effects
