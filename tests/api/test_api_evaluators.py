"""Whole nodes with slow evaluators: what the API tells of them, and that they delay nobody."""

import asyncio
import runpy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from desk import Desk, desk, founded, settings_of, until

from credimus.kernel.errors import UsageError
from credimus.kernel.ids import BeliefId
from credimus.protocol.voting.interface import Ballot
from credimus.runtime.daemon import Daemon
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.runtime.evaluating.webhook import signature_fields
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import NodeKey, load_node_key
from credimus.runtime.settings.settings import (
    CallbackSettings,
    RulesSettings,
    WebhookSettings,
    read_settings,
    write_settings,
)
from credimus.state.operations import Choice
from loopback import http, loopback

EXAMPLE = Path(__file__).parents[2] / "examples" / "webhook_receiver.py"
RULES = '[[rule]]\ncategory = "quick"\naction = "accept"\n'
DAY_MS = 86_400_000


def chain(home: Home, url: str) -> dict[str, Any]:
    """Settings for rules, then a webhook that is waited for as long as can be."""
    (home.folder / "rules.toml").write_text(RULES)
    return {
        "evaluators": ("rules", "webhook"),
        "rules": RulesSettings(file="rules.toml"),
        "webhook": WebhookSettings(url=url, timeout_ms=DAY_MS),
    }


async def votes(desk: Desk, belief: str) -> list[str]:
    """What was answered in the belief's last round."""
    detail = await desk.get(f"/v1/beliefs/{belief}")
    return [one["choice"] for one in detail["rounds"][-1]["votes"]]


async def voted(desk: Desk, belief: str) -> list[str]:
    """The same, once somebody has answered."""
    rounds = desk.daemon.node.state.rounds
    await until(lambda: rounds.on(BeliefId(bytes.fromhex(belief)))[-1].voted > 0)
    return await votes(desk, belief)


async def outcomes(desk: Desk) -> tuple[int, int]:
    """How often the only slow evaluator answered, and how often it left the question to others."""
    (one,) = (await desk.get("/v1/status"))["evaluating"]["evaluators"]
    return one["answered"], one["left"]


def test_a_hanging_webhook_delays_no_decision(tmp_path: Path) -> None:
    async def main() -> None:
        home = founded(tmp_path)
        async with loopback(None) as server:
            settings = settings_of(home, **chain(home, server.url), timeout_ms=DAY_MS)
            async with desk(home, settings) as at:
                waits = await at.post("/v1/beliefs", content="a slow one", category="slow")
                await server.heard.wait()
                for number in range(5):
                    said = {"content": f"number {number}", "category": "quick"}
                    receipt = await at.post("/v1/beliefs", **said, wait_for="decided")
                    assert receipt["verdict"] == "accepted"
                evaluating = (await at.get("/v1/status"))["evaluating"]
                assert (evaluating["running"], evaluating["waiting"]) == (1, 0)
                assert await votes(at, waits["belief"]) == []

                server.hang_up()
                assert await voted(at, waits["belief"]) == ["abstain"]
                (webhook,) = (await at.get("/v1/status"))["evaluating"]["evaluators"]
                assert webhook["asked"] == 1
                assert webhook["failures"] == {"evaluator-malformed": 1}
                assert webhook["failing"]
                figures = (await at.client.get("/metrics")).text
                assert 'outcome="evaluator-malformed"} 1.0' in figures
                assert 'credimus_evaluations{state="running"} 0.0' in figures

    asyncio.run(asyncio.wait_for(main(), 60))


def test_what_was_asked_when_the_node_stopped_is_asked_again(tmp_path: Path) -> None:
    async def main() -> None:
        home = founded(tmp_path)
        async with loopback(None) as server:
            settings = settings_of(home, **chain(home, server.url), timeout_ms=DAY_MS)
            async with desk(home, settings) as at:
                belief = (await at.post("/v1/beliefs", content="a slow one"))["belief"]
                await server.heard.wait()
            server.answer = http(b'{"choice": "reject", "reason": "seen"}')
            async with desk(home, settings) as at:
                assert await voted(at, belief) == ["reject"]
                assert len(server.requests) == 2

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_callback_given_by_the_program(tmp_path: Path) -> None:
    async def main() -> None:
        home, asked = founded(tmp_path), []

        async def judge(inquiry: Inquiry) -> Ballot:
            asked.append(inquiry.content)
            return Ballot(Choice.ACCEPT, 900_000, "a model says so")

        settings = settings_of(home, evaluators=("callback",), callback=CallbackSettings())
        async with desk(home, settings, judge) as at:
            receipt = await at.post("/v1/beliefs", content="it rains", wait_for="decided")
            assert receipt["verdict"] == "accepted"
            assert asked == ["it rains"]

    asyncio.run(asyncio.wait_for(main(), 60))


def test_config_toml_names_the_chain(tmp_path: Path) -> None:
    home = founded(tmp_path)
    assert read_settings(home.config).voting.evaluators == ("local",)
    plain = Daemon.load(home)
    assert plain.asking is None
    asyncio.run(plain.close())
    write_settings(home.config, settings_of(home, evaluators=("rules", "local"), unknown="next"))
    with pytest.raises(UsageError, match=r"add \[voting.rules\]"):
        Daemon.load(home)


# --- the example


@contextmanager
def example(node: str) -> Iterator[ThreadingHTTPServer]:
    """The example's server, in a thread."""
    receiver: Callable[[str, int], ThreadingHTTPServer] = runpy.run_path(str(EXAMPLE))["receiver"]
    with receiver(node, 0) as server:
        server.RequestHandlerClass.log_message = lambda *_: None  # type: ignore[method-assign, assignment]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_the_example_votes_for_its_node(tmp_path: Path) -> None:
    async def main() -> None:
        home = founded(tmp_path)
        node = load_node_key(home.key).node_id.hex()
        with example(node) as server:
            url = f"http://127.0.0.1:{server.server_port}/"
            settings = settings_of(
                home,
                evaluators=("webhook", "local"),
                webhook=WebhookSettings(url=url, timeout_ms=DAY_MS, on_failure="leave"),
            )
            async with desk(home, settings) as at:
                seen = await at.post(
                    "/v1/beliefs",
                    content="the gate is open",
                    evidence=[{"kind": "camera", "content": "frame 81"}],
                    confidence=0.9,
                    wait_for="decided",
                )
                assert seen["verdict"] == "accepted"
                assert await outcomes(at) == (1, 0)
                heard = await at.post("/v1/beliefs", content="all is well", wait_for="decided")
                assert heard["verdict"] == "accepted"
                assert await outcomes(at) == (1, 1)

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.parametrize(
    ("signer", "now_ms_off", "altered", "status"),
    [
        (1, 0, False, 200),
        (2, 0, False, 403),
        (1, 0, True, 401),
        (1, -120_000, False, 401),
        (1, 120_000, False, 401),
        (None, 0, False, 401),
    ],
)
def test_the_example_answers_its_node_only(
    signer: int | None, now_ms_off: int, altered: bool, status: int
) -> None:
    clock = runpy.run_path(str(EXAMPLE))["time"]
    body = msgspec.json.encode({"assertions": []})
    moment = clock.time_ns() // 1_000_000 + now_ms_off
    key = NodeKey(bytes([signer or 1]) * 32)
    fields = signature_fields(key, body, moment) if signer else {}
    with example(NodeKey(bytes([1]) * 32).node_id.hex()) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        answer = httpx.post(url, content=body + b" " * altered, headers=fields)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"choice": "next"}
