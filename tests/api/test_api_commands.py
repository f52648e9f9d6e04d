"""Commands that read the audit log, follow events and keep tokens, at a real node; and over TLS."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import free_address
from processes import Failed, Fleet, Proc, credimus, until

from credimus import Unavailable, UsageError, connect
from credimus.cli.client import post_bytes
from credimus.cli.output import Refused
from credimus.library.exchange import Place, exchange, pinned, problem_in


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.close()


def watch(node: Proc, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "credimus", "watch", "--home", str(node.home), "--json"]
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def followed(node: Proc) -> bool:
    """Whether somebody follows the events."""
    token = (node.home / "token").read_text().strip()
    base = node.status()["api"]
    headers = {"Authorization": f"Bearer {token}"}
    text = exchange(Place(base), "GET", "/metrics", None, headers, 10).content.decode()
    return "credimus_streams 1.0" in text


def test_events_are_watched_over_a_restart_of_the_node(fleet: Fleet) -> None:
    node = fleet.found()
    node.up()
    watching = watch(node, "--type", "asserted", "--count", "2")
    assert watching.stdout is not None
    try:
        until(lambda: followed(node))
        belief = node.run("assert", "it rains")["belief"]
        first = json.loads(watching.stdout.readline())
        assert first["type"] == "credimus.asserted"
        assert first["subject"] == belief
        node.kill()
        node.up()
        belief = node.run("assert", "it pours")["belief"]
        second = json.loads(watching.stdout.readline())
        assert second["subject"] == belief, "nothing is told twice, nothing is missed"
        assert watching.wait(10) == 0
    finally:
        watching.kill()
        _, said = watching.communicate()
    assert "the stream broke" in said


def test_the_log_and_tokens_by_command(fleet: Fleet) -> None:
    node = fleet.found()
    node.up()
    for number in range(3):
        node.run("assert", f"gauge {number} is dry", "--wait", "decided")
    page = node.run("log", "--kind", "assert", "--limit", "2")
    assert [one["summary"].rpartition(": ")[2] for one in page["entries"]] == [
        "gauge 2 is dry", "gauge 1 is dry",
    ]  # fmt: skip
    rest = node.run("log", "--kind", "assert", "--cursor", page["cursor"])
    assert [one["kind"] for one in rest["entries"]] == ["assert"]
    made = node.run("token", "create", "--name", "dash", "--scope", "read", "--expires", "1d")
    assert [one["name"] for one in node.run("token", "list")["tokens"]] == ["dash"]
    node.run("token", "revoke", made["id"])
    assert node.run("token", "list")["tokens"] == []
    for given, code in (
        (("token", "revoke", made["id"]), "unknown-token"),
        (("token", "revoke", "../x"), "bad-token-id"),
        (("log", "--author", "nobody"), "unknown-member"),
    ):
        with pytest.raises(Failed) as caught:
            node.run(*given)
        assert caught.value.error["code"] == code
    refused = watch(node, "--type", "rain")
    said, _ = refused.communicate(timeout=20)
    assert (refused.returncode, json.loads(said)["error"]["code"]) == (2, "unknown-event-type")


def test_an_api_that_others_can_reach_speaks_tls_only(fleet: Fleet) -> None:
    node = fleet.found()
    config = node.home / "config.toml"
    config.write_text(config.read_text().replace('api = "127.0.0.1:0"', 'api = "0.0.0.0:0"'))
    node.up()
    assert node.status()["api"].startswith("https://")
    assert node.run("assert", "it rains", "--wait", "decided")["verdict"] == "accepted"
    base = node.status()["api"].replace("0.0.0.0", "127.0.0.1")  # noqa: S104
    trusted = pinned(node.home / "link.crt")
    answer = exchange(Place(base, trusted), "GET", "/v1/status", None, {}, 10)
    assert problem_in(base, answer)["code"] == "token-missing"
    with connect(node.home) as remote:
        assert remote.status().api == node.status()["api"]
    with pytest.raises(Unavailable):
        connect(base, "token").status()
    plain = base.replace("https:", "http:")
    with pytest.raises(Failed) as unsafe:
        node.run("invite", "--address", plain)
    assert unsafe.value.error["code"] == "wrong-scheme"
    assert "no other machine" in node.run("invite")["warning"], "it says 0.0.0.0"
    with pytest.raises(UsageError, match=r"https://.*--address") as misled:
        post_bytes(f"{plain}/v1/join", b"x")
    assert (misled.value.code, misled.value.definite) == ("wrong-scheme", True)
    with pytest.raises(Refused) as refused:
        post_bytes(f"{base}/v1/join", b"x")
    assert refused.value.code == "ticket-wrong"
    ticket = node.run("invite", "--address", base)["ticket"]
    listen = ["--listen", free_address(), "--api", "127.0.0.1:0"]
    assert credimus("join", str(node.home.with_name("n1")), ticket, "--name", "n1", *listen)
    (node.home / "link.key").unlink()
    assert node.stop() == 0
    with pytest.raises(Failed) as keyless:
        credimus("up", str(node.home))
    assert keyless.value.error["code"] == "api-needs-tls"
