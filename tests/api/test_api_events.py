"""Events, keys and receipts over HTTP, as any client sees them."""

import asyncio
from pathlib import Path

import pytest
from desk import Desk, play

GATE = "the north gate is open"


def test_events_are_read_page_by_page(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        start = (await desk.get("/v1/events"))["cursor"]
        receipt = await desk.post("/v1/beliefs", content=GATE, wait_for="decided")
        seen: list[str] = []
        cursor = start
        while True:
            page = await desk.get("/v1/events", after=cursor, limit=2)
            if not page["events"]:
                break
            seen += [event["kind"] for event in page["events"]]
            assert all(event["belief"] == receipt["belief"] for event in page["events"])
            cursor = page["cursor"]
            assert page["events"][-1]["cursor"] == cursor
        assert seen == ["asserted", "opened", "decided"]
        assert (await desk.get("/v1/events"))["cursor"] == cursor

    play(tmp_path, scene)


def test_a_reader_waits_for_the_first_event(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        reading = asyncio.create_task(desk.get("/v1/events", timeout=30))
        while not desk.daemon.feed._waiting:
            await asyncio.sleep(0)
        await desk.post("/v1/beliefs", content=GATE)
        page = await reading
        assert page["events"][0]["kind"] == "asserted"
        assert page["events"][0]["first"] is True
        assert "round" not in page["events"][0], "what does not apply is left out"
        empty = await desk.get("/v1/events", after=page["cursor"], timeout=0.01, limit=1_000)
        assert all(event["kind"] != "asserted" for event in empty["events"])

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/events?after=x", "bad-cursor"),
        ("/v1/events?limit=0", "bad-field"),
        ("/v1/events?timeout=3600", "bad-field"),
        ("/v1/receipts/0", "bad-field"),
        ("/v1/receipts/999999", "bad-field"),
        ("/v1/receipts/000000000000001999", "bad-field"),
        ("/v1/receipts/x", "bad-field"),
        ("/v1/receipts/1?round=x", "bad-field"),
        ("/v1/receipts/1?wait_for=replicated:9", "out-of-range"),
    ],
)
def test_what_is_no_place_is_refused(tmp_path: Path, path: str, code: str) -> None:
    async def scene(desk: Desk) -> None:
        assert (await desk.refusal(path, 422, "GET"))["code"] == code

    play(tmp_path, scene)


def test_a_request_repeated_under_its_key_is_made_once(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        body = {"content": GATE, "key": "order-17"}
        first = await desk.post("/v1/beliefs", **body)
        blocks = desk.blocks
        again = await desk.post("/v1/beliefs", **body, wait_for="decided")
        assert (again["belief"], again["sequence"]) == (first["belief"], first["sequence"])
        far = await desk.get(
            f"/v1/receipts/{first['sequence']}", belief=first["belief"], wait_for="decided"
        )
        assert far == {**again, "round": None, "standing": None}
        problem = await desk.refusal("/v1/beliefs", 409, content="other", key="order-17")
        assert (problem["code"], problem["kind"]) == ("key-reused", "conflict")
        assert (await desk.refusal("/v1/beliefs", 422, content=GATE, key=""))["code"] == (
            "key-unusable"
        )
        assert blocks <= desk.blocks <= blocks + 1, "at most the conclusion came meanwhile"

    play(tmp_path, scene)
