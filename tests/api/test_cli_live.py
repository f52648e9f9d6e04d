"""Commands that look at a running fleet, and copies of a node that runs."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import PATIENCE_S, Failed, Fleet, Proc, credimus, until

from credimus.cli.main import run

CLEAN_END = (b"\x1b[?1049l", b"\x1b[?25h")
"""What leaves the screen of its own and shows the cursor again."""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.close()


def pair(fleet: Fleet) -> tuple[Proc, Proc]:
    """Two nodes that see each other."""
    first = fleet.found()
    first.up("--scheme", "majority")
    second = fleet.join()
    second.up()
    until(lambda: len(first.status()["neighbours"]) == 1)
    return first, second


def test_a_search_finds_words_with_filters_and_pages(fleet: Fleet) -> None:
    node = fleet.found()
    node.up()
    for number in range(5):
        node.run("assert", f"the north gate {number} is open", "--wait", "decided")
    node.run("assert", "the south gate is shut", "--category", "safety", "--wait", "decided")
    assert len(node.run("search", "gate")["beliefs"]) == 6
    assert len(node.run("search", "open gate")["beliefs"]) == 5
    assert node.run("search", "nothing of the kind")["beliefs"] == []
    assert [one["category"] for one in node.run("search", "gate", "--category", "safety")["beliefs"]
            ] == ["safety"]  # fmt: skip
    assert node.run("search", "gate", "--verdict", "rejected")["beliefs"] == []
    assert node.run("search", "gate", "--since", "2100-01-01")["beliefs"] == []
    assert len(node.run("search", "gate", "--since", "1h")["beliefs"]) == 6
    seen, cursor = [], []
    while True:
        page = node.run("search", "gate", "--limit", "4", *cursor)
        seen += [one["id"] for one in page["beliefs"]]
        if page["cursor"] is None:
            break
        cursor = ["--cursor", page["cursor"]]
    assert len(seen) == len(set(seen)) == 6


def test_what_is_stated_only_is_not_voted_on_and_options_are_told_by_their_names(
    fleet: Fleet,
) -> None:
    node = fleet.found()
    node.up()
    stated = node.run("assert", "the bell rings", "--no-propose", "--urgency", "critical")
    assert (stated["verdict"], stated["round"]) == (None, None)
    again = node.run("share", node.run("assert", "the keeper is ill", "--readers", "all")["belief"],
                     "all", "--urgency", "low")  # fmt: skip
    assert again["belief"] is not None
    for given, told in (
        (["--wait", "soon"], "--wait: give local, decided or replicated:K"),
        (["--wait", "replicated:9"], "--wait is replicated:9; the fleet has 1 members"),
        (["--timeout", "0"], "--timeout must be a number > 0"),
        (["--wait", "decided", "--no-propose"], "--wait decided: with --no-propose nobody votes"),
    ):
        with pytest.raises(Failed) as refused:
            node.run("assert", "the bell rings", *given)
        assert refused.value.code == 2
        assert refused.value.error["message"].startswith(told)


def test_who_stops_waiting_is_told_that_it_goes_on(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = fleet.found()
    monkeypatch.setenv("CREDIMUS_VOTING_EVALUATORS", "manual")
    node.up()
    command = [sys.executable, "-m", "credimus", "assert", "it rains", "--home", str(node.home),
               "--wait", "decided", "--timeout", "60s"]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: node.status()["beliefs"] == 1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "may be done all the same" in said


def test_beliefs_come_in_pages(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    node = fleet.found()
    node.up()
    for number in range(3):
        node.run("assert", f"gauge {number} is read")
    assert run(["beliefs", "--limit", "2", "--home", str(node.home)]) == 0
    cursor = capsys.readouterr().out.rpartition("--cursor ")[2].strip()
    page = node.run("beliefs", "--limit", "2", "--cursor", cursor)
    assert [one["content"] for one in page["beliefs"]] == ["gauge 0 is read"]


def test_members_and_top_tell_how_far_each_has_come(fleet: Fleet) -> None:
    first, second = pair(fleet)
    second.run("assert", "the north gate is open", "--wait", "decided")
    until(lambda: first.status()["decided"] == 1)
    founder, joiner = first.run("members")
    assert (founder["name"], founder["self"], founder["lag"]) == ("n0", True, 0)
    assert (joiner["name"], joiner["connected"]) == ("n1", True)
    assert joiner["admitted_by"] == founder["id"]
    frame = first.run("top", "--once")
    assert frame["status"]["decided"] == 1
    assert [one["content"] for one in frame["verdicts"]] == ["the north gate is open"]
    second.stop()
    until(lambda: not first.run("members")[1]["connected"])
    for number in range(3):
        first.run("assert", f"said to nobody {number}")
    assert first.run("members")[1]["lag"] >= 1


def test_top_prints_an_object_a_frame_and_ends_at_a_signal(fleet: Fleet) -> None:
    node = fleet.found()
    node.up()
    command = [sys.executable, "-m", "credimus", "top", "--home", str(node.home), "--json",
               "--period", "100ms"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(3):
            frame = json.loads(process.stdout.readline())
            assert (frame["schema_version"], frame["command"]) == (1, "top")
            assert frame["data"]["status"]["name"] == "n0"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0


def test_top_leaves_the_terminal_as_it_was(fleet: Fleet) -> None:
    node = fleet.found()
    node.up()
    child, terminal = pty.fork()
    if not child:
        os.environ["TERM"] = "xterm"
        os.execv(  # noqa: S606
            sys.executable,
            [sys.executable, "-m", "credimus", "top", "--home", str(node.home), "--period", "1m"],
        )
    seen = _read_until(terminal, b"members")
    assert b"\x1b[?1049h" in seen
    os.write(terminal, b"\x03")
    seen = _read_until(terminal, None)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    for sequence in CLEAN_END:
        assert sequence in seen
    assert b"Traceback" not in seen


def _read_until(terminal: int, word: bytes | None) -> bytes:
    """What a terminal shows until a word comes, or until its program ends."""
    seen = b""
    while word is None or word not in seen:
        assert select.select([terminal], [], [], PATIENCE_S)[0], seen
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # the program has ended
            break
        if not part:
            break
        seen += part
    return seen


def test_the_doctor_asks_a_running_node_and_reads_a_stopped_one(fleet: Fleet) -> None:
    first, second = pair(fleet)
    found = first.run("doctor")
    assert found["problems"] == 0, found
    texts = [one["found"] for one in found["findings"]]
    assert "1 of 1 other members are connected" in texts
    assert any("in use" in one for one in texts)
    assert second.stop() == 0
    until(lambda: first.status()["neighbours"] == [])
    with pytest.raises(Failed) as alone:
        first.run("doctor")
    assert alone.value.code == 1
    assert first.stop() == 0
    found = first.run("doctor")
    assert found["problems"] == 0
    assert any("every page and block intact" in one["found"] for one in found["findings"])
    assert any("can not be reached" in one["found"] for one in found["findings"])


def test_a_backup_of_a_running_node_is_a_node(fleet: Fleet, tmp_path: Path) -> None:
    node = fleet.found()
    node.up()
    for number in range(20):
        node.run("assert", f"gauge reads {number}", "--wait", "decided")
    before, told = node.status(), node.run("beliefs")["beliefs"]
    made = credimus("backup", str(tmp_path / "copy"), "--home", str(node.home))
    assert made["running"]
    assert not (node.home / "credimus.db.copy").exists()
    assert node.stop() == 0
    copy = Proc(tmp_path / "copy")
    assert copy.run("doctor")["problems"] == 0
    fleet.nodes.append(copy)
    copy.up()
    assert copy.status()["blocks"] >= before["blocks"]  # the record of the last verdict may follow
    assert copy.run("beliefs")["beliefs"] == told
    assert copy.run("assert", "the copy goes on", "--wait", "decided")["verdict"] == "accepted"


def test_a_restored_copy_notices_that_it_is_old(fleet: Fleet, tmp_path: Path) -> None:
    """Its own later blocks come from a peer after it wrote others: it says so, and stops."""
    first, second = pair(fleet)
    first.run("assert", "said before the backup", "--wait", "decided")
    credimus("backup", str(tmp_path / "copy"), "--home", str(first.home))
    first.run("assert", "said after the backup", "--wait", "decided")
    until(lambda: second.status()["fingerprint"] == first.status()["fingerprint"])
    first.kill()
    shutil.rmtree(first.home)
    (tmp_path / "copy").rename(first.home)
    assert second.stop() == 0
    first.up()
    first.run("assert", "said in place of what was lost")
    second.up()
    until(lambda: bool(first.status()["forked"]))
    with pytest.raises(Failed) as refused:
        first.run("assert", "said once more")
    assert (refused.value.code, refused.value.error["code"]) == (4, "identity-forked")
    with pytest.raises(Failed) as examined:
        first.run("doctor")
    assert examined.value.code == 1
    assert first.stop() == 0
    with pytest.raises(Failed):
        first.run("doctor")
