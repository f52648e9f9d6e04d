"""Waits until a fleet has come to rest, and says what it came to.

Rest: all nodes report the same fingerprint, no round is open, and both stay so for a moment.
"""

import asyncio
import time
from typing import Any

from credimus.demo.play import Play, Said
from credimus.demo.result import (
    Decisions,
    Expected,
    NodeEnd,
    Outcome,
    Seconds,
    StatementEnd,
    times_of,
)
from credimus.demo.stage import Stage, Status
from credimus.kernel.errors import CredimusError

REST_S = 1.0
"""How long nothing may change before the fleet counts as at rest, in s. [guess: ten times what a
block needs to reach everybody]"""
SETTLE_S_MAX = 40.0
"""How long the fleet may take to come to rest with every expected verdict, in s. [guess]"""
PATIENCE_S = 8.0
"""How long a fleet at rest may still have other verdicts than expected, in s. [guess: longer than
electors wait for a silent proposer]"""
_PAUSE_S = 0.2

Lists = dict[str, dict[str, dict[str, Any]]]
"""The beliefs of each node by name, by id."""


class Ending:
    """The end of one play."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._stage: Stage = play.stage
        self._statuses: list[Status] = []
        self._lists: Lists = {}

    async def settle(self) -> None:
        """Wait until the fleet is at rest and as expected, or it takes too long."""
        begun = rested = time.monotonic()
        before: set[str] = set()
        while time.monotonic() - begun < SETTLE_S_MAX:
            await self._look()
            prints = {one["fingerprint"] for one in self._statuses}
            if not self._at_rest() or prints != before:
                rested, before = time.monotonic(), prints
            rest_s = time.monotonic() - rested
            if rest_s >= PATIENCE_S or (rest_s >= REST_S and not self._unexpected()):
                return
            await asyncio.sleep(_PAUSE_S)

    async def outcome(self, seconds: Seconds, *, kept: bool) -> Outcome:
        """What it came to, as of the last look."""
        play, stage = self._play, self._stage
        statements = [await self._statement(said) for said in play.said.values()]
        agree = self._agree()
        failures = list(play.failures)
        failures += [
            f"{member.name} does not answer"
            for member in stage.members
            if member.name not in {one["name"] for one in self._statuses}
        ]
        if not agree:
            failures.append("the nodes do not agree: their fingerprints or verdicts differ")
        failures += [_failed(one) for one in statements if not one.held]
        held = sum(one.held for one in statements)
        return Outcome(
            title=play.scenario.title,
            nodes=[self._node(one) for one in self._statuses],
            agree=agree,
            expected=Expected(held=held, failed=len(statements) - held),
            failures=failures,
            statements=statements,
            decisions=_decisions(play),
            kill=play.faults.kill_end,
            cut=play.faults.cut_end,
            seconds=seconds,
            folder=str(stage.folder),
            kept=kept,
        )

    def broken(self, problem: CredimusError, *, kept: bool) -> Outcome:
        """What it came to when it could not be played to its end."""
        play = self._play
        return Outcome(
            title=play.scenario.title,
            nodes=[],
            agree=False,
            expected=Expected(held=0, failed=len(play.said)),
            failures=[*play.failures, f"{problem.code}: {problem.message}"],
            statements=[],
            decisions=_decisions(play),
            kill=play.faults.kill_end,
            cut=play.faults.cut_end,
            seconds=Seconds(set_up=0.0, played=0.0, settled=0.0, total=0.0),
            folder=str(self._stage.folder),
            kept=kept,
        )

    # --- private

    async def _look(self) -> None:
        stage = self._stage
        self._statuses = await stage.statuses(stage.members)
        if not self._at_rest():
            return
        pairs = [(member, stage.beliefs(member)) for member in stage.members]
        lists = await asyncio.gather(*(asked for _, asked in pairs))
        self._lists = {
            member.name: listed for (member, _), listed in zip(pairs, lists, strict=True)
        }

    def _at_rest(self) -> bool:
        return (
            len(self._statuses) == len(self._stage.members)
            and len({one["fingerprint"] for one in self._statuses}) == 1
            and not any(one["rounds"]["open"] or one["orphans"] for one in self._statuses)
        )

    def _agree(self) -> bool:
        """Whether all answer, with one fingerprint and the same verdicts."""
        seen = {
            tuple(sorted((belief, one["verdict"]) for belief, one in listed.items()))
            for listed in self._lists.values()
        }
        prints = {one["fingerprint"] for one in self._statuses}
        everybody = len(self._statuses) == len(self._lists) == len(self._stage.members)
        return everybody and len(prints) == len(seen) == 1

    def _unexpected(self) -> bool:
        return not all(self._held(said) for said in self._play.said.values())

    def _held(self, said: Said) -> bool:
        """Whether every node gives the expected verdict."""
        if self._verdict(said) != said.statement.expect:
            return False
        if said.statement.id not in self._play.scenario.retracted():
            return True
        return not any(listed[said.belief]["assertion_count"] for listed in self._lists.values())

    def _verdict(self, said: Said) -> str:
        """The verdict that all nodes give."""
        words = {listed.get(said.belief, {}).get("verdict", "unknown") for listed in
                 self._lists.values()}  # fmt: skip
        return words.pop() if len(words) == 1 else "differs" if words else "unknown"

    async def _statement(self, said: Said) -> StatementEnd:
        one = said.statement
        looked = await self._look_at(said.belief)
        votes, attempt = _votes(looked["rounds"]) if looked else ({}, 0)
        return StatementEnd(
            id=one.id,
            content=one.says,
            category=looked["category"] if looked else one.category or "",
            asserted_by=[*one.by, *(later.by for later in one.later)],
            belief=said.belief,
            verdict=self._verdict(said),
            expected=one.expect,
            held=self._held(said),
            accept=votes.get("accept", 0),
            reject=votes.get("reject", 0),
            abstain=votes.get("abstain", 0),
            attempt=attempt,
            retracted=one.id in self._play.scenario.retracted(),
            decided_ms=None if said.decided_ms is None else round(said.decided_ms, 1),
            waited_for=self._play.waits_for(one),
        )

    async def _look_at(self, belief: str) -> Any:
        """A belief with its rounds, from the first node that knows it."""
        for member in self._stage.up:
            if belief in self._lists.get(member.name, {}):
                return await member.ask("GET", f"/v1/beliefs/{belief}")
        return None

    def _node(self, status: Status) -> NodeEnd:
        member = self._stage[status["name"]]
        roles = {one.name: one.role for one in self._play.scenario.node}
        return NodeEnd(
            id=status["node"],
            name=member.name,
            role=roles[member.name],
            fingerprint=status["fingerprint"],
            blocks=status["blocks"],
            beliefs=status["beliefs"],
            decided=status["decided"],
            verdicts=status["verdicts"],
            api=status["api"],
            home=str(member.place.home),
            log=str(member.place.log),
        )


def _votes(rounds: list[dict[str, Any]]) -> tuple[dict[str, int], int]:
    """The votes of the round that gives the verdict, by choice, and its attempt."""
    decided = [one for one in rounds if one["verdict"] not in ("open", "expired")]
    deciding = max(decided or rounds, key=lambda one: int(one["attempt"]), default=None)
    if deciding is None:
        return {}, 0
    choices = [vote["choice"] for vote in deciding["votes"]]
    return {choice: choices.count(choice) for choice in set(choices)}, int(deciding["attempt"])


def _decisions(play: Play) -> Decisions:
    at_once: list[float] = []
    waited: list[float] = []
    for said in play.said.values():
        if said.decided_ms is not None:
            waits = play.waits_for(said.statement)
            (at_once if waits is None else waited).append(said.decided_ms)
    return Decisions(at_once=times_of(at_once), waited=times_of(waited))


def _failed(one: StatementEnd) -> str:
    still = " and still asserted" if one.retracted and one.verdict == one.expected else ""
    return f"{one.id!r} is {one.verdict}{still}; expected: {one.expected}"
