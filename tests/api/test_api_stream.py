"""The stream of events: what is told, to whom, and what a reader hears who comes back or lags."""

import asyncio
from pathlib import Path

import pytest
from desk import Desk, assert_problem, founded, play
from elsewhere import admit_them
from listening import Listening

from credimus.api import asgi
from credimus.api.endpoints import stream
from credimus.kernel import limits
from credimus.runtime import feed as feeds
from credimus.runtime.feed import Feed, Mark

ASSERTED, OPENED, DECIDED = "credimus.asserted", "credimus.opened", "credimus.decided"
PATH = stream.PATH


def test_a_belief_is_told_as_cloud_events_in_order(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        async with Listening(desk) as reader:
            start = reader.last
            receipt = await desk.post("/v1/beliefs", content="it rains", wait_for="decided")
            told = [await reader.next() for _ in range(3)]
            assert [one["type"] for one in told] == [ASSERTED, OPENED, DECIDED]
            for one in told:
                assert one["specversion"] == "1.0"
                assert one["source"] == f"urn:credimus:node:{desk.daemon.node.id.hex()}"
                assert one["datacontenttype"] == "application/json"
                assert one["subject"] == receipt["belief"]
                assert one["id"] == one["data"]["cursor"]
            assert told[1]["data"]["round"] == receipt["round"]
            assert told[2]["data"]["verdict"] == "accepted"
            page = await desk.get("/v1/events", after=start)
            assert [one["kind"] for one in page["events"]] == ["asserted", "opened", "decided"]
            assert told[2]["data"] == page["events"][2], "the same shape as the long poll"
            assert reader.last == page["cursor"]
            assert reader.status == 200
            assert reader.headers[b"content-type"] == b"text/event-stream"
        assert desk.daemon.streams.count == 0

    play(tmp_path, scene)


def test_filters_by_type_and_belief(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        belief = (await desk.post("/v1/beliefs", content="it rains"))["belief"]
        async with (
            Listening(desk, "type=decided,credimus.changed") as kinds,
            Listening(desk, f"type=changed,missed&belief={belief[:8]}") as one,
        ):
            other = await desk.post("/v1/beliefs", content="it pours", wait_for="decided")
            await desk.post(f"/v1/beliefs/{other['belief']}/retract")
            await desk.post(f"/v1/beliefs/{belief}/retract")
            assert (await one.next())["subject"] == belief
            found = [await kinds.next() for _ in range(3)]
            assert {event["type"] for event in found} <= {DECIDED, "credimus.changed"}
        async with Listening(desk, f"belief={'ab' * 16}") as yet_to_come:
            assert yet_to_come.status == 200
        for query, code in (
            ("type=rain", "unknown-event-type"),
            ("belief=abcd", "unknown-belief"),
            ("belief=x", "bad-belief-id"),
            ("after=x", "bad-cursor"),
            ("colour=red", "bad-field"),
        ):
            answer = await desk.client.get(f"{PATH}?{query}")
            assert_problem(answer)
            assert answer.json()["code"] == code
        assert desk.daemon.streams.count == 0

    play(tmp_path, scene)


def test_members_are_told(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        async with Listening(desk) as reader:
            await admit_them(desk.daemon)
            assert await reader.types(2) == ["credimus.admitted"] * 2

    play(tmp_path, scene)


def test_a_reader_who_comes_back_misses_nothing_over_a_restart_too(tmp_path: Path) -> None:
    home = founded(tmp_path)
    last: list[str] = []

    async def before(desk: Desk) -> None:
        async with Listening(desk) as reader:
            await desk.post("/v1/beliefs", content="it rains", wait_for="decided")
            await reader.types(3)
            last.append(reader.last)
        await desk.post("/v1/beliefs", content="it pours", wait_for="decided")
        async with Listening(desk, last=last[0]) as again:
            assert await again.types(3) == [ASSERTED, OPENED, DECIDED]
        async with Listening(desk, last=again.last) as nothing_new:
            assert nothing_new.last == again.last

    async def after(desk: Desk) -> None:
        async with Listening(desk, last=last[0]) as again:
            assert await again.types(3) == [ASSERTED, OPENED, DECIDED]
        async with Listening(desk, f"after={last[0]}") as asked:
            assert (await asked.next())["type"] == ASSERTED
        async with Listening(desk, f"after={last[0]}", last=again.last) as header_first:
            assert header_first.last == again.last
        for wrong in ("rain", "-1", "abc-", "abc-1", f"{last[0]}9", "é-1"):
            headers = {"Last-Event-ID": wrong.encode("latin-1")}
            answer = await desk.client.get(PATH, headers=headers)
            assert_problem(answer)
            assert answer.json()["code"] == "bad-cursor"

    play(tmp_path, before, home)
    play(tmp_path, after, home)


def short_feed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Feed:
    """A feed in place of the node's that keeps four events."""
    monkeypatch.setattr(feeds, "EVENTS_KEPT", 4)
    feed = desk.daemon.feed = Feed(desk.daemon.node.id)
    desk.daemon.driver.listen(feed.note)
    return feed


def test_a_reader_is_told_how_many_events_it_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        feed = short_feed(desk, monkeypatch)
        async with Listening(desk) as reader:
            start = reader.last
        for number in range(4):
            await desk.post("/v1/beliefs", content=f"it rains {number}", wait_for="decided")
        for query in ("", "type=expired"):
            async with Listening(desk, query, last=start) as late:
                missed = await late.next()
                assert missed["type"] == "credimus.missed"
                assert missed["data"]["missed"] == feed.number - 4
                last = late.last
            async with Listening(desk, query, last=last) as again:
                await desk.post("/v1/beliefs", content=f"it pours {query}", propose=False)
                assert query or (await again.next())["type"] != "credimus.missed", "told once"
            start = feed.cursor(Mark(0))

    play(tmp_path, scene)


def test_a_reader_who_lags_goes_on_with_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        feed = short_feed(desk, monkeypatch)
        async with Listening(desk) as reader:
            reader.flowing.clear()
            for number in range(4):
                await desk.post("/v1/beliefs", content=f"it rains {number}", wait_for="decided")
            reader.flowing.set()
            count = missed = 0
            while count + missed < feed.number:
                event = await reader.next()
                missed += event["data"].get("missed", 0)
                count += event["type"] != "credimus.missed"
            assert missed
            assert reader.last == feed.cursor(feed.newest)

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
        assert (desk.daemon.streams.count, desk.daemon.streams.cut_count) == (0, 1)
        assert "credimus_streams_cut_total 1.0" in (await desk.client.get("/metrics")).text

    play(tmp_path, scene)
    assert "reader-too-slow" in caplog.text


def test_silence_is_broken_by_comments_that_tell_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SILENCE_S", 0.01)

    async def scene(desk: Desk) -> None:
        async with Listening(desk, "type=expired") as reader:
            await reader.comment()
            await desk.post("/v1/beliefs", content="it rains", wait_for="decided")
            place = desk.daemon.feed.cursor(desk.daemon.feed.newest)
            while reader.last != place:
                await reader.comment()

    play(tmp_path, scene)


def test_streams_are_counted_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STREAMS_MAX", 2)

    async def scene(desk: Desk) -> None:
        async with Listening(desk), Listening(desk):
            assert "credimus_streams 2.0" in (await desk.client.get("/metrics")).text
            answer = await desk.client.get(PATH)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["code"] == "too-many-streams"
        async with Listening(desk, method="HEAD") as head:
            pass
        assert head.status == 200
        assert desk.daemon.streams.count == 0

    play(tmp_path, scene)


def test_a_node_that_stops_ends_its_streams(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        async with Listening(desk) as reader:
            desk.daemon.feed.end()
            await reader.ended()
            answer = await desk.client.get(PATH)
            assert answer.json()["code"] == "stopping"

    play(tmp_path, scene)
