"""What goes wrong in an incident: a node dies and comes back, another one is cut off and healed."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from credimus.demo.clock import Clock
from credimus.demo.foresight import Absence
from credimus.demo.member import Member
from credimus.demo.result import CutEnd, KillEnd
from credimus.demo.scenario import Cut, Kill, Scenario, Statement
from credimus.demo.stage import Stage
from credimus.kernel.errors import CredimusError, Unavailable

CATCH_UP_S_MAX = 30.0
"""How long a node may take to catch up, in s. [guess: a busy machine]"""
DECIDED = ("accepted", "rejected", "contested")
_PAUSE_S = 0.05


class Setting(Protocol):
    """What faults need of a play."""

    stage: Stage
    scenario: Scenario
    clock: Clock

    @property
    def said(self) -> Any:
        """What became of each statement, by its id."""
        ...

    def fail(self, what: str) -> None:
        """Note that something went wrong."""
        ...


class Faults:
    """The faults of one play, and what was seen meanwhile."""

    def __init__(self, play: Setting) -> None:
        self._play = play
        self._killed: set[str] = set()
        self.absences: list[Absence] = []
        """Who was out of reach, from the order on until all was caught up."""
        self.kill_end: KillEnd | None = None
        self.cut_end: CutEnd | None = None

    def killed(self, name: str) -> bool:
        """Whether the node was killed by order."""
        return name in self._killed

    # --- dead

    async def kill(self) -> None:
        """Kill a node, start it again, and wait until it has caught up."""
        kill, play = self._play.scenario.kill, self._play
        if kill is None:
            return
        await play.clock.until(kill.at)
        member = play.stage[kill.node]
        with play.clock.held():
            await self._all_taken(kill)
            before = await play.stage.blocks([member])
            self._killed.add(kill.node)
            self._leaves(kill.node, "is dead")
            pid = await member.kill()
        died = time.monotonic()
        self._tell(f"{kill.node} is killed (SIGKILL, process {pid}); nobody leads, so all go on")
        await play.clock.until(kill.restart_at)
        with play.clock.held():
            self.kill_end = await self._restart(kill, pid, died, before)
        self._returns(kill.node)

    async def _restart(self, kill: Kill, pid: int, died: float, before: int) -> KillEnd:
        """Start the node again, and wait until it has what the others had when it answered.

        Args:
            died: when it was killed, by the monotonic clock.
            before: the blocks that it held then.
        """
        stage = self._play.stage
        member = stage[kill.node]
        meanwhile = self._by_others(kill.node, kill.at, kill.restart_at)
        decided = await self._decided(stage.others(kill.node), meanwhile)
        member.up()
        await member.ready()
        down_s = time.monotonic() - died
        there = await stage.blocks(stage.others(kill.node))
        caught_up_s = await stage.holds(member, there, CATCH_UP_S_MAX)
        if caught_up_s is None:
            self._play.fail(f"{kill.node} did not catch up within {CATCH_UP_S_MAX:.0f} s")
        ended = KillEnd(
            node=kill.node,
            pid=pid,
            pid_after=member.pid or 0,
            down_s=round(down_s, 3),
            missed_blocks=max(0, there - before),
            caught_up_s=round(caught_up_s or CATCH_UP_S_MAX, 3),
            asserted_meanwhile=len(meanwhile),
            decided_meanwhile=len(decided),
        )
        self._tell(
            f"{kill.node} is back after {down_s:.1f} s (process {member.pid}), and has the "
            f"{ended.missed_blocks} blocks it missed after {ended.caught_up_s:.2f} s"
        )
        return ended

    async def _all_taken(self, kill: Kill) -> None:
        """Wait until the node has taken what it was to say before its death."""
        before = [
            one for one in self._play.scenario.statement if kill.node in one.by and one.at < kill.at
        ]
        member = self._play.stage[kill.node]
        until = time.monotonic() + CATCH_UP_S_MAX
        while before and time.monotonic() < until:
            known = await self._play.stage.beliefs(member)
            before = [one for one in before if self._belief(one) not in known]
            if before:
                await asyncio.sleep(_PAUSE_S)

    # --- cut off

    async def cut(self) -> None:
        """Take a node's links down, later up again, and wait until both sides have met."""
        cut, play = self._play.scenario.cut, self._play
        if cut is None:
            return
        await play.clock.until(cut.at)
        member = play.stage[cut.node]
        begun = time.monotonic()
        with play.clock.held():
            if not await self._set_links(member, open_=False):
                return
            play.stage.cut_off.add(cut.node)
            self._leaves(cut.node, "is cut off")
        self._tell(f"{cut.node} is cut off; both sides go on writing")
        await play.clock.until(cut.heal_at)
        with play.clock.held():
            seen = await self._both_sides(cut, member)
            healed = time.monotonic()
            if not await self._set_links(member, open_=True):
                return
            play.stage.cut_off.discard(cut.node)
            self._tell(f"{cut.node} has its links back")
            await self._meet(cut, member)
        self._returns(cut.node)
        self.cut_end = msgspec.structs.replace(
            seen,
            cut_s=round(healed - begun, 3),
            caught_up_s=round(time.monotonic() - healed, 3),
        )
        self._tell(f"both sides know all again {self.cut_end.caught_up_s:.2f} s after the heal")

    async def _meet(self, cut: Cut, member: Member) -> None:
        """Wait until either side holds what the other had written."""
        stage = self._play.stage
        others = stage.others(cut.node)
        inside, outside = await stage.blocks([member]), await stage.blocks(others)
        met = await asyncio.gather(
            stage.holds(member, outside, CATCH_UP_S_MAX),
            *(stage.holds(one, inside, CATCH_UP_S_MAX) for one in others),
        )
        if None in met:
            self._play.fail(f"{cut.node} and the others did not meet within {CATCH_UP_S_MAX:.0f} s")

    async def _both_sides(self, cut: Cut, member: Member) -> CutEnd:
        """What either side decided, just before the heal."""
        stage = self._play.stage
        window = [one for one in self._play.scenario.statement if cut.at <= one.at < cut.heal_at]
        alone = [one for one in window if set(one.by) == {cut.node}]
        others = [one for one in window if cut.node not in one.by]
        known = await stage.beliefs(member)
        inside = {
            one.id: known[self._belief(one)]["verdict"]
            for one in alone
            if self._belief(one) in known
        }
        decided_inside = [name for name, verdict in inside.items() if verdict in DECIDED]
        if decided_inside:
            self._play.fail(f"{cut.node} decided alone, which must not be: {decided_inside}")
        decided = await self._decided(stage.others(cut.node), others)
        self._tell(
            f"behind the cut {cut.node} wrote {len(inside)} statements, {len(decided_inside)} "
            f"decided; the others wrote {len(others)}, {len(decided)} decided"
        )
        return CutEnd(
            node=cut.node, cut_s=0.0, inside=inside, decided_inside=len(decided_inside),
            asserted_outside=len(others), decided_outside=len(decided), caught_up_s=0.0,
        )  # fmt: skip

    async def _set_links(self, member: Member, *, open_: bool) -> bool:
        try:
            await member.ask("POST", "/v1/links", {"open": open_})
        except CredimusError as problem:
            self._play.fail(f"{member.name} did not switch its links: {problem}")
            return False
        return True

    # --- both

    def _by_others(self, name: str, begin: float, end: float) -> list[Statement]:
        """What the other nodes say in a span of time."""
        return [
            one
            for one in self._play.scenario.statement
            if begin <= one.at < end and name not in one.by
        ]

    async def _decided(
        self, members: Sequence[Member], statements: Iterable[Statement]
    ) -> list[str]:
        """Those of the statements that have a verdict at the first node that answers, by id."""
        known: dict[str, dict[str, Any]] = {}
        for member in members:
            with suppress(Unavailable):
                known = await self._play.stage.beliefs(member)
                break
        return [
            one.id
            for one in statements
            if known.get(self._belief(one), {}).get("verdict") in DECIDED
        ]

    def _leaves(self, name: str, why: str) -> None:
        second = self._play.clock.second
        self.absences.append(Absence(node=name, why=f"{name} {why}", begin=second))

    def _returns(self, name: str) -> None:
        second = self._play.clock.second
        self.absences = [
            msgspec.structs.replace(one, end=min(one.end, second)) if one.node == name else one
            for one in self.absences
        ]

    def _belief(self, statement: Statement) -> str:
        belief: str = self._play.said[statement.id].belief
        return belief

    def _tell(self, text: str) -> None:
        self._play.stage.teller.tell("fault", text, self._play.clock.second)
