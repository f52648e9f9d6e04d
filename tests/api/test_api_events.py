"""The stream of events: what is told, to whom, and what a reader hears who comes back or lags."""

import asyncio
from pathlib import Path

import pytest
from desk import Desk, assert_problem, founded, play
from elsewhere import admit_them
from listening import Listening

from credimus.api import asgi, stream
from credimus.kernel import limits
from credimus.runtime.driver import now
from credimus.runtime.feed import KINDS, Feed

ASSERTED, OPENED, DECIDED = (
    "credimus.belief.asserted", "credimus.round.opened", "credimus.round.decided",
)  # fmt: skip


def test_a_belief_is_told_as_cloud_events_in_order(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        async with Listening(desk) as reader:
            receipt = await desk.post("/v1/beliefs", content="it rains", wait_for="decided")
            asserted, opened, decided = [await reader.next() for _ in range(3)]
            assert [one["type"] for one in (asserted, opened, decided)] == [
                ASSERTED, OPENED, DECIDED,
            ]  # fmt: skip
            assert asserted["specversion"] == "1.0"
            assert asserted["source"] == f"urn:credimus:node:{desk.daemon.node.id.hex()}"
            assert asserted["datacontenttype"] == "application/json"
            assert asserted["time"].endswith("Z")
            assert asserted["subject"] == receipt["belief"]
            assert asserted["data"]["author_name"] == "n0"
            assert asserted["data"]["content"] == "it rains"
            assert opened["data"]["round"] == receipt["round"]
            assert "verdict" not in opened["data"]
            assert decided["data"]["verdict"] == "accepted"
            assert reader.status == 200
            assert reader.headers[b"content-type"] == b"text/event-stream"
        assert desk.daemon.feed.reader_count == 0

    play(tmp_path, scene)


def test_filters_by_type_and_belief(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        belief = (await desk.post("/v1/beliefs", content="it rains"))["belief"]
        async with (
            Listening(desk, "type=round.decided,credimus.belief.changed") as kinds,
            Listening(desk, f"belief={belief[:8]}") as one,
        ):
            other = await desk.post("/v1/beliefs", content="it pours", wait_for="decided")
            await desk.post(f"/v1/beliefs/{belief}/retract")
            found = [await kinds.next() for _ in range(2)]
            assert [event["subject"] for event in found] == [other["belief"], belief]
            assert (await one.next())["type"] == "credimus.belief.changed"
        async with Listening(desk, f"belief={'ab' * 16}") as yet_to_come:
            assert yet_to_come.status == 200
        for query, code in (
            ("type=rain", "unknown-event-type"),
            ("belief=abcd", "unknown-belief"),
            ("belief=x", "bad-belief-id"),
            ("colour=red", "bad-field"),
        ):
            answer = await desk.client.get(f"/v1/events?{query}")
            assert_problem(answer)
            assert answer.json()["code"] == code

    play(tmp_path, scene)


def test_members_and_faults_are_told(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        async with Listening(desk) as reader:
            await admit_them(desk.daemon)
            desk.daemon.node.receive(desk.daemon.node.id, b"\xff", now())
            desk.daemon.driver.deliver([])
            assert await reader.types(2) == ["credimus.member.admitted"] * 2
            fault = await reader.next()
            assert fault["type"] == "credimus.peer.faulted"
            assert fault["data"]["code"] == "malformed"

    play(tmp_path, scene)


def test_a_reader_who_comes_back_misses_nothing(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        async with Listening(desk) as reader:
            await desk.post("/v1/beliefs", content="it rains", wait_for="decided")
            await reader.types(3)
            last = reader.last
        await desk.post("/v1/beliefs", content="it pours", wait_for="decided")
        async with Listening(desk, last=last) as again:
            assert await again.types(3) == [ASSERTED, OPENED, DECIDED]
        async with Listening(desk, last=again.last) as nothing_new:
            assert nothing_new.last == again.last

    play(tmp_path, scene)


def test_a_reader_is_told_of_a_gap(tmp_path: Path) -> None:
    home = founded(tmp_path)
    ids: list[str] = []

    async def before(desk: Desk) -> None:
        feed = desk.daemon.feed = Feed(desk.daemon.node, kept=4)
        desk.daemon.driver.listen(feed.note)
        async with Listening(desk) as reader:
            ids.append(reader.last)
        for number in range(4):
            await desk.post("/v1/beliefs", content=f"it rains {number}", wait_for="decided")
        async with Listening(desk, last=ids[0]) as late:
            gap = await late.next()
            assert (gap["type"], gap["data"]["reason"]) == ("credimus.gap", "too-old")
            await desk.post("/v1/beliefs", content="it pours")
            assert (await late.next())["data"]["content"] == "it pours"
        async with Listening(desk, last=f"{feed.run}-{feed.last + 1}") as ahead:
            assert (await ahead.next())["data"]["reason"] == "other-run"

    async def after(desk: Desk) -> None:
        async with Listening(desk, last=ids[0]) as reader:
            gap = await reader.next()
            assert (gap["type"], gap["data"]["reason"]) == ("credimus.gap", "other-run")
            last = reader.last
        async with Listening(desk, last=last) as again:
            await desk.post("/v1/beliefs", content="it snows")
            assert (await again.next())["type"] == ASSERTED, "the gap is told once"
        for wrong in ("rain", "-1", "abc-", "abc-x", "abc--1", f"abc-{'9' * 30}", "é-1"):
            answer = await desk.client.get(
                "/v1/events", headers={"Last-Event-ID": wrong.encode("latin-1")}
            )
            assert_problem(answer)
            assert answer.json()["code"] == "bad-event-id"

    play(tmp_path, before, home)
    play(tmp_path, after, home)


def test_a_reader_who_falls_behind_is_cut_off_and_told_why(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        feed = desk.daemon.feed = Feed(desk.daemon.node, kept=4)
        desk.daemon.driver.listen(feed.note)
        async with Listening(desk) as reader:
            reader.flowing.clear()
            for number in range(4):
                await desk.post("/v1/beliefs", content=f"it rains {number}", wait_for="decided")
            reader.flowing.set()
            found = []
            while not found or found[-1]["type"] != stream.CUT:
                found.append(await reader.next())
            assert found[-1]["data"]["reason"] == "reader-too-slow"
            await reader.ended()
        assert (feed.cut_count, feed.reader_count) == (1, 0)
        assert "credimus_streams_cut_total 1.0" in (await desk.client.get("/metrics")).text

    play(tmp_path, scene)


def test_a_reader_who_takes_nothing_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(desk: Desk) -> None:
        async with Listening(desk) as reader:
            monkeypatch.setattr(asgi, "PATIENCE_S", 0.01)
            reader.flowing.clear()
            await desk.post("/v1/beliefs", content="it rains")
            await asyncio.wait_for(asyncio.shield(reader._task), 8)
        assert desk.daemon.feed.reader_count == 0

    play(tmp_path, scene)
    assert "reader-too-slow" in caplog.text


def test_silence_is_broken_by_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SILENCE_S", 0.01)

    async def scene(desk: Desk) -> None:
        async with Listening(desk, "type=round.expired") as reader:
            await reader.comment()
            await desk.post("/v1/beliefs", content="it rains", wait_for="decided")
            await reader.comment()

    play(tmp_path, scene)


def test_streams_are_counted_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STREAMS_MAX", 2)

    async def scene(desk: Desk) -> None:
        async with Listening(desk), Listening(desk):
            answer = await desk.client.get("/v1/events")
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["code"] == "too-many-streams"
        async with Listening(desk, method="HEAD") as head:
            pass
        assert head.status == 200
        assert desk.daemon.feed.reader_count == 0

    play(tmp_path, scene)


def test_a_node_that_stops_ends_its_streams(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        async with Listening(desk) as reader:
            desk.daemon.feed.close()
            await reader.ended()
            answer = await desk.client.get("/v1/events")
            assert answer.json()["code"] == "stopping"

    play(tmp_path, scene)


def test_every_kind_has_its_name_once() -> None:
    assert len(set(KINDS.values())) == len(KINDS)
    assert all(name.startswith("credimus.") for name in KINDS.values())
