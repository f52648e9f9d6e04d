"""`GET /v1/beliefs/{id}/why`: the explanation over HTTP is the library's, word for word."""

from pathlib import Path

import msgspec
from desk import Desk, play, until

from credimus.node.showing.queries import find_belief
from credimus.state.voting.verdict import Verdict
from credimus.why.explain import explain
from credimus.why.explanation import Explanation

GATE = "the north gate is open"


def test_a_belief_is_explained_as_the_library_does(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        evidence = [{"kind": "camera", "content": "frame 81"}]
        receipt = await desk.post(
            "/v1/beliefs", content=GATE, evidence=evidence, wait_for="decided"
        )
        answer = await desk.get(f"/v1/beliefs/{receipt['belief'][:8]}/why")
        told = msgspec.convert(answer, Explanation)
        node = desk.daemon.node
        belief = find_belief(node.state, receipt["belief"])
        assert told == explain(node.state, node.lace, belief, desk.daemon.store.wires)
        assert told.verdict == "accepted"
        (voter,) = told.rounds[0].voters
        assert voter.elector.name == "n0"
        assert voter.answers[0].reason is not None

    play(tmp_path, scene)


def test_an_unknown_belief_and_one_without_a_round(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        problem = await desk.refusal(f"/v1/beliefs/{'0' * 32}/why", 404, "GET")
        assert problem["code"] == "unknown-belief"
        problem = await desk.refusal("/v1/beliefs/xyzw/why", 422, "GET")
        assert problem["code"] == "bad-belief-id"
        receipt = await desk.post("/v1/beliefs", content=GATE, propose=False)
        told = await desk.get(f"/v1/beliefs/{receipt['belief']}/why")
        assert (told["verdict"], told["rounds"], told["changes"]) == (None, [], [])

    play(tmp_path, scene)


def test_no_vote_is_promised_that_nobody_opens(tmp_path: Path) -> None:
    """The last attempt that a proposer opens by itself is followed by none but a new proposal."""

    async def scene(desk: Desk) -> None:
        belief = (await desk.post("/v1/beliefs", content=GATE))["belief"]
        rounds = desk.daemon.node.state.rounds
        identifier = find_belief(desk.daemon.node.state, belief).id
        await until(lambda: rounds.verdict(identifier) is Verdict.EXPIRED)
        told = (await desk.get(f"/v1/beliefs/{belief}/why"))["next_attempt"]
        assert told == {"number": 2, "by": ["proposal", "assertion"], "blocked": None}

    play(tmp_path, scene, evaluators=("manual",), timeout_ms=200, attempts_max=1)
