"""A node in this process takes a new key, and goes on as the same member under a new id."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from desk import free_address

import credimus
from credimus.library.node import Node
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home
from credimus.runtime.joining.joining import Plan, found_home

PASSPHRASE = "several random words"


def run(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_member_of_a_fleet_goes_on_under_its_new_id() -> None:
    async def scene() -> None:
        async with credimus.fleet_of(["scout", "truck"]) as fleet:
            scout, truck = fleet["scout"], fleet["truck"]
            events = scout.watch(kinds=["asserted"])
            before = await scout.assert_belief("pier 4 is free", wait_for="decided", timeout=20)
            seen = await anext(events)
            reader = asyncio.ensure_future(anext(events))
            made = await scout.rotate_key()
            assert scout.status().node == made.new != made.old
            with pytest.raises(credimus.Unavailable) as ended:
                await reader
            assert ended.value.code == "stopping"
            assert scout.belief(before.belief).verdict == "accepted"
            events = scout.watch(after=seen.cursor, kinds=["asserted"])
            after = await scout.assert_belief("pier 5 is free")
            assert (await anext(events)).belief == after.belief
            assert await after.decided(timeout=20) == "accepted"
            names = {one.id: one.name for one in truck.members()}
            assert names[made.new] == "scout"
            assert made.old not in names
            again = await scout.rotate_key()
            assert again.old == made.new

    run(scene)


def test_a_protected_key_hands_its_passphrase_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "n0")
    plan = Plan(name="n0", listen=free_address(), api="127.0.0.1:0", passphrase=PASSPHRASE.encode())
    found_home(home, "harbour", plan)
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    monkeypatch.setenv("CREDIMUS_PASSPHRASE_FILE", str(secret))

    async def scene() -> None:
        async with credimus.Node.open(home.folder) as node:
            with pytest.raises(credimus.NotPermitted) as wrong:
                await node.rotate_key("another")
            assert wrong.value.code == "passphrase-wrong"
            made = await node.rotate_key(PASSPHRASE)
            assert node.status().node == made.new
            await node.assert_belief("the gate is shut")
        async with credimus.Node.open(home.folder) as node:
            assert node.status().node == made.new

    run(scene)


def test_a_node_that_can_not_begin_again_says_why_and_its_folder_has_the_new_key(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "n0")
    found_home(home, "harbour", Plan(name="n0", listen=free_address(), api="127.0.0.1:0"))

    async def scene() -> None:
        async with credimus.Node.open(home.folder) as node:
            old = node.status().node
            config = home.config.read_text()
            home.config.write_text("this is no configuration")
            with pytest.raises(credimus.UsageError) as problem:
                await node.rotate_key()
            assert problem.value.code == "bad-config"
            home.config.write_text(config)
        async with credimus.Node.open(home.folder) as node:
            assert node.status().node != old

    run(scene)


def test_a_caller_that_gives_up_leaves_a_node_that_works(tmp_path: Path) -> None:
    home = Home(tmp_path / "n0")
    found_home(home, "harbour", Plan(name="n0", listen=free_address(), api="127.0.0.1:0"))

    async def scene() -> None:
        async with credimus.Node.open(home.folder) as node:
            daemon: Daemon = node._daemon
            rotating = asyncio.ensure_future(node.rotate_key())
            await daemon.succeeded.wait()
            rotating.cancel()
            while node._daemon is daemon:
                await asyncio.sleep(0)
            await node.assert_belief("the gate is shut")

    run(scene)


def test_a_fleet_to_try_out_can_limit_categories() -> None:
    async def scene() -> None:
        async with credimus.fleet_of(["scout"], category_limits=["alarm=1/hour"]) as fleet:
            scout: Node = fleet["scout"]
            await scout.assert_belief("the mill burns", category="alarm")
            with pytest.raises(credimus.Unavailable) as refused:
                await scout.assert_belief("the barn burns", category="alarm")
            assert refused.value.code == "rate-limited"
            assert refused.value.retry_after_ms
            await scout.assert_belief("the barn stands", category="report")

    run(scene)


def test_a_call_from_another_thread_is_refused_and_says_what_to_do() -> None:
    async def scene() -> None:
        async with credimus.fleet_of(["scout"]) as fleet:
            scout, loop = fleet["scout"], asyncio.get_running_loop()

            def elsewhere() -> list[str]:
                codes = []
                calls = (
                    scout.status,
                    lambda: asyncio.run(scout.assert_belief("the gate is shut")),
                    lambda: asyncio.run(scout.rotate_key()),
                )
                for call in calls:
                    with pytest.raises(credimus.UsageError) as problem:
                        call()
                    codes.append(problem.value.code)
                brought = asyncio.run_coroutine_threadsafe(
                    scout.assert_belief("the gate is open"), loop
                )
                codes.append(brought.result(20).standing)
                return codes

            told = await asyncio.to_thread(elsewhere)
            assert told[:3] == ["wrong-thread"] * 3
            assert [one.content for one in scout.beliefs().beliefs] == ["the gate is open"]

    run(scene)
