"""The robot of the examples, beside a real node that asks it how to vote."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import free_address
from processes import Fleet, Proc, until

ROBOT = Path(__file__).parents[2] / "examples" / "robot.py"
SETTINGS = """
[voting]
evaluators = ["webhook", "local"]
timeout_ms = 60000
[voting.webhook]
url = "http://127.0.0.1:{port}/"
timeout_ms = 5000
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    one = Fleet(tmp_path)
    yield one
    one.close()


def verdict(node: Proc, belief: str) -> str | None:
    verdict: str | None = node.client().get(f"/v1/beliefs/{belief}")["verdict"]
    return verdict


def test_a_robot_votes_by_its_own_map(fleet: Fleet) -> None:
    port = free_address().rpartition(":")[2]
    node = fleet.found()
    config = node.home / "config.toml"
    config.write_text(config.read_text().partition("[voting]")[0] + SETTINGS.format(port=port))
    node.up()
    robot = subprocess.Popen(
        [sys.executable, str(ROBOT), str(node.home), port],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    typed, told = robot.stdin, robot.stdout
    assert typed is not None
    assert told is not None
    try:

        def sees(what: str) -> str:
            print(what, file=typed, flush=True)
            return told.readline().strip()

        assert sees("7 blocked") == "keep out"
        (blocked,) = node.client().get("/v1/beliefs?text=corridor")["beliefs"]
        until(lambda: verdict(node, blocked["id"]) == "accepted")

        assert sees("8 clear") == "enter"
        rumour = node.run("assert", "corridor 8 is blocked")["belief"]
        until(lambda: verdict(node, rumour) == "rejected")

        assert sees("7").startswith("not understood")
        assert sees("7 claer").startswith("not understood")
        assert sees("7 clear") == "enter", "what was accepted of it was taken back"
        assert verdict(node, blocked["id"]) == "accepted"
        assert sees("7 clear") == "enter"
        assert sees("7 blocked") == "keep out"
        assert sees("7 clear") == "enter"

        unseen = node.run("assert", "corridor 9 is blocked")["belief"]
        detail = f"/v1/beliefs/{unseen}"
        until(lambda: bool(node.client().get(detail)["rounds"][-1]["votes"]))
        (vote,) = node.client().get(detail)["rounds"][-1]["votes"]
        assert vote["choice"] == "abstain"
    finally:
        typed.close()
        robot.wait(20)
        told.close()
