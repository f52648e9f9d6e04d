"""Each check of the doctor: what is fine, what is told, and that its mending mends."""

import os
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from credimus import __version__
from credimus.harness.local_fleet import free_ports
from credimus.kernel.ids import FleetId
from credimus.runtime.daemon import Daemon
from credimus.runtime.doctor.certificates import check_certificates
from credimus.runtime.doctor.clock import check_clock
from credimus.runtime.doctor.database import check_database
from credimus.runtime.doctor.disk import judge_room
from credimus.runtime.doctor.examining import check_settings, examine
from credimus.runtime.doctor.files import check_files, secret_files
from credimus.runtime.doctor.finding import Answers, Finding
from credimus.runtime.doctor.peers import Peer, check_addresses, check_peers
from credimus.runtime.doctor.ports import check_ports
from credimus.runtime.doctor.retention import check_retention
from credimus.runtime.doctor.use import check_use
from credimus.runtime.doctor.versions import check_versions
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import load_node_key, write_file
from credimus.runtime.identity.rotating import rotate_key
from credimus.runtime.joining.authority import Authority
from credimus.runtime.joining.joining import Plan, found_home
from credimus.runtime.settings.keeping import CheckpointSettings
from credimus.runtime.settings.settings import NodeSettings, read_settings
from credimus.runtime.store.ownership import FolderLock

NOW_MS = 1_800_000_000_000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    listen, api = free_ports(2)
    made = Home(tmp_path / "n0")
    plan = Plan(name="n0", listen=f"127.0.0.1:{listen}", api=f"127.0.0.1:{api}")
    found_home(made, "harbour", plan)
    return made


def answers(**changed: Any) -> Answers:
    status = {"version": __version__, "forked": False, "failure": None, "pid": 7, "uptime_s": 3.0,
              "api": "http://127.0.0.1:1", "listen": "127.0.0.1:2", "link": "tls",
              "links_open": True, "blocks": 4, "latest_ms": 5,
              "checkpoint_since_ms": None}  # fmt: skip
    return Answers({**status, **changed}, [])


def levels(findings: list[Finding]) -> list[str]:
    for one in findings:
        assert bool(one.mending) == (one.level != "ok"), "who finds a fault says how to mend it"
    return [one.level for one in findings]


def test_a_new_node_has_no_problem(home: Home) -> None:
    told: list[tuple[int, int]] = []
    findings = examine(home, {}, None, lambda done, total: told.append((done, total)))
    assert set(levels(findings)) <= {"ok", "warning"}, findings
    assert told == [(1, 1)]
    checks = {one.check for one in findings}
    assert checks >= {"settings", "files", "process", "ports", "certificates", "disk", "database",
                      "clock", "versions"}  # fmt: skip


def test_an_examination_changes_nothing(home: Home) -> None:
    examine(home, {}, None)
    before = {path.name: path.read_bytes() for path in home.folder.iterdir()}
    examine(home, {}, None)
    after = {path.name: path.read_bytes() for path in home.folder.iterdir()}
    del before["credimus.db.lock"], after["credimus.db.lock"]
    assert before == after


FILES = ("config.toml", "node.key", "token", "fleet-ca.key", "fleet-ca.crt", "link.key", "link.crt",
         "credimus.db")  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [None, b"", b"\x00garbled\xff" * 300])
def test_a_file_that_is_missing_or_garbled_is_a_problem_and_no_surprise(
    name: str, content: bytes | None, home: Home
) -> None:
    path = home.folder / name
    mode = path.stat().st_mode
    path.unlink()
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    assert "problem" in levels(examine(home, {}, None))


def test_settings(home: Home) -> None:
    settings, found = check_settings(home, {"CREDIMUS_NODE_LITSEN": "x"})
    assert settings == read_settings(home.config)
    assert levels(found) == ["warning", "ok"]
    settings, found = check_settings(home, {"CREDIMUS_VOTING_EVALUATORS": "webhook"})
    assert settings is None
    assert levels(found) == ["problem"]
    home.config.write_text("[fleet")
    assert levels(check_settings(home, {})[1]) == ["problem"]


def test_files(home: Home) -> None:
    assert levels(check_files(home)) == ["ok"]
    for path in secret_files(home):
        path.chmod(0o640)
        (found,) = check_files(home)
        assert (found.level, str(path) in found.found) == ("problem", True)
        path.chmod(0o600)
    home.token.unlink()
    (gone,) = check_files(home)
    assert "start the node again" in gone.mending
    home.database.chmod(0o644)
    home.folder.chmod(0o777)
    assert levels(check_files(home)) == ["problem", "warning", "problem"]


def test_who_holds_the_folder(home: Home) -> None:
    assert levels(check_use(home, None)) == ["ok"]
    assert levels(check_use(home, answers())) == ["ok"]
    assert levels(check_use(home, answers(forked=True))) == ["problem"]
    assert levels(
        check_use(home, answers(failure={"message": "The disk is full. Free some space."}))
    ) == ["problem"]
    home.running.write_text("{}")
    assert levels(check_use(home, None)) == ["warning"]
    lock = FolderLock(home.database)
    try:
        (found,) = check_use(home, None)
        assert (found.level, str(os.getpid()) in found.found) == ("problem", True)
        examined = examine(home, {}, None)
        assert [one for one in examined if one.check == "database"] == []
    finally:
        lock.close()


def test_ports(home: Home, taken: str) -> None:
    settings = read_settings(home.config).node
    assert levels(check_ports(settings, None)) == ["ok", "ok"]
    for wrong in (taken, "192.0.2.1:7447", "nowhere"):
        changed = msgspec.structs.replace(settings, listen=wrong)
        assert levels(check_ports(changed, None)) == ["problem", "ok"]
    assert levels(check_ports(NodeSettings(name="n", link="quic", listen=taken), None))[0] == "ok"
    changed = msgspec.structs.replace(settings, listen="127.0.0.1:2")
    assert levels(check_ports(changed, answers())) == ["ok", "ok"]
    assert levels(check_ports(settings, answers())) == ["ok", "warning"]
    assert levels(check_ports(settings, answers(links_open=False))) == ["ok", "warning"]


@pytest.mark.parametrize(
    ("wall_ms", "newest_ms", "level"),
    [
        (NOW_MS, None, "ok"),
        (NOW_MS, NOW_MS - 10**9, "ok"),
        (NOW_MS, NOW_MS + 900, "ok"),
        (NOW_MS, NOW_MS + 30_000, "warning"),
        (NOW_MS, NOW_MS + 60_001, "problem"),
        (0, None, "problem"),
    ],
)
def test_clocks(wall_ms: int, newest_ms: int | None, level: str) -> None:
    wall, monotonic = levels(check_clock(wall_ms, newest_ms))
    assert wall == level
    assert monotonic == "ok"


def test_certificates(home: Home) -> None:
    assert levels(check_certificates(home)) == ["ok"]
    now = datetime.now(UTC)
    for days, level in ((3_500, "ok"), (3_600, "warning"), (3_700, "problem"), (-30, "problem")):
        assert set(levels(check_certificates(home, now + timedelta(days=days)))) == {level}
    key = load_node_key(home.key)
    link_key = (home.folder / "link.key").read_bytes()
    stranger = Authority.create(FleetId(b"f" * 16))
    issued = stranger.issue(key.node_id)
    write_file(home.folder / "link.crt", issued.certificate_pem)
    found = check_certificates(home)
    assert levels(found) == ["problem", "problem"]
    assert "did not issue" in found[0].found
    assert "does not belong" in found[1].found
    write_file(home.folder / "link.key", b"torn", private=True)
    assert levels(check_certificates(home)) == ["problem"]
    write_file(home.folder / "link.key", link_key, private=True)
    (home.folder / "fleet-ca.key").chmod(0o644)
    assert levels(check_certificates(home)) == ["problem"]


def test_room_on_the_disk() -> None:
    sizes = (10 << 30, 500 << 20, 10 << 20)
    assert [judge_room(one, "x").level for one in sizes] == ["ok", "warning", "problem"]


def test_a_damaged_database_is_named(home: Home) -> None:
    settings = read_settings(home.config)
    whole = check_database(home, settings, None)
    assert levels(whole.findings)[0] == "ok"
    assert whole.newest_ms is not None
    connection = sqlite3.connect(home.database)
    connection.execute("UPDATE blocks SET wire = zeroblob(length(wire)) WHERE position = 1")
    connection.commit()
    connection.close()
    (found,) = check_database(home, settings, None).findings
    assert (found.level, "row 1 was altered" in found.found) == ("problem", True)
    home.database.write_bytes(b"torn" * 2_000)
    assert levels(check_database(home, settings, None).findings) == ["problem"]
    home.database.unlink()
    assert levels(check_database(home, settings, None).findings) == ["problem"]
    assert not home.database.exists(), "a missing log is not made anew"


def test_peers(taken: str) -> None:
    (free,) = free_ports(1)
    there, away = Peer("there", taken, False), Peer("away", f"127.0.0.1:{free}", False)
    named, without = Peer("named", "host.example:7447", False), Peer("without", "", False)
    linked = Peer("linked", "192.0.2.1:1", True)
    assert levels(check_peers([], "tls", running=True)) == ["ok"]
    found = check_peers([there, away, named, without], "tls", running=False)
    assert levels(found) == ["ok", "warning", "ok", "warning"]
    assert "not tried" in found[2].found
    assert levels(check_peers([linked, there], "tls", running=True)) == ["ok", "ok"]
    assert levels(check_peers([away], "tls", running=True)) == ["problem", "warning"]
    assert levels(check_peers([away], "quic", running=False)) == ["ok"]


def test_members_at_one_address_are_named() -> None:
    here, there = Peer("here", "10.0.0.7:7447", True, True), Peer("there", "10.0.0.8:7447", True)
    assert check_addresses([here, there, Peer("a", "", False), Peer("b", "", False)]) == []
    (found,) = check_addresses([here, there, Peer("third", "10.0.0.7:7447", False)])
    assert levels([found]) == ["warning"]
    assert "here and third have one address, 10.0.0.7:7447" in found.found


def test_a_rotated_key_makes_no_second_member(home: Home) -> None:
    Daemon.load(home).store.close()
    rotate_key(home)
    Daemon.load(home).store.close()
    peers = [one.found for one in examine(home, {}, None) if one.check == "peers"]
    assert peers == ["this node is the fleet's only member"]


def test_versions() -> None:
    assert levels(check_versions(None)) == ["ok"]
    assert levels(check_versions(answers())) == ["ok"]
    assert levels(check_versions(answers(version="0.0.1"))) == ["warning", "ok"]


def test_the_mending_of_a_mode_mends_it(home: Home) -> None:
    home.key.chmod(0o644)
    (found,) = [one for one in examine(home, {}, None) if one.check == "files"]
    program, mode, path = found.mending.split()
    assert program == "chmod"
    Path(path).chmod(int(mode, 8))
    assert stat.S_IMODE(home.key.stat().st_mode) == 0o600
    assert {one.level for one in examine(home, {}, None)} <= {"ok", "warning"}


def test_checkpoints_that_do_not_come_along_are_told() -> None:
    on, hour_ms = CheckpointSettings(), 3_600_000
    assert levels(check_retention(on, NOW_MS, None)) == ["ok"]
    for since_ms, level in (
        (None, "ok"),
        (NOW_MS - hour_ms, "ok"),
        (NOW_MS - hour_ms - 1, "warning"),
    ):
        running = answers(checkpoint_since_ms=since_ms)
        assert levels(check_retention(on, NOW_MS, running)) == [level]
        off = CheckpointSettings(enabled=False)
        assert levels(check_retention(off, NOW_MS, running)) == ["ok"]
