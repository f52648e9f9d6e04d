"""Before a ticket is used up, the joiner's own ports are tried."""

import json
from pathlib import Path

import pytest

from credimus.cli.main import run
from credimus.harness.local_fleet import free_ports
from credimus.kernel.errors import Conflict, UsageError
from credimus.runtime.joining import joining
from credimus.runtime.joining.joining import Plan
from credimus.runtime.joining.ports import check_ports


def plan(listen: str, api: str = "127.0.0.1:0") -> Plan:
    return Plan(name="n1", listen=listen, api=api)


def test_a_taken_port_is_told_with_the_option_that_names_it(taken: str) -> None:
    (port,) = free_ports(1)
    free = f"127.0.0.1:{port}"
    check_ports(plan(free))
    check_ports(plan(free))  # it was let go
    for bad, option in ((plan(taken), "--listen"), (plan(free, taken), "--api")):
        with pytest.raises(Conflict, match=option) as caught:
            check_ports(bad)
        assert caught.value.code == "port-in-use"


def test_a_folder_may_be_made_on_one_machine_for_another() -> None:
    check_ports(plan("192.0.2.1:7447", "192.0.2.1:8701"))


def test_an_address_that_nobody_can_dial_needs_another_beside_it() -> None:
    for everywhere in ("0.0.0.0:7447", "[::]:7447"):
        with pytest.raises(UsageError, match="--address") as caught:
            plan(everywhere).check()
        assert caught.value.code == "address-unusable"
        Plan(name="n1", listen=everywhere, address="10.0.0.7:7447").check()


def test_joining_at_a_taken_port_asks_nobody(
    taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(joining, "join_home", lambda *given: asked.append(given))
    folder = tmp_path / "n1"
    code = run(["join", str(folder), "credimus1-x", "--name", "n1", "--listen", taken, "--json"])
    assert code != 0
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "port-in-use"
    assert not asked
    assert not folder.exists()
