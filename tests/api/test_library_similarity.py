"""A program's own function says how statements bear on each other."""

import asyncio
import logging
from pathlib import Path

import pytest
from desk import free_address

import credimus
from credimus.api.shapes.partitions import FindingName
from credimus.library.comparing import Compared
from credimus.library.node import Node
from credimus.runtime.home import Home
from credimus.runtime.joining.joining import Plan, found_home
from credimus.state.beliefs import Belief
from credimus.state.operations import Finding

PLACES = ("the drone is at berth 4", "the drone is at the depot")


def bears(one: str, other: str) -> FindingName:
    """Nothing is at two places."""
    if "unreadable" in one:
        raise KeyError(one)
    if "odd" in one:
        return "odd"  # type: ignore[return-value]
    both = one.split(" is at ", maxsplit=1)[0] == other.split(" is at ", maxsplit=1)[0]
    return "contradictory" if both and one != other else "compatible"


async def found_in(node: Node) -> list[tuple[str, str, Finding]]:
    """What the node finds in all that it holds."""
    running = node._daemon.node
    beliefs = sorted(running.state.beliefs, key=lambda one: one.content)
    contents = {one.id: one.content for one in beliefs}
    pairs = running.partition.similarity.pairs(beliefs)
    return [(contents[one], contents[other], finding) for one, other, finding in pairs]


async def state(node: Node, *contents: str, category: str = "observation") -> None:
    for content in contents:
        await node.assert_belief(content, category=category)


def test_a_node_asks_the_function_that_it_was_opened_with(tmp_path: Path) -> None:
    home = Home(tmp_path / "n0")
    found_home(home, "harbour", Plan(name="n0", listen=free_address(), api="127.0.0.1:0"))

    async def scene() -> None:
        async with Node.open(home.folder, similarity=bears) as node:
            await state(node, *PLACES)
            await state(node, "the drone is at sea", category="causal")
            assert await found_in(node) == [(*PLACES, Finding.CONTRADICTORY)]
        async with Node.open(home.folder) as node:
            assert await found_in(node) == [], "words do not show it"

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_fleet_to_try_out_takes_it_and_a_new_key_keeps_it() -> None:
    async def scene() -> None:
        async with credimus.fleet_of(["scout"], similarity=bears) as fleet:
            await state(fleet["scout"], *PLACES)
            await fleet["scout"].rotate_key()
            assert await found_in(fleet["scout"]) == [(*PLACES, Finding.CONTRADICTORY)]

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_function_that_fails_finds_nothing_and_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def said(content: str) -> Belief:
        belief = object.__new__(Belief)
        belief.content, belief.category = content, "general"
        return belief

    compared = Compared(bears)
    with caplog.at_level(logging.WARNING):
        for content in ("unreadable", "odd"):
            assert compared.compare(said(content), said("a ship")) is Finding.COMPATIBLE
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "the similarity failed"
    ] * 2
