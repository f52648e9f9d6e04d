"""The library on real nodes: receipts that tell the truth, keys, events, errors alike both ways."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from desk import founded, until
from served import ask, served

import credimus
from credimus.library.node import Node
from credimus.node.commands import AdmitMember
from credimus.runtime import feed
from credimus.runtime.daemon import Daemon
from credimus.runtime.identity.credentials import NodeKey

GATE = "the north gate is open"
ABSENT = AdmitMember(public_key=NodeKey(b"\x05" * 32).public, name="absent")


def run(scene: Any) -> None:
    asyncio.run(asyncio.wait_for(scene, 60))


def remote(daemon: Daemon) -> credimus.RemoteNode:
    return credimus.connect(daemon.url, daemon.token)


def test_a_fleet_in_one_process_agrees_and_its_receipts_say_how_far() -> None:
    def doubts(inquiry: credimus.Inquiry) -> credimus.Ballot:
        return credimus.Ballot("reject", 0.7, f"{inquiry.content}? I think not")

    async def looks_first(_: credimus.Inquiry) -> None:
        """Leave the vote to a command."""

    async def scene() -> None:
        names = {"scout": None, "truck": looks_first, "clerk": doubts}
        async with credimus.fleet_of(names, scheme="majority") as fleet:
            scout, truck, clerk = fleet.values()
            assert [one.name for one in scout.members()] == list(names)
            assert all(one.connected for one in clerk.members())
            opened, decided = truck.watch(kinds=["opened"]), clerk.watch(kinds=["decided"])
            receipt = await scout.assert_belief(GATE, wait_for="replicated:2")
            assert receipt.verdict == "open"
            assert (await anext(opened)).belief == receipt.belief
            await truck.vote(receipt.belief, "accept", reason="looked")
            assert await receipt.decided(5) == "accepted"
            assert await receipt.replicated(3) == receipt.members == 3
            assert repr(receipt) == "Receipt(local, replicated 3 of 3, accepted)"
            assert (await anext(decided)).verdict == "accepted"
            (one,) = clerk.explain(receipt.belief).rounds
            assert [who.name for who in one.dissent] == ["clerk"]
            said = {voter.elector.name: voter.answers[0] for voter in one.voters}
            assert (said["truck"].choice, said["truck"].reason) == ("accept", "looked")
            assert (said["clerk"].choice, said["clerk"].confidence) == ("reject", 0.7)
            assert said["clerk"].reason == f"{GATE}? I think not"

    run(scene())


def test_a_fleet_of_nobody_is_refused() -> None:
    async def scene() -> None:
        with pytest.raises(credimus.UsageError, match="at least one"):
            async with credimus.fleet_of([]):
                pass

    run(scene())


def test_a_judge_that_fails_abstains_and_the_node_goes_on(tmp_path: Path) -> None:
    def broken(inquiry: credimus.Inquiry) -> str:
        if "gate" in inquiry.content:
            raise ZeroDivisionError
        return "perhaps" if "tide" in inquiry.content else "accept"

    async def scene() -> None:
        async with served(founded(tmp_path), broken) as daemon:  # type: ignore[arg-type]
            node = Node(daemon)
            events = node.watch(kinds=["opened"])
            for content in (GATE, "the tide is high"):
                receipt = await node.assert_belief(content)
                await anext(events)
                await until(
                    lambda: bool(node.explain(receipt.belief).rounds[0].voters[0].answers)  # noqa: B023
                )
                assert node.belief(receipt.belief).rounds[0].votes[0].choice == "abstain"
            assert (await node.assert_belief("it rains", wait_for="decided")).verdict == "accepted"
            evaluating = node.status().evaluating
            assert evaluating is not None
            assert evaluating.evaluators[0].failures == {
                "evaluator-crashed": 1,
                "evaluator-malformed": 1,
            }

    run(scene())


def test_evidence_and_conditions_are_taken_as_people_write_them(tmp_path: Path) -> None:
    def script(daemon: Daemon) -> None:
        node = remote(daemon)
        evidence = ["seen", ("camera", "frame 81"), credimus.Evidence("url", "http://a")]
        receipt = node.assert_belief(GATE, evidence=evidence, confidence=1, ttl_ms=60_000)
        (stated,) = node.belief(receipt.belief).assertions
        assert [(one.kind, one.content) for one in stated.evidence] == [
            ("observation", "seen"), ("camera", "frame 81"), ("url", "http://a")
        ]  # fmt: skip
        now = datetime.now(UTC)
        assert len(node.beliefs(since=now - timedelta(hours=1)).beliefs) == 1
        assert node.beliefs(since=now + timedelta(hours=1)).beliefs == []
        for wrong in ("seen", [7], [("a", "b", "c")]):
            with pytest.raises(credimus.UsageError) as caught:
                node.assert_belief(GATE, evidence=wrong)  # type: ignore[arg-type]
            assert caught.value.code == "bad-evidence"

    ask(tmp_path, script)


WRONG: list[tuple[type[credimus.CredimusError], str, Any]] = [
    (credimus.UsageError, "out-of-range", lambda node: node.assert_belief(GATE, confidence=1.5)),
    (credimus.UsageError, "bad-field", lambda node: node.assert_belief(GATE, colour="red")),
    (credimus.UsageError, "bad-field", lambda node: node.assert_belief(GATE, wait_for="soon")),
    (credimus.UsageError, "out-of-range", lambda node: node.assert_belief(
        GATE, wait_for="replicated:7")),
    (credimus.UsageError, "bad-threshold", lambda node: node.assert_belief(
        GATE, scheme="majority", threshold=0.7)),
    (credimus.UsageError, "bad-field", lambda node: node.vote("0" * 32, "perhaps")),
    (credimus.NotFound, "unknown-belief", lambda node: node.vote("0" * 32, "accept")),
    (credimus.NotFound, "unknown-belief", lambda node: node.belief("0" * 32)),
    (credimus.NotFound, "unknown-belief", lambda node: node.explain("0" * 32)),
    (credimus.UsageError, "bad-belief-id", lambda node: node.explain("xyz")),
    (credimus.UsageError, "bad-cursor", lambda node: node.beliefs(cursor="x")),
    (credimus.UsageError, "bad-field", lambda node: node.beliefs(limit=0)),
    (credimus.UsageError, "key-unusable", lambda node: node.assert_belief(GATE, key="k" * 200)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_errors_have_the_same_class_and_code_both_ways(tmp_path: Path, number: int) -> None:
    kind, code, call = WRONG[number]

    async def here(daemon: Daemon) -> None:
        answer = call(Node(daemon))
        if asyncio.iscoroutine(answer):
            await answer

    async def scene() -> None:
        async with served(founded(tmp_path)) as daemon:
            for asked in (here(daemon), asyncio.to_thread(call, remote(daemon))):
                with pytest.raises(credimus.CredimusError) as caught:
                    await asked
                assert type(caught.value) is kind
                assert caught.value.code == code
                assert caught.value.definite
            assert daemon.node.state.beliefs.get(b"") is None
            assert len(daemon.node.state.beliefs) == 0

    run(scene())


def test_a_key_makes_one_write_also_over_http_and_after_a_restart(tmp_path: Path) -> None:
    home = founded(tmp_path)

    def first(daemon: Daemon) -> tuple[str, int]:
        node = remote(daemon)
        one = node.assert_belief(GATE, key="retry/1")
        again = node.assert_belief(GATE, key="retry/1", wait_for="decided")
        assert (again.belief, again.sequence, again.verdict) == (
            one.belief, one.sequence, "accepted"
        )  # fmt: skip
        with pytest.raises(credimus.Conflict) as caught:
            node.retract(one.belief, key="retry/1")
        assert caught.value.code == "key-reused"
        return one.belief, one.sequence

    def second(daemon: Daemon) -> tuple[str, int]:
        node = remote(daemon)
        again = node.assert_belief(GATE, key="retry/1")
        assert len(node.belief(again.belief).assertions) == 1
        return again.belief, again.sequence

    assert ask(tmp_path, first, home) == ask(tmp_path, second, home)


def test_who_waited_in_vain_holds_the_receipt_and_can_wait_on(tmp_path: Path) -> None:
    async def scene() -> None:
        async with served(founded(tmp_path)) as daemon:
            await daemon.driver.submit(ABSENT).local()
            node, there = Node(daemon), remote(daemon)
            for wait_for, code in (("decided", "undecided"), ("replicated:2", "not-replicated")):
                wait = {"wait_for": wait_for, "timeout": 0.05}
                with pytest.raises(credimus.Waited) as here:
                    await node.assert_belief(f"{GATE} {wait_for}", **wait)  # type: ignore[arg-type]
                with pytest.raises(credimus.Waited) as elsewhere:
                    await asyncio.to_thread(there.assert_belief, f"{GATE}, {wait_for}", **wait)  # type: ignore[arg-type]
                for caught in (here.value, elsewhere.value):
                    assert (caught.code, caught.definite, caught.retry) == (code, False, False)
                    assert caught.receipt.replicas == 1
                    kept = node.receipt(caught.receipt)
                    assert kept.verdict == "open"
                    with pytest.raises(credimus.Unavailable):
                        await kept.decided(timeout=0.01)
                far = there.receipt(elsewhere.value.receipt)
                with pytest.raises(credimus.Waited):
                    await asyncio.to_thread(far.decided, 0.05)

    run(scene())


def test_watching_goes_on_after_a_restart_where_it_was(tmp_path: Path) -> None:
    home = founded(tmp_path)

    async def scene() -> None:
        async with served(home) as daemon:
            node = Node(daemon)
            events = node.watch()
            first = await node.assert_belief("the first", wait_for="decided")
            seen = await anext(events)
            assert (seen.kind, seen.belief, seen.first) == ("asserted", first.belief, True)
            second = await node.assert_belief("the second", wait_for="decided")
            rest = [await anext(events) for _ in range(5)]
        async with served(home) as daemon:
            again = Node(daemon).watch(after=seen.cursor)
            assert [await anext(again) for _ in range(5)] == rest
            only = Node(daemon).watch(after=seen.cursor, kinds=["decided"], belief=second.belief)
            assert (await anext(only)).verdict == "accepted"
            there = await asyncio.to_thread(_events, daemon, seen.cursor, len(rest))
            assert there == rest

    run(scene())


def _events(daemon: Daemon, after: str, count: int) -> list[credimus.Event]:
    events = remote(daemon).watch(after, idle_s=0.05)
    found = list(events)
    assert next(events, None) is None
    return found[:count]


def test_a_slow_reader_is_told_what_it_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "EVENTS_KEPT", 4)

    async def scene() -> None:
        async with served(founded(tmp_path)) as daemon:
            node = Node(daemon)
            events = node.watch(kinds=["decided"])
            before = daemon.feed.number
            for number in range(4):
                await node.assert_belief(f"gauge {number} is dry", wait_for="decided")
            missed = await anext(events)
            assert missed.kind == "missed"
            assert missed.missed == daemon.feed.number - 4 - before
            assert (await anext(events)).kind == "decided"

    run(scene())


def test_a_watcher_is_told_when_the_node_stops(tmp_path: Path) -> None:
    async def scene() -> None:
        async with served(founded(tmp_path)) as daemon:
            waiting = asyncio.ensure_future(anext(Node(daemon).watch()))
            await asyncio.sleep(0)
        with pytest.raises(credimus.Unavailable, match="stopping"):
            await waiting

    run(scene())


def test_a_closed_node_answers_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        home = founded(tmp_path)
        async with Node.open(home.folder) as node:
            belief = (await node.assert_belief("the pier is open")).belief
        calls: list[Callable[[], Any]] = [
            node.status, node.members, node.beliefs, node.convergence, node.partitions,
            node.violations, node.recovery, node.inbox, lambda: node.belief(belief),
            lambda: node.explain(belief), node.watch,
        ]  # fmt: skip
        for call in calls:
            with pytest.raises(credimus.Unavailable) as refused:
                call()
            assert refused.value.code == "stopping"
        with pytest.raises(credimus.Unavailable) as refused:
            await node.assert_belief("the pier is shut")
        assert refused.value.code == "stopping"

    run(scene())


def test_a_running_node_is_found_by_its_folder(tmp_path: Path) -> None:
    home = founded(tmp_path)
    with pytest.raises(credimus.Unavailable) as caught:
        credimus.connect(home.folder)
    assert (caught.value.code, caught.value.definite) == ("node-not-running", True)
    with pytest.raises(credimus.NotFound, match="holds no node"):
        credimus.connect(tmp_path)
    with pytest.raises(credimus.UsageError, match="begins with http"):
        credimus.connect("ftp://127.0.0.1:8701", "x")

    def script(daemon: Daemon) -> None:
        daemon.home.note_running(daemon.url)
        with credimus.connect(str(home.folder)) as node:
            assert node.status().name == "n0"
        with pytest.raises(credimus.NotPermitted, match="give the token"):
            credimus.connect(daemon.url)
        with pytest.raises(credimus.NotPermitted) as refused:
            credimus.connect(daemon.url, "wrong").status()
        assert refused.value.status == 401

    ask(tmp_path, script, home)
    with pytest.raises(credimus.UsageError, match="no address"):
        credimus.connect("http://", "x").status()


def test_who_watches_for_what_there_is_not_is_told_at_once(tmp_path: Path) -> None:
    async def scene() -> None:
        async with served(founded(tmp_path)) as daemon:
            for node in (Node(daemon), remote(daemon)):
                for kinds in (["decide"], ["rain"], "decided"):
                    with pytest.raises(credimus.UsageError) as refused:
                        await asyncio.to_thread(node.watch, kinds=kinds)  # type: ignore[arg-type]
                    assert refused.value.code == "unknown-event-type"
                    assert ("did you mean `decided`" in refused.value.message) == (
                        kinds == ["decide"]
                    )

    run(scene())


def test_half_a_letter_is_refused_by_a_remote_node_too(tmp_path: Path) -> None:
    async def scene() -> None:
        async with served(founded(tmp_path)) as daemon:
            with pytest.raises(credimus.UsageError):
                await asyncio.to_thread(remote(daemon).assert_belief, "\ud800")

    run(scene())
