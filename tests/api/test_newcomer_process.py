"""A real node that joins an old fleet begins from its checkpoint, and shows what came with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Fleet, Proc, contents, until


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.setenv("CREDIMUS_CHECKPOINTS_INTERVAL_HOURS", "0.0005")
    monkeypatch.setenv("CREDIMUS_CHECKPOINTS_KEEP_HOURS", "0.0002")
    made = Fleet(tmp_path)
    yield made
    made.close()


def number(node: Proc) -> int:
    return max((one["number"] for one in node.run("checkpoints")), default=0)


def test_a_newcomer_shows_what_was_decided_before_the_checkpoint(fleet: Fleet) -> None:
    first = fleet.found()
    first.up()
    until(lambda: has_said_more(first) and number(first) > 0)

    second = fleet.join()
    second.up()
    until(lambda: number(second) > 0)
    until(lambda: contents(second) == contents(first))
    assert {one["verdict"] for one in second.run("beliefs")["beliefs"]} == {"accepted"}
    assert second.run("search", "pump")["beliefs"]
    begin = second.status()["node"][:12] + "-0"
    told = second.client().get("/v1/events", after=begin)["events"]
    assert {one["kind"] for one in told} >= {"asserted", "decided", "admitted"}


def has_said_more(node: Proc) -> bool:
    return bool(node.run("assert", f"pump {len(contents(node))} leaks", "--wait", "decided"))
