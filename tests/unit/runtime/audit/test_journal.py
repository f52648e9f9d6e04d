"""The journal of a node: signed, chained, bounded; whatever is changed in it shows."""

from collections.abc import Callable

import pytest

from credimus.kernel import codec, limits
from credimus.kernel.errors import StorageError
from credimus.lace.seal import SeedSigner
from credimus.runtime.access.principals import OWNER
from credimus.runtime.audit.journal import FAMILY, Journal, broken_at, read_entries
from credimus.runtime.store.memory import MemoryStore

SIGNER = SeedSigner(b"j" * 32)


def kept(count: int) -> MemoryStore:
    store = MemoryStore()
    journal = Journal(store, SIGNER, lambda: 1_700_000_000_000)
    for number in range(count):
        journal.note("token-created", f"t{number}", OWNER)
    return store


def broken(store: MemoryStore) -> tuple[int, str] | None:
    return broken_at(read_entries(store), [SIGNER.public])


def test_entries_follow_each_other_also_after_a_restart() -> None:
    store = kept(3)
    Journal(store, SIGNER).note("started", "n0")
    assert broken(store) is None
    newest = Journal(store, SIGNER).newest(2)
    assert [(one.number, one.what, one.name) for one in newest] == [
        (4, "started", "node"),
        (3, "token-created", "owner"),
    ]


def rewritten(store: MemoryStore, change: Callable[[list[bytes]], None]) -> MemoryStore:
    values = [value for _, value in store.facts(FAMILY)]
    change(values)
    other = MemoryStore()
    for number, value in enumerate(values, 1):
        other.remember(f"{FAMILY}/{number:012}", value)
    return other


def altered(values: list[bytes]) -> None:
    raw, signature = codec.decode(values[1], codec.decoder(tuple[bytes, bytes]), "entry")
    values[1] = codec.encode((raw.replace(b"t1", b"t9"), signature))


def deleted(values: list[bytes]) -> None:
    del values[1]


def swapped(values: list[bytes]) -> None:
    values[1], values[2] = values[2], values[1]


def forged(values: list[bytes]) -> None:
    """The chain is made good again, but the key is missing."""
    other = MemoryStore()
    journal = Journal(other, SeedSigner(b"x" * 32), lambda: 1_700_000_000_000)
    for number in range(4):
        journal.note("token-created", f"f{number}", OWNER)
    values[:] = [value for _, value in other.facts(FAMILY)]


@pytest.mark.parametrize(
    ("change", "number"), [(altered, 2), (deleted, 3), (swapped, 3), (forged, 1)]
)
def test_whatever_is_changed_is_named(change: Callable[[list[bytes]], None], number: int) -> None:
    found = broken(rewritten(kept(4), change))
    assert found is not None
    assert found[0] == number


def test_the_oldest_go_and_the_rest_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACTIONS_MAX", 5)
    store = kept(9)
    assert [entry.action.number for entry in read_entries(store)] == [5, 6, 7, 8, 9]
    assert broken(store) is None


def test_refusals_are_entered_once_a_while_with_their_number() -> None:
    store = MemoryStore()
    journal = Journal(store, SIGNER)
    for second in range(130):
        journal.refused("token-wrong", float(second))
    told = [one.on for one in journal.newest(10)]
    assert told == ["token-wrong, 60 times", "token-wrong, 60 times", "token-wrong"]


def test_what_can_not_be_read_is_told_with_its_name() -> None:
    store = MemoryStore()
    store.remember(f"{FAMILY}/000000000001", b"nonsense")
    with pytest.raises(StorageError, match="action/000000000001 is no entry"):
        list(read_entries(store))
