"""Reunions over HTTP: planned, begun once, taken back; who may; what is refused."""

from pathlib import Path

from desk import Desk, play, until

from credimus.protocol.reunion.interface import Asked, Phase
from credimus.state.operations import Strategy


def test_a_plan_is_looked_at_begun_once_and_taken_back(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.post("/v1/beliefs", content="it rains", wait_for="decided")
        reunion, asked_of_all = desk.daemon.node.reunion, Asked(strategy=Strategy.CONSENSUS)
        await until(lambda: reunion.plan(asked_of_all).near.accepted == 1)
        since = (await desk.get("/v1/events"))["cursor"]
        found = await desk.post("/v1/recovery", action="plan", strategy="consensus")
        assert (found["recovery"], found["reunion"]) == (None, None), "nothing was begun"
        plan = found["plan"]
        assert (plan["conflicts"], plan["steps"], plan["strategy"]) == ([], [], "consensus")
        assert [one["strategy"] for one in plan["costs"]] == [
            "last_writer", "semantic", "multi_value", "consensus"
        ]  # fmt: skip
        assert (plan["near"]["accepted"], plan["far"]["accepted"]) == (1, 0)
        assert plan["partition"] is None, "the diary is empty: it is about everything"
        asked = {"action": "begin", "strategy": "consensus", "plan": plan["id"]}
        begun = (await desk.post("/v1/recovery", **asked))["reunion"]
        assert (begun["plan"], begun["steps_total"]) == (plan["id"], 0)
        asked["plan"] = plan["id"][:8].upper()
        again = (await desk.post("/v1/recovery", **asked))["reunion"]
        assert again["began_ms"] == begun["began_ms"], "the same again is as once"
        await until(lambda: _phase(desk) is Phase.ENDED)
        undone = (await desk.post("/v1/recovery", action="abort"))["reunion"]
        assert undone["phase"] in ("undoing", "undone")
        await until(lambda: _phase(desk) is Phase.UNDONE)
        kinds = [one["kind"] for one in (await desk.get("/v1/events", after=since))["events"]]
        assert kinds.count("recovering") == 1
        assert kinds.count("recovered") == 2
        actions = [one["what"] for one in await desk.get("/v1/actions")]
        assert "reunion-begun" in actions
        assert "reunion-undone" in actions

    play(tmp_path, scene)


def _phase(desk: Desk) -> Phase:
    session = desk.daemon.node.reunion.session
    assert session is not None
    return session.phase


def test_what_can_not_be_done_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        problem = await desk.refusal("/v1/recovery", 404, action="abort")
        assert problem["code"] == "no-reunion"
        problem = await desk.refusal("/v1/recovery", 422, action="begin")
        assert "plan" in problem["detail"]
        problem = await desk.refusal("/v1/recovery", 409, action="begin", plan="00" * 32)
        assert problem["code"] == "plan-changed"
        assert "credimus recovery plan" in problem["detail"]
        problem = await desk.refusal("/v1/recovery", 409, action="begin", plan="0000000")
        assert problem["code"] == "plan-changed"
        assert "no id begins with 0000000" in problem["detail"]
        problem = await desk.refusal("/v1/recovery", 422, action="begin", plan="5b1c...09")
        assert problem["detail"] == "`plan`: give the plan's id, or its beginning."
        problem = await desk.refusal("/v1/recovery", 404, action="plan", partition=7)
        assert problem["code"] == "unknown-partition"

    play(tmp_path, scene)
