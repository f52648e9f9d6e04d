"""Tokens with scopes over HTTP, keys for writes, entity tags, pages of members."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk import Desk, assert_problem, founded, play
from elsewhere import admit_them

from credimus.api.table import ENDPOINTS
from credimus.runtime.keys import KEY_BYTES_MAX


async def bearer(desk: Desk, *scopes: str) -> dict[str, str]:
    """Headers with a new token of these scopes."""
    made = await desk.post("/v1/tokens", name="test", scopes=list(scopes))
    return {"Authorization": f"Bearer {made['token']}"}


def test_a_token_is_made_listed_used_and_revoked(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        made = await desk.post("/v1/tokens", name="dashboard", scopes=["read"], expires_s=60)
        listed = await desk.get("/v1/tokens")
        assert [(one["id"], one["name"], one["scopes"], one["expired"]) for one in listed] == [
            (made["id"], "dashboard", ["read"], False)
        ]
        assert made["token"] not in str(listed)
        headers = {"Authorization": f"Bearer {made['token']}"}
        assert (await desk.client.get("/v1/status", headers=headers)).status_code == 200
        gone = await desk.post(f"/v1/tokens/{made['id']}/revoke")
        assert gone["id"] == made["id"]
        answer = await desk.client.get("/v1/status", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "token-wrong")
        assert_problem(answer)
        assert await desk.get("/v1/tokens") == []
        problem = await desk.refusal(f"/v1/tokens/{made['id']}/revoke", 404)
        assert problem["code"] == "unknown-token"

    play(tmp_path, scene)


@pytest.mark.parametrize("held", ["read", "assert", "vote", "admin"])
def test_every_endpoint_asks_for_its_scope(tmp_path: Path, held: str) -> None:
    async def scene(desk: Desk) -> None:
        headers = await bearer(desk, held)
        for one in ENDPOINTS:
            if one.path == "/v1/events/stream" and held in ("read", "admin"):
                continue  # goes on for ever
            path = one.path.replace("{id}", "ab" * 16)
            answer = await desk.client.request(one.method, path, headers=headers)
            may = one.scope is None or held in (one.scope, "admin")
            if one.path == "/v1/join":
                continue  # the ticket is the permission
            assert (answer.status_code == 403) is not may, one.path
            if not may:
                assert_problem(answer)
                assert answer.json()["code"] == "scope-missing"
                assert f"the scope {one.scope}," in answer.json()["detail"]
            answer = await desk.client.request(one.method, path, headers={"Authorization": ""})
            assert (answer.status_code == 401) is (one.scope is not None), one.path

    play(tmp_path, scene)


def test_a_key_gives_the_first_answer_again_after_a_restart_too(tmp_path: Path) -> None:
    home = founded(tmp_path)
    answers: list[Any] = []
    key = {"Idempotency-Key": "4f6c"}

    def named(answer: httpx.Response) -> Any:
        return {name: answer.json()[name] for name in ("belief", "round", "author", "sequence")}

    async def ask(desk: Desk, content: str = "it rains", **headers: str) -> Any:
        body = {"content": content, "wait_for": "decided"}
        return await desk.client.post("/v1/beliefs", json=body, headers={**key, **headers})

    async def before(desk: Desk) -> None:
        first = await ask(desk)
        assert "idempotent-replayed" not in first.headers
        blocks = desk.blocks
        again = await ask(desk)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.status_code == first.status_code
        assert named(again) == named(first)
        assert desk.blocks == blocks
        answers.append(named(first))
        other = await ask(desk, "it pours")
        assert (other.status_code, other.json()["code"]) == (409, "key-reused")
        assert_problem(other)
        strangers = [await bearer(desk, "assert") for _ in range(2)]
        for headers in strangers:
            stranger = await ask(desk, "it pours", **headers)
            assert stranger.status_code == 201, "another principal's keys are its own"
            assert "idempotent-replayed" not in stranger.headers
        for headers in strangers:
            assert (await ask(desk, "it pours", **headers)).headers["idempotent-replayed"]

    async def after(desk: Desk) -> None:
        again = await ask(desk)
        assert again.headers["idempotent-replayed"] == "true"
        assert named(again) == answers[0]

    play(tmp_path, before, home)
    play(tmp_path, after, home)


def test_a_key_may_stand_in_the_header_or_in_the_body(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        async def ask(header: str | None, field: str | None) -> httpx.Response:
            body = {"content": "it rains", **({} if field is None else {"key": field})}
            headers = {} if header is None else {"Idempotency-Key": header}
            return await desk.client.post("/v1/beliefs", json=body, headers=headers)

        first = await ask("k", None)
        for given in ((None, "k"), ("k", "k")):
            again = await ask(*given)
            assert again.headers["idempotent-replayed"] == "true"
            assert again.json()["sequence"] == first.json()["sequence"]
        refused = await ask("k", "other")
        assert_problem(refused)
        assert (refused.status_code, refused.json()["code"]) == (422, "key-given-twice")
        assert "'k'" in refused.json()["detail"]
        assert "'other'" in refused.json()["detail"]

    play(tmp_path, scene)


def test_callers_with_one_key_at_once_share_one_write(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        headers = {"Idempotency-Key": "k"}
        asking = [
            desk.client.post("/v1/beliefs", json={"content": "it rains"}, headers=headers)
            for _ in range(5)
        ]
        found = await asyncio.gather(*asking)
        assert len({one.content for one in found}) == 1
        belief = found[0].json()["belief"]
        assert len((await desk.get(f"/v1/beliefs/{belief}"))["assertions"]) == 1

    play(tmp_path, scene)


def test_keys_that_can_not_be(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        for path, key, code in (
            ("/v1/beliefs", "", "key-unusable"),
            ("/v1/beliefs", "k" * (KEY_BYTES_MAX + 1), "key-unusable"),
            ("/v1/tokens", "k", "key-not-taken"),
            ("/v1/tickets", "k", "key-not-taken"),
        ):
            answer = await desk.client.post(
                path, json={"content": "it rains"}, headers={"Idempotency-Key": key}
            )
            assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert (await desk.get("/v1/status"))["beliefs"] == 0

    play(tmp_path, scene)


def test_a_belief_that_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        belief = (await desk.post("/v1/beliefs", content="it rains", wait_for="decided"))["belief"]
        for path in (f"/v1/beliefs/{belief}", "/v1/beliefs"):
            answer = await desk.client.get(path)
            tag = answer.headers["etag"]
            for wanted in (tag, f"W/{tag}", f'"other", {tag}', "*"):
                again = await desk.client.get(path, headers={"If-None-Match": wanted})
                assert (again.status_code, again.content) == (304, b"")
                assert again.headers["etag"] == tag
            assert (await desk.client.get(path, headers={"If-None-Match": '"x"'})).content
        await desk.post("/v1/beliefs", content="it pours", propose=False)
        again = await desk.client.get(f"/v1/beliefs/{belief}", headers={"If-None-Match": "x"})
        tag = again.headers["etag"]
        await desk.post(f"/v1/beliefs/{belief}/retract")
        changed = await desk.client.get(f"/v1/beliefs/{belief}", headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag

    play(tmp_path, scene)


def test_members_come_in_pages_that_link_to_each_other(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit_them(desk.daemon)
        whole = await desk.get("/v1/members")
        assert len(whole) == 3
        found: list[Any] = []
        target = "/v1/members?limit=1"
        while target:
            answer = await desk.client.get(target)
            found += answer.json()
            target = answer.headers.get("link", "").partition("<")[2].partition(">")[0]
        assert found == whole
        problem = await desk.refusal("/v1/members?cursor=x", 422, "GET")
        assert problem["code"] == "bad-cursor"

    play(tmp_path, scene)


def test_health_tells_of_lag_and_quorum(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        health = await desk.get("/health")
        assert (health["status"], health["quorum"], health["in_sync"]) == ("ok", True, True)
        await admit_them(desk.daemon)
        health = await desk.get("/health")
        assert (health["cluster_size"], health["expected"]) == (1, 3)
        assert (health["status"], health["quorum"]) == ("degraded", False)
        assert [(one["name"], one["connected"]) for one in health["lag"]] == [("other", False)] * 2
        assert {one["blocks"] for one in health["lag"]} == {desk.blocks}
        assert (await desk.get("/readyz")) == {"status": "ok"}, "a partition does not matter"

    play(tmp_path, scene)


def test_head_and_unknown_methods(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        head = await desk.client.head("/v1/members")
        assert (head.status_code, head.content) == (200, b"")
        answer = await desk.client.put("/v1/beliefs")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
        for path in ("/v1/beliefs/{id}", "/v1//votes", "/v1/beliefs/", "//", "/v1/beliefs/a/b/c"):
            assert (await desk.refusal(path, 404, "GET"))["code"] == "no-such-path"
        for path in ("/v1/status?x=1", "/livez?x=1"):
            problem = await desk.refusal(path, 422, "GET")
            assert "`x`" in problem["detail"]
        problem = await desk.refusal("/v1/beliefs?x=1", 422, content="it rains")
        assert "`x`" in problem["detail"]

    play(tmp_path, scene)
