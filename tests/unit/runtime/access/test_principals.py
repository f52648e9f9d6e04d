"""Tokens with scopes: what they may do, for how long, what is kept of them."""

from hashlib import sha256

import pytest

from credimus.kernel import limits
from credimus.kernel.errors import Conflict, CredimusError, NotFound, NotPermitted, StorageError
from credimus.runtime.access.principals import FAMILY, OWNER, Principals, require
from credimus.runtime.access.tokens import PREFIX
from credimus.runtime.store.memory import MemoryStore

OWN = PREFIX + "own" * 10


def code(error: pytest.ExceptionInfo[CredimusError]) -> tuple[int, str]:
    return error.value.status, error.value.code


def test_the_folders_token_may_do_everything() -> None:
    principal = Principals(MemoryStore(), OWN).identify(f"bearer {OWN}")
    assert principal is OWNER
    for scope in ("read", "assert", "vote", "admin"):
        require(principal, scope)  # type: ignore[arg-type]


def test_a_token_may_do_what_its_scopes_say_also_after_a_restart() -> None:
    store = MemoryStore()
    identifier, text, _ = Principals(store, OWN).create("dashboard", ["vote", "read"], None)
    principal = Principals(store, OWN).identify(f"Bearer {text}")
    assert (principal.id, principal.name) == (identifier, "dashboard")
    require(principal, "read")
    require(principal, "vote")
    with pytest.raises(NotPermitted, match="needs the scope assert") as caught:
        require(principal, "assert")
    assert code(caught) == (403, "scope-missing")


def test_admin_includes_every_scope() -> None:
    principals = Principals(MemoryStore(), OWN)
    _, text, _ = principals.create("operator", ["admin"], None)
    require(principals.identify(f"Bearer {text}"), "vote")


def test_only_a_fingerprint_is_kept() -> None:
    store = MemoryStore()
    _, text, kept = Principals(store, OWN).create("dashboard", ["read"], None)
    secret = text.partition(".")[2]
    assert kept.fingerprint == sha256(secret.encode()).digest()
    assert all(secret.encode() not in value for _, value in store.facts(FAMILY))


def test_a_token_expires_and_is_revoked() -> None:
    wall = [1_000_000]
    principals = Principals(MemoryStore(), OWN, lambda: wall[0])
    identifier, text, kept = principals.create("dashboard", ["read"], 30.0)
    assert kept.expires_ms == 1_030_000
    wall[0] = 1_029_999
    principals.identify(f"Bearer {text}")
    wall[0] = 1_030_000
    with pytest.raises(NotPermitted) as expired:
        principals.identify(f"Bearer {text}")
    assert code(expired) == (401, "token-expired")
    principals.revoke(identifier)
    with pytest.raises(NotPermitted) as revoked:
        principals.identify(f"Bearer {text}")
    assert code(revoked) == (401, "token-wrong")
    with pytest.raises(NotFound):
        principals.revoke(identifier)
    assert list(principals) == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "token-missing"),
        ("", "token-missing"),
        ("Bearer", "token-missing"),
        (f"Basic {OWN}", "token-missing"),
        (f"Bearer {OWN}x", "token-wrong"),
        (f"Bearer {PREFIX}.", "token-wrong"),
        ("Bearer \ud800", "token-wrong"),
    ],
)
def test_whoever_bears_no_token_of_ours_is_nobody(header: str | None, expected: str) -> None:
    principals = Principals(MemoryStore(), OWN)
    with pytest.raises(NotPermitted) as caught:
        principals.identify(header)
    assert code(caught) == (401, expected)


def test_an_id_with_another_secret_is_wrong() -> None:
    principals = Principals(MemoryStore(), OWN)
    (_, one, _), (_, other, _) = (principals.create(name, ["read"], None) for name in "ab")
    mixed = f"{one.partition('.')[0]}.{other.partition('.')[2]}"
    with pytest.raises(NotPermitted) as caught:
        principals.identify(f"Bearer {mixed}")
    assert code(caught) == (401, "token-wrong")


def test_what_can_not_be_a_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TOKENS_MAX", 1)
    principals = Principals(MemoryStore(), OWN)
    for name, scopes, life_s, expected in (
        ("", ["read"], None, "bad-name"),
        (" a", ["read"], None, "bad-name"),
        ("a\n", ["read"], None, "bad-name"),
        ("a" * 200, ["read"], None, "bad-name"),
        ("a", [], None, "bad-scope"),
        ("a", ["write"], None, "bad-scope"),
        ("a", ["read"], 0.5, "out-of-range"),
        ("a", ["read"], float("nan"), "out-of-range"),
    ):
        with pytest.raises(CredimusError) as caught:
            principals.create(name, scopes, life_s)  # type: ignore[arg-type]
        assert caught.value.code == expected
    principals.create("a", ["read"], None)
    with pytest.raises(Conflict, match="revoke some"):
        principals.create("b", ["read"], None)


def test_a_damaged_fact_is_named() -> None:
    store = MemoryStore()
    store.remember(f"{FAMILY}/abc", b"\xff")
    with pytest.raises(StorageError, match="token/abc"):
        Principals(store, OWN)
