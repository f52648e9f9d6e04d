"""The audit log: every signed operation once, in causal order, both ways, in bounded pages."""

from pathlib import Path
from typing import Any

import pytest
from desk import Desk, play
from elsewhere import admit_them, decided_without

from credimus.kernel import limits


async def write_some(desk: Desk) -> list[str]:
    """Beliefs with everything that can be done to them."""
    said = [await desk.post("/v1/beliefs", content=f"gauge {n} is dry") for n in range(4)]
    ids: list[str] = [one["belief"] for one in said]
    await desk.post(f"/v1/beliefs/{ids[0]}/relations", relation="implies", target=ids[1])
    await desk.post(f"/v1/beliefs/{ids[2]}/retract", reason="a reflection")
    return ids


async def pages(desk: Desk, **query: Any) -> list[dict[str, Any]]:
    """All entries, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await desk.get("/v1/log", **query, **({"cursor": cursor} if cursor else {}))
        found += page["entries"]
        cursor = page["cursor"]
        if cursor is None:
            return found


def key(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry["stamp"], entry["block"], entry["index"]


def test_the_log_tells_who_did_what(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        ids = await write_some(desk)
        found = await pages(desk, order="oldest")
        assert [key(one) for one in found] == sorted(key(one) for one in found)
        assert found[0]["kind"] == "found"
        assert found[0]["author"] == desk.daemon.node.id.hex()
        assert {one["author_name"] for one in found} == {"n0"}
        asserted = [one for one in found if one["kind"] == "assert"]
        assert [one["belief"] for one in asserted] == ids
        assert "gauge 0 is dry" in asserted[0]["summary"]
        assert asserted[0]["time"].endswith("Z")
        votes = [one for one in found if one["kind"] == "vote"]
        assert {one["belief"] for one in votes} == set(ids)
        proposals = {one["round"]: one["belief"] for one in found if one["kind"] == "propose"}
        assert {one["round"]: one["belief"] for one in votes} == proposals
        assert [one["summary"] for one in found if one["kind"] == "retract"] == [
            "took back 1 claim: a reflection"
        ]
        assert list(reversed(found)) == await pages(desk)

    play(tmp_path, scene)


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_give_every_entry_once(tmp_path: Path, order: str, limit: int) -> None:
    async def scene(desk: Desk) -> None:
        await write_some(desk)
        whole = (await desk.get("/v1/log", order=order, limit=1_000))["entries"]
        assert await pages(desk, order=order, limit=limit) == whole

    play(tmp_path, scene)


def test_a_page_reads_a_bounded_number_of_blocks_and_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await write_some(desk)
        whole = await pages(desk, kind="found")
        monkeypatch.setattr(limits, "LOG_BLOCKS_MAX", 2)
        page = await desk.get("/v1/log", kind="found")
        assert page["entries"] == []
        assert page["cursor"], "it has not looked at all yet"
        assert await pages(desk, kind="found") == whole
        monkeypatch.setattr(limits, "LOG_ENTRIES_MAX", 1)
        assert await pages(desk, kind="found") == whole
        assert len(await pages(desk)) > 10

    play(tmp_path, scene)


def test_filters(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit_them(desk.daemon)
        before = (await desk.get("/v1/log", limit=1))["entries"][0]["stamp"] >> 16
        belief, _, said = decided_without(desk.daemon, "the south gate is shut")
        desk.daemon.driver.deliver(said)
        ids = await write_some(desk)
        everything = await pages(desk)
        for query, holds in (
            ({"kind": "vote"}, lambda one: one["kind"] == "vote"),
            ({"author": "n0"}, lambda one: one["author_name"] == "n0"),
            ({"author": said[0][0].hex()}, lambda one: one["author"] == said[0][0].hex()),
            ({"author": said[0][0].hex()[:8]}, lambda one: one["author"] == said[0][0].hex()),
            ({"belief": belief.hex()}, lambda one: one["belief"] == belief.hex()),
            ({"since": before + 1}, lambda one: one["stamp"] >> 16 > before),
            ({"until": before}, lambda one: one["stamp"] >> 16 <= before),
        ):
            wanted = [one for one in everything if holds(one)]
            assert wanted
            for order in ("newest", "oldest"):
                found = await pages(desk, **query, order=order, limit=3)
                assert found == (wanted if order == "newest" else wanted[::-1]), query
        related = await pages(desk, belief=ids[1], kind="relate")
        assert [one["belief"] for one in related] == [ids[0]], "also where it is the target"
        assert await pages(desk, since=2**50) == []

    play(tmp_path, scene)


def test_what_can_not_be_asked(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await admit_them(desk.daemon)
        for query, status, code in (
            ("author=nobody", 404, "unknown-member"),
            ("author=other", 409, "ambiguous-member"),
            (f"author={'ab' * 16}", 404, "unknown-member"),
            ("kind=rain", 422, "bad-field"),
            ("belief=abcd", 404, "unknown-belief"),
            ("since=-1", 422, "bad-field"),
            ("limit=0", 422, "bad-field"),
            ("colour=red", 422, "bad-field"),
            *(
                (f"cursor={one}", 422, "bad-cursor")
                for one in ("x", "1-2", "1-aa-", "1-aa--1", "1-aa-01", "-1-aa-1")
            ),
        ):
            problem = await desk.refusal(f"/v1/log?{query}", status, "GET")
            assert problem["code"] == code, query

    play(tmp_path, scene)


def test_the_log_tells_of_a_later_attempt_which_it_was(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        said = await desk.post("/v1/beliefs", content="the gauge is dry", wait_for="decided")
        await desk.post(f"/v1/beliefs/{said['belief']}/rounds", wait_for="decided")
        votes = (await desk.get("/v1/log", kind="vote"))["entries"]
        assert [one["summary"].startswith("in attempt 2 voted") for one in votes] == [True, False]

    play(tmp_path, scene)
