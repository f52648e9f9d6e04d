"""Plays an incident on a stage: statements at their time, a node killed, another one cut off.

Deliberately not here: setting up (stage.py), what it all came to (ending.py).
"""

import asyncio
import time
from typing import Any

import msgspec

from credimus.demo.calls import UNREACHABLE, Refused
from credimus.demo.clock import Clock
from credimus.demo.faults import Faults
from credimus.demo.foresight import waits_for
from credimus.demo.member import READY_S_MAX
from credimus.demo.scenario import Later, Relation, Retraction, Scenario, Statement
from credimus.demo.stage import Stage
from credimus.demo.together import together
from credimus.kernel.errors import CredimusError, Unavailable
from credimus.state.categories import KeywordCategorizer
from credimus.state.identity import as_written, belief_id

SOON_S = 0.8
"""How long a verdict may take before a line says that the statement waits, in s."""
WAIT_S = 300.0
"""How long an asserting call waits for the verdict, in s; it is ended earlier with the play."""
KNOWN_S_MAX = 20.0
"""How long a relation, retraction or later assertion waits for what it refers to, in s. [guess: a
busy machine]"""
_PAUSE_S = 0.05


class Said(msgspec.Struct, kw_only=True):
    """What became of one statement, as its callers saw it."""

    statement: Statement
    belief: str
    decided_ms: float | None = None
    verdict: str | None = None


class Play:
    """One incident on one fleet that is ready."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.scenario: Scenario = stage.scenario
        self.failures: list[str] = []
        """What went wrong, in words."""
        self.said = {
            one.id: Said(statement=one, belief=belief_of(one)) for one in self.scenario.statement
        }
        self.faults = Faults(self)
        self.clock = Clock()
        self._waits: list[asyncio.Task[None]] = []

    # --- playing

    async def run(self) -> None:
        """Let everything happen; verdicts may still be on their way when it ends."""
        scenario = self.scenario
        work = [self.faults.kill(), self.faults.cut()]
        for statement in scenario.statement:
            for name in statement.by:
                self._waits.append(asyncio.create_task(self._assert(statement, name)))
            work += [self._assert_later(statement, later) for later in statement.later]
        work += [self._relate(one) for one in scenario.relation]
        work += [self._retract(one) for one in scenario.retraction]
        work.append(self.clock.until(max(one.at for one in scenario.statement)))
        self._waits.append(asyncio.create_task(self.clock.run()))
        await together(work)

    async def close(self) -> None:
        """Stop the clock, and stop waiting for verdicts."""
        for task in self._waits:
            task.cancel()
        await asyncio.gather(*self._waits, return_exceptions=True)

    def fail(self, what: str) -> None:
        """Note that something went wrong."""
        self.failures.append(what)
        self.stage.teller.tell("bad", what, self.clock.second)

    def waits_for(self, statement: Statement) -> str | None:
        """Why a statement can or could not be decided at once."""
        return waits_for(self.scenario, statement, self.faults.absences)

    # --- acts

    async def _assert(self, statement: Statement, name: str) -> None:
        """One node asserts a statement, and waits for the verdict as long as the play goes on."""
        await self.clock.until(statement.at)
        asking = asyncio.create_task(self._ask_for_verdict(statement, name))
        try:
            done, _ = await asyncio.wait({asking}, timeout=SOON_S)
            if not done and name == statement.by[0]:
                self._tell("wait", "waits", name, statement, self.waits_for(statement))
            await asking
        finally:
            asking.cancel()

    async def _ask_for_verdict(self, statement: Statement, name: str) -> None:
        said = self.said[statement.id]
        begun = time.monotonic()
        try:
            answer = await self._post(name, "/v1/beliefs", _assertion(statement))
        except Refused as problem:
            if problem.code != "undecided":
                self.fail(f"{name} refused {statement.id!r}: {problem.code}: {problem.message}")
            return
        except Unavailable as problem:
            if not self.faults.killed(name):
                self.fail(f"{name} did not take {statement.id!r}: {problem.message}")
            return
        if answer["belief"] != said.belief:
            self.fail(f"{name} named {statement.id!r} {answer['belief']}, not {said.belief}")
        took_ms = (time.monotonic() - begun) * 1_000
        if said.decided_ms is None:
            said.decided_ms, said.verdict = took_ms, answer["verdict"]
            mark = "yes" if answer["verdict"] == "accepted" else "no"
            self._tell(mark, f"{answer['verdict']} {_duration(took_ms)}", name, statement)

    async def _assert_later(self, statement: Statement, later: Later) -> None:
        """Another node asserts it once the fleet let the question rest."""
        await self.clock.until(later.at)
        belief = self.said[statement.id].belief
        rests = 0
        for _ in range(int(KNOWN_S_MAX / _PAUSE_S)):
            answer = await self._asked(later.by, "GET", f"/v1/beliefs/{belief}")
            rests = rests + 1 if answer is not None and answer["verdict"] == "expired" else 0
            if rests > 2:
                break
            await asyncio.sleep(_PAUSE_S)
        body = {**_assertion(statement), "wait_for": "local"}
        await self._insist(later.by, "/v1/beliefs", body, f"later assertion of {statement.id!r}")
        self._tell("say", "asserted anew", later.by, statement)

    async def _relate(self, one: Relation) -> None:
        await self.clock.until(one.at)
        source, target = self.said[one.source], self.said[one.target]
        body = {"relation": one.relation, "target": target.belief}
        path = f"/v1/beliefs/{source.belief}/relations"
        await self._insist(one.by, path, body, f"relation of {one.source!r} and {one.target!r}")
        text = f"{one.source} {one.relation.replace('_', ' ')} {one.target}"
        self.stage.teller.tell("say", f"{'relates':<16} {one.by}: {text}", self.clock.second)

    async def _retract(self, one: Retraction) -> None:
        await self.clock.until(one.at)
        said = self.said[one.statement]
        path = f"/v1/beliefs/{said.belief}/retract"
        await self._insist(one.by, path, {"reason": one.reason}, f"retraction of {one.statement!r}")
        self._tell("say", "takes back", one.by, said.statement)

    async def _insist(self, name: str, path: str, body: Any, what: str) -> None:
        """Post, again as long as what it refers to has not arrived there yet."""
        until = time.monotonic() + KNOWN_S_MAX
        while True:
            try:
                await self._post(name, path, body)
            except Refused as problem:
                if problem.status != 404 or time.monotonic() > until:
                    self.fail(f"{name} refused the {what}: {problem.code}: {problem.message}")
                    return
            except Unavailable as problem:  # killed just then, perhaps; to say it twice is no harm
                if time.monotonic() > until:
                    self.fail(f"{name} did not take the {what}: {problem.message}")
                    return
            else:
                return
            await asyncio.sleep(_PAUSE_S)

    async def _post(self, name: str, path: str, body: Any) -> Any:
        """A node's answer; waits for a node that is only just starting.

        Raises:
            Refused, Unavailable: as `call`.
        """
        until = time.monotonic() + READY_S_MAX
        while True:
            try:
                return await self.stage[name].ask("POST", path, body)
            except Unavailable as problem:
                if problem.code != UNREACHABLE or time.monotonic() > until:
                    raise
            await asyncio.sleep(_PAUSE_S)

    async def _asked(self, name: str, method: str, path: str) -> Any:
        """A node's answer; None when there is none."""
        try:
            return await self.stage[name].ask(method, path)
        except CredimusError:
            return None

    def _tell(
        self, mark: Any, what: str, name: str, statement: Statement, why: str | None = None
    ) -> None:
        who = ", ".join(statement.by) if name in statement.by else name
        because = f" ({why})" if why else ""
        text = f"{what:<16} {who}: {statement.says}{because}"
        self.stage.teller.tell(mark, text, self.clock.second)


def belief_of(statement: Statement) -> str:
    """The id that a node gives the statement."""
    content = as_written(statement.says)
    category = statement.category or KeywordCategorizer().category(content)
    return belief_id(content, category).hex()


def _assertion(statement: Statement) -> dict[str, Any]:
    body: dict[str, Any] = {
        "content": statement.says,
        "confidence": statement.confidence,
        "evidence": [{"kind": one.kind, "content": one.content} for one in statement.evidence],
        "wait_for": "decided",
        "timeout": WAIT_S,
    }
    if statement.category is not None:
        body["category"] = statement.category
    return body


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"
