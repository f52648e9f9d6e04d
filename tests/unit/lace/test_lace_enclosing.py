"""Enclosed texts: who has the key reads them, nobody else, and nothing can be altered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings

from credimus.kernel import limits
from credimus.lace import enclosing
from credimus.lace.enclosing import (
    BOX_BYTES,
    KEY_BYTES,
    NONCE_BYTES,
    PREFIX,
    Box,
    disclose,
    enclose,
    give,
    is_enclosed,
    key_name,
    name_in,
    take,
)
from credimus.lace.seal import SeedSigner

KEY, OTHER = bytes([1]) * KEY_BYTES, bytes([2]) * KEY_BYTES
NONCE = bytes(NONCE_BYTES)
ALICE, BOB = SeedSigner(bytes([3]) * 32), SeedSigner(bytes([4]) * 32)
SECRET = bytes([5]) * 32
TEXT = "the patient in bed 4 is allergic"


@given(st.text(max_size=200), st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
def test_only_the_key_opens_a_text(text: str, nonce: bytes) -> None:
    closed = enclose(text, KEY, nonce)
    assert is_enclosed(closed)
    assert name_in(closed) == key_name(KEY)
    assert disclose(closed, KEY) == text
    assert disclose(closed, OTHER) is None


def test_the_length_tells_little() -> None:
    lengths = {len(enclose("x" * count, KEY, NONCE)) for count in range(31)}
    assert len(lengths) == 1


@pytest.mark.parametrize("most", [limits.ENCLOSED_BYTES_MAX, limits.ENCLOSED_REASON_BYTES_MAX])
def test_what_may_be_enclosed_fits_where_open_text_does(most: int) -> None:
    room = {limits.ENCLOSED_BYTES_MAX: limits.BELIEF_BYTES_MAX}.get(most, limits.REASON_BYTES_MAX)
    assert len(enclose("x" * most, KEY, NONCE)) <= room
    assert len(enclose("x" * (most + 32), KEY, NONCE)) > room


@given(st.data())
def test_an_altered_text_opens_to_nothing(data: st.DataObject) -> None:
    closed = enclose(TEXT, KEY, NONCE)
    place = data.draw(st.integers(len(PREFIX), len(closed) - 2))
    other = data.draw(st.sampled_from("abcdefghABCDEFGH0123-_!"))
    if other != closed[place]:
        assert disclose(closed[:place] + other + closed[place + 1 :], KEY) is None


@given(st.text())
def test_any_text_is_opened_or_refused(text: str) -> None:
    assert disclose(PREFIX + text, KEY) is None
    assert disclose(text, KEY) is None


def test_a_box_opens_for_its_reader_only() -> None:
    ephemeral, boxes = give(KEY, [(ALICE.node_id, ALICE.public)], SECRET)
    (box,) = boxes
    assert len(box.closed) == BOX_BYTES
    assert take(key_name(KEY), box, ephemeral, ALICE.agree) == KEY
    assert take(key_name(KEY), box, ephemeral, BOB.agree) is None
    assert take(key_name(KEY), Box(BOB.node_id, box.closed), ephemeral, ALICE.agree) is None
    assert take(key_name(OTHER), box, ephemeral, ALICE.agree) is None


def test_a_box_with_another_key_than_it_names_is_noticed() -> None:
    ephemeral = bindings.crypto_scalarmult_base(SECRET)
    theirs = bindings.crypto_sign_ed25519_pk_to_curve25519(ALICE.public)
    shared = bindings.crypto_scalarmult(SECRET, theirs)
    inner = enclosing._box_key(shared, ephemeral, ALICE.node_id)
    closed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        OTHER, key_name(KEY), bytes(NONCE_BYTES), inner
    )
    assert take(key_name(KEY), Box(ALICE.node_id, closed), ephemeral, ALICE.agree) is None


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=BOX_BYTES, max_size=BOX_BYTES))
def test_any_box_is_opened_or_refused(ephemeral: bytes, closed: bytes) -> None:
    assert take(key_name(KEY), Box(ALICE.node_id, closed), ephemeral, ALICE.agree) is None


@pytest.mark.parametrize("low", [bytes(32), bytes([1]) + bytes(31)])
def test_a_key_of_low_order_is_no_key(low: bytes) -> None:
    with pytest.raises(ValueError, match="no key"):
        ALICE.agree(low)


def test_a_reader_whose_key_is_no_point_is_left_out() -> None:
    _, boxes = give(KEY, [(ALICE.node_id, bytes(32)), (BOB.node_id, BOB.public)], SECRET)
    assert [box.reader for box in boxes] == [BOB.node_id]


def test_a_signer_never_draws_the_same_twice() -> None:
    drawn = {ALICE.draw(16) for _ in range(64)}
    assert len(drawn) == 64
