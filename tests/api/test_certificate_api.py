"""Certificates over HTTP, and by commands at a running node."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from desk import Desk, play
from processes import Fleet, credimus

from credimus.certificate import read_trust, verify
from credimus.cli.main import run


def test_a_verdict_has_a_certificate(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        said = await desk.post("/v1/beliefs", content="Route 9 is blocked.", wait_for="decided")
        path = f"/v1/beliefs/{said['belief']}/certificate"
        answer = await desk.client.get(path)
        assert answer.headers["content-type"] == "application/json"
        fleet = await desk.get("/v1/fleet")
        verified = verify(answer.content, read_trust(fleet["trust"]))
        assert verified.certificate.statement == "route 9 is blocked"
        assert verified.certificate.round == said["round"]
        assert fleet["fleet"] == (await desk.get("/v1/status"))["fleet"]
        assert fleet["trust"].split() == [
            "credimus-fleet-1", fleet["fleet"], fleet["founder_key"], "harbour",
        ]  # fmt: skip
        assert (await desk.client.get(path[:30] + "/certificate")).content == answer.content

    play(tmp_path, scene)


def test_without_a_verdict_there_is_none(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        refusal = await desk.refusal("/v1/beliefs/abcd/certificate", 404, "GET")
        assert refusal["code"] == "unknown-belief"
        said = await desk.post("/v1/beliefs", content="nobody votes", propose=False)
        refusal = await desk.refusal(f"/v1/beliefs/{said['belief']}/certificate", 409, "GET")
        assert (refusal["code"], refusal["kind"]) == ("not-decided", "conflict")

    play(tmp_path, scene)


def said(*given: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(given)
    return code, out.getvalue(), err.getvalue()


def test_a_stranger_verifies_with_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(tmp_path)
    try:
        node = fleet.found()
        node.up()
        belief = node.run("assert", "The gate is open", "--wait", "decided")["belief"]
        home = ["--home", str(node.home)]
        code, text, _ = said("certificate", belief, *home)
        assert code == 0
        assert node.run("certificate", belief) == json.loads(text)
        assert said("trust", *home)[1].endswith(" harbour\n")
        (tmp_path / "c.json").write_text(text)
        (tmp_path / "FLEET.pub").write_text(said("trust", *home)[1])
        assert node.stop() == 0
    finally:
        fleet.close()
    monkeypatch.chdir(tmp_path)
    code, shown, _ = said("verify", "c.json", "--trust", "FLEET.pub")
    assert code == 0
    assert "The certificate holds." in shown
    assert "It does not prove:" in shown
    facts = credimus("verify", "c.json", "--trust", json.loads(text)["fleet"])
    assert (facts["outcome"], facts["statement"]) == ("accepted", "the gate is open")
    assert [one["choice"] for one in facts["votes"]] == ["accept"]
    assert len(facts["not_proved"]) == 4
    (tmp_path / "c.json").write_text(text.replace("the gate", "the goat"))
    code, _, complaint = said("verify", "c.json", "--trust", "FLEET.pub")
    assert (code, "[certificate-altered]" in complaint) == (1, True)
    for trust, file, reason, number in (
        ("0" * 32, "c.json", "wrong-fleet", 1),
        ("c.json", "c.json", "bad-trust", 2),
        ("absent", "c.json", "no-such-file", 2),
        ("FLEET.pub", "absent", "no-such-file", 2),
        ("FLEET.pub", "FLEET.pub", "certificate-malformed", 1),
        ("FLEET.pub", "/dev/null", "certificate-malformed", 1),
    ):
        code, _, complaint = said("verify", file, "--trust", trust)
        assert (code, f"[{reason}]" in complaint) == (number, True), complaint
