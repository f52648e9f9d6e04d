"""A node takes a new key while it stands still; a crash at any moment leaves one whole node."""

from pathlib import Path

import pytest
from cryptography import x509

from credimus.kernel.errors import Conflict, StorageError
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import load_node_key
from credimus.runtime.identity.rotating import rotate_key
from credimus.runtime.identity.succession import owning_key
from credimus.runtime.joining.joining import Plan, found_home
from credimus.runtime.store.sqlite import SqliteStore

PLAN = Plan(name="n0", listen="127.0.0.1:1", api="127.0.0.1:0", link="tls", address="10.1.2.3:7")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A founded node that stands still."""
    found = Home(tmp_path / "n0")
    found_home(found, "harbour", PLAN)
    return found


def roster_of(home: Home) -> dict[bytes, str]:
    """Ids and names of the members, as a restored node knows them."""
    daemon = Daemon.load(home)
    try:
        assert daemon.node.id in daemon.node.state.roster.current
        return {one.node: one.name for one in daemon.node.state.roster.current.by_id.values()}
    finally:
        daemon.store.close()


def test_the_member_stays_under_a_new_id(home: Home) -> None:
    before = load_node_key(home.key).node_id
    made = rotate_key(home)
    assert made.old == before != made.new
    assert load_node_key(home.key).node_id == made.new
    kept = home.folder / f"node.key.{before.hex()[:12]}"
    assert load_node_key(kept).node_id == before
    assert not home.next_key.exists()
    assert roster_of(home) == {made.new: "n0"}
    certificate = x509.load_pem_x509_certificate((home.folder / "link.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    told = {str(one.value) for one in names}
    assert {f"node-{made.new.hex()}.credimus", "10.1.2.3"} <= told
    assert not any(before.hex() in one for one in told)
    again = rotate_key(home)
    assert again.old == made.new
    assert roster_of(home) == {again.new: "n0"}


def test_a_crash_before_it_is_durable_leaves_the_old_key(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_node_key(home.key).node_id

    def full(*_: object, **__: object) -> None:
        raise StorageError("disk-full", "no room")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "append", full)
        with pytest.raises(StorageError):
            rotate_key(home)
    assert not home.next_key.exists()
    assert roster_of(home) == {before: "n0"}


@pytest.mark.parametrize("calls", [0, 1])
def test_a_crash_after_that_is_mended_by_the_next_start(
    home: Home, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    """Killed before the new key has the old one's name, or just before its certificate is made."""
    before = load_node_key(home.key).node_id
    where = (
        "credimus.runtime.identity.rotating.owning_key",
        "credimus.runtime.joining.authority.Authority.renew",
    )
    seen: list[object] = []

    def killed(*given: object) -> object:
        seen.append(given)
        if calls == 0 and len(seen) == 1:
            return owning_key(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(where[calls], killed)
        with pytest.raises(KeyboardInterrupt):
            rotate_key(home)
    assert load_node_key(home.key).node_id == before
    new = load_node_key(home.next_key).node_id
    assert roster_of(home) == {new: "n0"}
    assert load_node_key(home.key).node_id == new


def test_a_forgotten_draft_is_let_go(home: Home) -> None:
    before = load_node_key(home.key).node_id
    made = rotate_key(home)
    kept = home.folder / f"node.key.{before.hex()[:12]}"
    home.next_key.write_bytes(kept.read_bytes())
    home.next_key.chmod(0o600)
    assert roster_of(home) == {made.new: "n0"}
    assert not home.next_key.exists()


def test_a_running_node_keeps_its_key(home: Home) -> None:
    daemon = Daemon.load(home)
    try:
        with pytest.raises(Conflict) as refusal:
            rotate_key(home)
        assert refusal.value.code == "node-running"
    finally:
        daemon.store.close()
