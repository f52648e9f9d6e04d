"""Sets a fleet up as its operators would: init, invite, join, up. And takes it down again."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from credimus.demo.calls import Refused
from credimus.demo.member import Member, Place, end_all
from credimus.demo.ports import free_ports
from credimus.demo.reading import knowledge_of
from credimus.demo.scenario import Scenario
from credimus.demo.telling import NodeNow, Teller
from credimus.demo.together import together
from credimus.kernel.errors import Unavailable

MEET_S_MAX = 60.0
"""The longest that the nodes may take to meet, in s. [guess: a busy machine]"""
_PAUSE_S = 0.1
_SHOW_S = 0.4

Status = dict[str, Any]


class Stage:
    """The nodes of one scenario, in folders below one folder."""

    def __init__(self, scenario: Scenario, folder: Path, teller: Teller) -> None:
        self.scenario = scenario
        self.folder = folder
        self.teller = teller
        self.members = [
            Member(place, self._options(place.name)) for place in _places(scenario, folder)
        ]
        self.cut_off: set[str] = set()
        """Names of nodes whose links are down by order."""

    def __getitem__(self, name: str) -> Member:
        return next(member for member in self.members if member.name == name)

    @property
    def up(self) -> list[Member]:
        """The members whose process runs."""
        return [member for member in self.members if member.pid is not None]

    def others(self, name: str) -> list[Member]:
        """The running members but one."""
        return [member for member in self.up if member.name != name]

    # --- setting up

    async def set_up(self) -> None:
        """Make all nodes, start them, and wait until each sees all others.

        Raises:
            InternalError, Unavailable: with what went wrong where.
        """
        for sub in ("logs", "knowledge"):
            (self.folder / sub).mkdir()
        for name in self.scenario.names:
            path = self._knowledge(name)
            path.write_text(knowledge_of(self.scenario, name), encoding="utf-8")
        founder, *joiners = self.members
        place = founder.place
        await founder.run(
            "init", str(place.home), "--fleet", self.scenario.fleet, "--name", place.name,
            "--listen", place.listen, "--api", place.api,
        )  # fmt: skip
        await self._start(founder)
        self.teller.tell("step", f"{founder.name} founds the fleet and issues tickets")
        await together(self._join(founder, joiner) for joiner in joiners)
        await self._met()
        self.teller.tell("step", f"all {len(self.members)} nodes see each other, over mutual TLS")

    async def _join(self, founder: Member, joiner: Member) -> None:
        ticket = (await founder.run("invite", "--home", str(founder.place.home)))["ticket"]
        place = joiner.place
        await joiner.run(
            "join", str(place.home), ticket, "--name", place.name,
            "--listen", place.listen, "--api", place.api,
        )  # fmt: skip
        await self._start(joiner)
        self.teller.tell("step", f"{joiner.name} has joined ({place.home.name}, {place.listen})")

    async def _start(self, member: Member) -> None:
        member.up()
        await member.ready()

    async def _met(self) -> None:
        """Wait until everybody has everybody in the roster and a link to everybody."""
        count = len(self.members)
        statuses: list[Status] = []
        try:
            async with asyncio.timeout(MEET_S_MAX):
                while True:
                    statuses = await self.statuses(self.members)
                    if (
                        all(
                            one["members"] == count and len(one["neighbours"]) == count - 1
                            for one in statuses
                        )
                        and len(statuses) == count
                    ):
                        return
                    await asyncio.sleep(_PAUSE_S)
        except TimeoutError:
            seen = ", ".join(
                f"{one['name']} sees {len(one['neighbours'])} of {one['members'] - 1}"
                for one in statuses
            )
            raise Unavailable(
                "fleet-not-ready", f"after {MEET_S_MAX:.0f} s the nodes have not met: {seen}"
            ) from None

    # --- looking

    async def statuses(self, members: Sequence[Member]) -> list[Status]:
        """What those of the nodes that answer say of themselves."""
        answers = await asyncio.gather(*(self.status(one) for one in members))
        return [one for one in answers if one is not None]

    async def status(self, member: Member) -> Status | None:
        """What a node says of itself; None when it does not answer."""
        with suppress(Unavailable, Refused):
            answer: Status = await member.ask("GET", "/v1/status")
            return answer
        return None

    async def beliefs(self, member: Member) -> dict[str, dict[str, Any]]:
        """A node's list of beliefs, by id."""
        found: dict[str, dict[str, Any]] = {}
        cursor = ""
        while True:
            page = await member.ask("GET", f"/v1/beliefs?limit=1000{cursor}")
            found.update((one["id"], one) for one in page["beliefs"])
            if page["cursor"] is None:
                return found
            cursor = f"&cursor={page['cursor']}"

    async def blocks(self, members: Sequence[Member]) -> int:
        """The most blocks that one of the nodes holds."""
        return max((one["blocks"] for one in await self.statuses(members)), default=0)

    async def holds(self, member: Member, count: int, seconds: float) -> float | None:
        """Wait until a node holds that many blocks.

        Returns:
            How long it took, in s; None when it took too long.
        """
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            status = await self.status(member)
            if status is not None and status["blocks"] >= count:
                return time.monotonic() - begun
            await asyncio.sleep(0.05)
        return None

    async def show_for_ever(self) -> None:
        """Keep the teller's view of the nodes current."""
        while True:
            self.teller.show([await self._now(member) for member in self.members])
            await asyncio.sleep(_SHOW_S)

    async def _now(self, member: Member) -> NodeNow:
        if member.pid is None:
            return NodeNow(name=member.name, state="dead" if member.started else "starting")
        status = await self.status(member)
        if status is None:
            return NodeNow(name=member.name, state="starting")
        return NodeNow(
            name=member.name,
            state="cut off" if member.name in self.cut_off else "up",
            neighbours=len(status["neighbours"]),
            blocks=status["blocks"],
            beliefs=status["beliefs"],
            decided=status["decided"],
            fingerprint=status["fingerprint"],
        )

    # --- taking down

    async def end(self) -> None:
        """End every process that was started."""
        await end_all(self.members)

    def end_now(self) -> None:
        """The same at once, without a loop; for when `end` was not let finish."""
        for member in self.members:
            member.end_now()

    # --- private

    def _knowledge(self, name: str) -> Path:
        return self.folder / "knowledge" / f"{name}.toml"

    def _options(self, name: str) -> list[str]:
        scenario = self.scenario
        return [
            "--knowledge", str(self._knowledge(name)), "--unknown", "abstain",
            "--timeout-ms", str(scenario.timeout_ms),
            "--attempts-max", str(scenario.attempts_max),
        ]  # fmt: skip


def _places(scenario: Scenario, folder: Path) -> list[Place]:
    ports = free_ports(2 * len(scenario.node))
    return [
        Place(
            name=name,
            home=folder / name,
            listen=f"127.0.0.1:{ports[2 * number]}",
            api=f"127.0.0.1:{ports[2 * number + 1]}",
            log=folder / "logs" / f"{name}.log",
        )
        for number, name in enumerate(scenario.names)
    ]
