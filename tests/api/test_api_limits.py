"""Rates, breakers and the journal over HTTP, and the library's view of a refusal."""

import asyncio
from pathlib import Path

import httpx
import msgspec
import pytest
from desk import Desk, assert_problem, desk, founded, play, settings_of, until

import credimus
from credimus.api.problems import answer_of, problem_of
from credimus.api.shapes import answers as shapes
from credimus.kernel.bucket import Rate
from credimus.kernel.errors import Unavailable
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant
from credimus.library.asking import error_of
from credimus.protocol.voting.interface import Ballot
from credimus.runtime.access import rates
from credimus.runtime.access.rates import Rates
from credimus.runtime.audit.check import check_log
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.runtime.identity.credentials import name_of_key
from credimus.runtime.identity.rotating import rotate_key
from credimus.runtime.settings.keeping import LimitSettings
from credimus.runtime.settings.settings import CallbackSettings, read_settings

PEER = NodeId(b"p" * 16)


async def write(desk: Desk, number: int, **headers: str) -> httpx.Response:
    body = {"content": f"said {number}", "category": "observation", "propose": False}
    return await desk.client.post("/v1/beliefs", json=body, headers=headers)


def test_a_token_that_writes_too_fast_is_told_when_to_come_back(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        made = await desk.post("/v1/tokens", name="slow", scopes=["assert"], writes_per_s=1)
        slow = {"Authorization": f"Bearer {made['token']}"}
        assert [(await write(desk, n, **slow)).status_code for n in range(2)] == [201, 201]
        blocks = desk.blocks
        refused = await write(desk, 3, **slow)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        problem = refused.json()
        assert_problem(refused)
        assert (problem["code"], problem["definite"], problem["retry"]) == (
            "rate-limited", True, True
        )  # fmt: skip
        assert 0 < problem["retry_after_ms"] <= 1_000
        assert desk.blocks == blocks
        assert (await write(desk, 4)).status_code == 201, "the others go on"
        (listed,) = await desk.get("/v1/tokens")
        assert listed["writes_per_s"] == 1
        assert (await desk.get("/v1/status"))["doors"]["refused"] == 1
        assert "credimus_requests_limited_total 1.0" in (await desk.client.get("/metrics")).text

    play(tmp_path, scene)


def test_a_repetition_under_a_key_is_no_further_write(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        desk.daemon.rates = Rates(LimitSettings(writes_per_s=1))
        for _ in range(10):
            answer = await write(desk, 1, **{"Idempotency-Key": "again"})
            assert answer.status_code == 201

    play(tmp_path, scene)


def test_guessing_tokens_is_slow_and_is_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "STRANGERS", Rate(1, 5))

    async def scene(desk: Desk) -> None:
        wrong = {"Authorization": "Bearer credimus-token-wrong"}
        codes = [
            (await desk.client.get("/v1/status", headers=wrong)).status_code for _ in range(50)
        ]
        assert codes[0] == 401
        assert 429 in codes
        assert (await desk.client.get("/v1/status")).status_code == 200
        whats = [(one["what"], one["on"]) for one in await desk.get("/v1/actions")]
        assert whats == [("refused", "token-wrong"), ("started", "n0")]

    play(tmp_path, scene)


def test_what_is_done_at_the_node_is_entered_with_who_did_it(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        made = await desk.post("/v1/tokens", name="boss", scopes=["admin"])
        boss = {"Authorization": f"Bearer {made['token']}"}
        ticket = await desk.client.post("/v1/tickets", json={}, headers=boss)
        assert ticket.status_code == 201, ticket.text
        await desk.post(f"/v1/tokens/{made['id']}/revoke")
        await desk.post("/v1/backups")
        actions = await desk.get("/v1/actions", limit=4)
        assert [(one["what"], one["name"], one["principal"]) for one in actions] == [
            ("copied", "owner", ""),
            ("token-revoked", "owner", ""),
            ("ticket-made", "boss", made["id"]),
            ("token-created", "owner", ""),
        ]
        assert made["token"] not in str(actions)
        assert ticket.json()["ticket"] not in str(actions)

    play(tmp_path, scene)


def test_the_journal_holds_across_a_rotation_of_the_key(tmp_path: Path) -> None:
    home = founded(tmp_path)

    async def scene(desk: Desk) -> None:
        await desk.post("/v1/tokens", name="boss", scopes=["admin"])

    play(tmp_path, scene, home)
    fleet = read_settings(home.config).fleet_id
    before = name_of_key(home.key).public
    rotate_key(home)
    play(tmp_path, scene, home)
    now = name_of_key(home.key).public
    assert now != before
    found = check_log(home.database, fleet, now)
    assert found.broken is None
    assert found.actions == 4


def test_a_peer_that_is_ignored_is_shown_everywhere(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        node = desk.daemon.node
        node.state.roster.keys[PEER] = bytes(32)
        moment = Instant(0)
        most = desk.daemon.node.guard._config.messages.burst
        for _ in range(most + 70):
            node.guard.admits(PEER, moment)
        doors = (await desk.get("/v1/status"))["doors"]
        assert doors["ignored"] == 70
        assert [(one["kind"], one["state"], one["opened"]) for one in doors["breakers"]] == [
            ("peer", "open", 1)
        ]
        assert (await desk.get("/health"))["left_alone"] == [f"peer {PEER.hex()[:12]}"]
        text = (await desk.client.get("/metrics")).text
        assert f'credimus_breaker{{kind="peer",subject="{PEER.hex()}"}} 2.0' in text
        assert "credimus_messages_ignored_total 70.0" in text

    play(tmp_path, scene)


def test_an_evaluator_that_fails_again_and_again_is_spared(tmp_path: Path) -> None:
    asked: list[str] = []

    def judge(inquiry: Inquiry) -> Ballot:
        asked.append(inquiry.content)
        raise RuntimeError("the model is out")

    async def scene(desk: Desk) -> None:
        for number in range(9):
            await desk.post(
                "/v1/beliefs", content=f"question {number}", wait_for="local", timeout=5
            )
            answers = desk.daemon.asking
            assert answers is not None
            await desk_until(desk, number + 1)
        assert len(asked) == 5
        doors = (await desk.get("/v1/status"))["doors"]
        (breaker,) = doors["breakers"]
        assert (breaker["kind"], breaker["name"], breaker["state"]) == (
            "evaluator", "callback", "open"
        )  # fmt: skip
        assert breaker["spared"] == 4
        assert (await desk.get("/health"))["left_alone"] == ["evaluator callback"]

    async def desk_until(one: Desk, count: int) -> None:
        counts = one.daemon.asking.counts[0]  # type: ignore[union-attr]
        await until(lambda: counts.asked_count + counts.spared_count == count)

    home = founded(tmp_path)

    async def main() -> None:
        settings = settings_of(home, evaluators=("callback",), callback=_callback())
        async with desk(home, settings, judge) as one:
            await scene(one)

    asyncio.run(asyncio.wait_for(main(), 60))


def _callback() -> CallbackSettings:
    return CallbackSettings(on_failure="leave")


def test_the_library_tells_when_to_try_again() -> None:
    error = Unavailable("overloaded", "the member has written all that it may").after(2_500)
    problem = msgspec.to_builtins(problem_of(error))
    assert msgspec.convert(problem, shapes.Problem).retry_after_ms == 2_500
    again = error_of(problem)
    assert isinstance(again, credimus.Unavailable)
    assert (again.retry, again.definite, again.retry_after_ms) == (True, True, 2_500)


@pytest.mark.parametrize("wait_ms", [1, 999, 1_000, 1_001])
def test_the_header_says_it_in_whole_seconds(wait_ms: int) -> None:
    headers = dict(answer_of(Unavailable("overloaded", "full").after(wait_ms)).headers)
    assert headers["retry-after"] == str(max(1, -(-wait_ms // 1_000)))
