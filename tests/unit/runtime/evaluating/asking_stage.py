"""The stage of the tests on slow evaluators: one real node in memory, and a clock that jumps."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import BeliefId
from credimus.node.commands import AdmitMember, AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.voting.chain import Chain
from credimus.protocol.voting.interface import Answer, Ballot, VotingConfig
from credimus.runtime.driver import Driver
from credimus.runtime.evaluating.asking import Asking
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.runtime.evaluating.steps import AnyStep, Judge, Slow, at_once
from credimus.runtime.identity.credentials import NodeKey
from credimus.runtime.joining.founding import found_fleet, stored
from credimus.runtime.store.memory import MemoryStore
from credimus.state.operations import Choice
from credimus.state.voting.round import Round

PATIENCE_S = 20
TIMEOUT_MS = 30_000
NO_ANSWER = Ballot(Choice.ABSTAIN, 0, "no answer")
INQUIRY = Inquiry(
    fleet="", node="", elector="", elector_name="", round="", attempt=1, ends_ms=0, belief="",
    content="it rains", category="general", assertions=(), assertion_count=0,
)  # fmt: skip
KEYS = [NodeKey(bytes([number + 1]) * 32) for number in range(3)]


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time can be put forward."""

    ahead_s = 0.0

    def time(self) -> float:
        return super().time() + self.ahead_s


def jump(seconds: float) -> None:
    """What waits for its time no longer than that has waited long enough."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    loop.ahead_s += seconds


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Play a scene on such a loop."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(asyncio.wait_for(scene, 10 * PATIENCE_S))


def slow(judge: Judge, name: str = "slow", on_failure: Answer = NO_ANSWER) -> Slow:
    return Slow(name, judge, TIMEOUT_MS, on_failure)


class Stage:
    """A node that hosts some members, their slow evaluators, and what they voted."""

    def __init__(
        self, steps: Sequence[AnyStep], store: "Kept", at_a_time: int, waiting_max: int
    ) -> None:
        fleet, blocks = FLEETS[len(store.keys)]
        self.node = Node(fleet, store.keys, store.config, Entropy(b"x"), Chain(at_once(steps)))
        if not store.block_count:
            store.append([stored(block) for block in blocks])
        self.node.restore(block.wire for block in store.blocks())
        self.driver = Driver(self.node, store)
        self.asking = Asking(self.driver, steps, at_a_time, waiting_max)
        self.driver.listen(self.asking.note)

    def says(self, content: str) -> BeliefId:
        """Assert a belief; returns its id."""
        return self.driver.submit(AssertBelief(content=content, category="general")).belief

    def round(self, belief: BeliefId) -> Round | None:
        rounds = self.node.state.rounds.on(belief)
        return rounds[-1] if rounds else None

    def choices(self, belief: BeliefId) -> list[Choice]:
        """What the members answered, in their order in the roster of keys."""
        found = self.round(belief)
        if found is None:
            return []
        places = [found.electorate.position[author.id] for author in self.node.authors]
        return [choice for place in places for choice in found.choices(place)]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return when it holds after some step of the node."""
        stepped = asyncio.Event()
        end = self.driver.watch(stepped.set)
        while not holds():
            stepped.clear()
            await stepped.wait()
        end()

    async def voted(self, belief: BeliefId) -> list[Choice]:
        """What the members answered, once all have."""
        await self.until(lambda: len(self.choices(belief)) == len(self.node.authors))
        return self.choices(belief)


class Kept(MemoryStore):
    """A store that outlives its node, the keys of who writes to it, and how they vote."""

    def __init__(self, members: int = 1, voting: VotingConfig | None = None) -> None:
        super().__init__()
        self.keys = KEYS[:members]
        self.config = Config(voting=voting or VotingConfig())


def _founded(members: int) -> tuple[Any, Any]:
    others = tuple(AdmitMember(public_key=key.public, name="") for key in KEYS[1:members])
    return found_fleet(KEYS[0], "stage", "n0", "", others)


FLEETS = {members: _founded(members) for members in (1, 2, 3)}


@asynccontextmanager
async def stage(
    *steps: AnyStep, store: Kept | None = None, at_a_time: int = 4, waiting_max: int = 64
) -> AsyncIterator[Stage]:
    """A running node with these evaluators."""
    one = Stage(steps, store or Kept(), at_a_time, waiting_max)
    one.driver.begin()
    try:
        yield one
    finally:
        await one.asking.close()
        one.driver.close()
