"""Private beliefs through the API: readers are named, words are found, letting others in."""

import asyncio
from pathlib import Path

from desk import desk, founded


def test_a_private_belief_is_read_and_found_by_its_reader(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(founded(tmp_path)) as at:
            said = "The patient in bed 4 is allergic"
            told = [{"kind": "chart", "content": "page 7"}]
            receipt = await at.post(
                "/v1/beliefs", content=said, evidence=told, readers=["all"], wait_for="decided"
            )
            assert receipt["verdict"] == "accepted"
            belief = receipt["belief"]
            detail = await at.get(f"/v1/beliefs/{belief}")
            assert (detail["content"], detail["readers"]) == (said, [at.daemon.node.id.hex()])
            assert detail["assertions"][0]["evidence"] == told
            (found,) = (await at.get("/v1/beliefs", text="allergic"))["beliefs"]
            assert (found["id"], found["enclosed"]) == (belief, True)
            why = await at.get(f"/v1/beliefs/{belief}/why")
            assert why["content"] == said
            assert why["assertions"][0]["evidence"] == told
            log = await at.get("/v1/log", belief=belief)
            assert {entry["kind"] for entry in log["entries"]} >= {"assert", "share"}
            assert "allergic" not in str(log)
            wires = b"".join(block.wire for block in at.daemon.store.blocks())
            assert b"allergic" not in wires

            again = await at.post(f"/v1/beliefs/{belief}/readers", readers=["all"])
            assert again["belief"] == belief
            problem = await at.refusal(f"/v1/beliefs/{belief}/readers", 404, readers=["nobody"])
            assert problem["code"] == "unknown-member"
            public = (await at.post("/v1/beliefs", content="it rains"))["belief"]
            problem = await at.refusal(f"/v1/beliefs/{public}/readers", 422, readers=["all"])
            assert problem["code"] == "not-enclosed"

    asyncio.run(asyncio.wait_for(main(), 60))
