"""Beliefs over HTTP: what is written, what is read back, what is refused and changes nothing."""

import asyncio
import time
from pathlib import Path

import pytest
from desk import Desk, assert_problem, play, until
from elsewhere import admit_them, decided_without

from credimus.node.commands import AdmitMember, LeaveFleet
from credimus.runtime.identity.credentials import NodeKey

GATE = "the north gate is open"


def test_an_asserted_belief_is_durable_decided_and_found(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        receipt = await desk.post(
            "/v1/beliefs",
            content=GATE,
            category="observation",
            confidence=0.9,
            evidence=[{"kind": "camera", "content": "frame 81"}],
            wait_for="decided",
        )
        assert receipt["verdict"] == "accepted"
        assert receipt["replicas"] == 1
        assert receipt["author"] == desk.daemon.node.id.hex()
        detail = await desk.get(f"/v1/beliefs/{receipt['belief']}")
        assert detail["content"] == GATE
        assert detail["assertions"][0]["evidence"] == [{"kind": "camera", "content": "frame 81"}]
        assert detail["assertions"][0]["name"] == "n0"
        assert detail["rounds"][0]["votes"][0]["choice"] == "accept"
        assert detail["rounds"][0]["id"] == receipt["round"]
        page = await desk.get(
            "/v1/beliefs", verdict="accepted", text="gate", category="observation"
        )
        assert [one["id"] for one in page["beliefs"]] == [receipt["belief"]]
        assert page["cursor"] is None

    play(tmp_path, scene)


def test_a_query_never_answers_from_before_the_last_receipt(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        for number in range(5):
            await desk.post("/v1/beliefs", content=f"gauge {number} is dry", wait_for="local")
            page = await desk.get("/v1/beliefs")
            assert len(page["beliefs"]) == number + 1

    play(tmp_path, scene)


def test_pages_follow_each_other(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        written = {
            (await desk.post("/v1/beliefs", content=f"gauge {n} is dry"))["belief"]
            for n in range(5)
        }
        seen: list[str] = []
        cursor = None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = await desk.get("/v1/beliefs", **query)
            seen += [one["id"] for one in page["beliefs"]]
            cursor = page["cursor"]
            if cursor is None:
                break
        assert len(seen) == 5
        assert set(seen) == written

    play(tmp_path, scene)


def test_retracting_relating_and_proposing_again(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        one = await desk.post("/v1/beliefs", content=GATE, wait_for="decided")
        other = await desk.post("/v1/beliefs", content="the north gate is shut", propose=False)
        assert other["round"] is None
        assert other["verdict"] is None
        await desk.post(
            f"/v1/beliefs/{one['belief']}/relations", relation="contradicts", target=other["belief"]
        )
        again = await desk.post(
            f"/v1/beliefs/{one['belief']}/rounds", scheme="supermajority", threshold="4/5"
        )
        assert again["round"] != one["round"]
        await desk.post(f"/v1/beliefs/{one['belief']}/retract", reason="a reflection")
        detail = await desk.get(f"/v1/beliefs/{one['belief']}")
        assert detail["assertions"] == []
        assert detail["relations"][0]["relation"] == "contradicts"
        assert [found["scheme"] for found in detail["rounds"]] == ["byzantine", "supermajority"]
        problem = await desk.refusal(f"/v1/beliefs/{one['belief']}/retract", 409)
        assert problem["code"] == "nothing-to-retract"

    play(tmp_path, scene)


def test_a_belief_is_found_by_a_beginning_of_its_id(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        belief = (await desk.post("/v1/beliefs", content=GATE))["belief"]
        assert (await desk.get(f"/v1/beliefs/{belief[:8].upper()}"))["id"] == belief
        absent = "f" * 8 if belief[0] != "f" else "0" * 8
        assert (await desk.refusal(f"/v1/beliefs/{absent}", 404, "GET"))["code"] == "unknown-belief"
        for wrong in ("abc", "xyzw", "a" * 33):
            problem = await desk.refusal(f"/v1/beliefs/{wrong}", 422, "GET")
            assert problem["code"] == "bad-belief-id"

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ({"content": "x" * 1_025}, "belief-too-long", "1025 bytes"),
        ({"content": "é" * 513}, "belief-too-long", "1026 bytes"),
        ({"content": "  "}, "belief-empty", "content"),
        ({"content": GATE, "confidence": 1.01}, "out-of-range", "1.01"),
        ({"content": GATE, "confidence": -0.1}, "out-of-range", "-0.1"),
        ({"content": GATE, "category": "Bad Category"}, "bad-category", "Bad Category"),
        (
            {"content": GATE, "evidence": [{"kind": "a", "content": "b"}] * 11},
            "too-much-evidence",
            "11 items",
        ),
        (
            {"content": GATE, "evidence": [{"kind": "a", "content": "b" * 1_025}]},
            "too-long",
            "1025 bytes",
        ),
        ({"content": GATE, "ttl_ms": -1}, "out-of-range", "ttl"),
        ({"content": GATE, "colour": "red"}, "bad-field", "`colour`"),
        (
            {"content": GATE, "evidence": [{"kind": "a", "text": "b"}]},
            "bad-field",
            "`evidence[0].text`",
        ),
        ({"content": 7}, "bad-field", "`content` must be text, not a whole number"),
        ({}, "bad-field", "`content`"),
        ({"content": GATE, "wait_for": "soon"}, "bad-field", "wait_for"),
        ({"content": GATE, "wait_for": "replicated:0"}, "out-of-range", "replicated:0"),
        ({"content": GATE, "wait_for": "replicated:2"}, "out-of-range", "1 members"),
        ({"content": GATE, "timeout": 0}, "bad-field", "timeout"),
        ({"content": GATE, "scheme": "dictator"}, "bad-field", "scheme"),
        ({"content": GATE, "scheme": "majority", "threshold": 0.7}, "bad-threshold", "majority"),
        ({"content": GATE, "scheme": "supermajority", "threshold": "x"}, "bad-threshold", "3/4"),
        ({"content": GATE, "wait_for": "decided", "propose": False}, "bad-field", "propose"),
    ],
)
def test_a_wrong_belief_is_refused_and_leaves_nothing(
    tmp_path: Path, body: dict[str, object], code: str, says: str
) -> None:
    async def scene(desk: Desk) -> None:
        problem = await desk.refusal("/v1/beliefs", 422, **body)
        assert problem["code"] == code
        assert says in problem["detail"]
        assert problem["kind"] == "usage"
        assert problem["definite"] is True
        assert (await desk.get("/v1/beliefs"))["beliefs"] == []

    play(tmp_path, scene)


@pytest.mark.parametrize("action", ["votes", "retract", "rounds", "relations"])
def test_an_unknown_belief_is_refused(tmp_path: Path, action: str) -> None:
    bodies = {
        "votes": {"choice": "accept"},
        "relations": {"relation": "supports", "target": "0" * 32},
    }

    async def scene(desk: Desk) -> None:
        path = f"/v1/beliefs/{'0' * 32}/{action}"
        problem = await desk.refusal(path, 404, **bodies.get(action, {}))
        assert problem["code"] == "unknown-belief"

    play(tmp_path, scene)


def test_a_second_vote_is_refused(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        belief = (await desk.post("/v1/beliefs", content=GATE, wait_for="decided"))["belief"]
        problem = await desk.refusal(f"/v1/beliefs/{belief}/votes", 409, choice="reject")
        assert problem["code"] == "already-voted"

    play(tmp_path, scene)


def test_a_vote_in_a_closed_round_is_refused(tmp_path: Path) -> None:
    """Two others decide while this node is away; when it hears of it, the round is closed."""

    async def scene(desk: Desk) -> None:
        await admit_them(desk.daemon)
        belief, end_ms, said = decided_without(desk.daemon, GATE)
        await until(lambda: time.time_ns() // 1_000_000 > end_ms)
        desk.daemon.driver.deliver(said)
        await desk.daemon.driver.when_decided(belief)
        problem = await desk.refusal(f"/v1/beliefs/{belief.hex()}/votes", 409, choice="accept")
        assert problem["code"] == "round-closed"

    play(tmp_path, scene)


def test_who_is_no_member_any_more_writes_nothing(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.daemon.driver.submit(LeaveFleet()).local()
        problem = await desk.refusal("/v1/beliefs", 409, content=GATE)
        assert problem["code"] == "not-a-member"

    play(tmp_path, scene)


def test_who_waits_for_a_verdict_is_told_when_the_node_stops(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        absent = AdmitMember(public_key=NodeKey(b"\x05" * 32).public, name="absent")
        await desk.daemon.driver.submit(absent).local()
        body = {"content": GATE, "wait_for": "decided", "timeout": 600}
        asking = asyncio.create_task(desk.client.post("/v1/beliefs", json=body))
        while not len(desk.daemon.node.state.beliefs):
            await asyncio.sleep(0)
        desk.daemon.driver.close()
        answer = await asking
        assert_problem(answer)
        assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
        assert answer.json()["belief"] == next(iter(desk.daemon.node.state.beliefs)).id.hex()

    play(tmp_path, scene)


def test_what_was_written_is_told_when_the_wait_is_over(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        absent = AdmitMember(public_key=NodeKey(b"\x05" * 32).public, name="absent")
        await desk.daemon.driver.submit(absent).local()
        for wait_for, code in (("decided", "undecided"), ("replicated:2", "not-replicated")):
            answer = await desk.client.post(
                "/v1/beliefs",
                json={"content": f"{GATE} {wait_for}", "wait_for": wait_for, "timeout": 0.05},
            )
            assert answer.status_code == 503
            assert_problem(answer)
            problem = answer.json()
            assert problem["code"] == code
            assert problem["definite"] is False
            detail = await desk.get(f"/v1/beliefs/{problem['belief']}")
            assert detail["rounds"][0]["id"] == problem["round"]

    play(tmp_path, scene)


def test_a_full_disk_refuses_writes_until_there_is_room(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        connection = desk.daemon.store.database.connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        evidence = [{"kind": "photo", "content": "b" * 1_000}] * 10
        for number in range(20):
            asked = {"content": f"gauge {number} is dry", "evidence": evidence}
            answer = await desk.client.post("/v1/beliefs", json=asked)
            if answer.status_code != 201:
                break
        assert answer.status_code == 507
        assert_problem(answer)
        assert answer.json()["code"] == "disk-full"
        assert answer.json()["definite"] is False, "this one waits in memory"
        later = await desk.refusal("/v1/beliefs", 507, content=GATE)
        assert later["definite"] is True
        assert (await desk.refusal("/readyz", 507, "GET"))["code"] == "disk-full"
        assert (await desk.get("/v1/status"))["failure"]["code"] == "disk-full"
        assert (await desk.get("/health"))["status"] == "failing"
        connection.execute(f"PRAGMA max_page_count = {pages + 10_000}").fetchall()
        await until(lambda: desk.daemon.driver.failure is None)
        await desk.post("/v1/beliefs", content=GATE, wait_for="decided")
        assert len((await desk.get("/v1/beliefs", limit=1_000))["beliefs"]) == number + 2

    play(tmp_path, scene)
