"""Whatever is altered in a certificate is refused, with the reason."""

import json
import subprocess
import sys
from base64 import b85encode
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.msgpack import Ext

import decisions
from credimus.certificate import Certificate, Trust, verify
from credimus.certificate.document import proof_of, read_certificate
from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.limits import CERTIFICATE_BYTES_MAX
from decisions import SCENES

TRUST = decisions.accepted().trust
REASONS = frozenset(
    {
        "bad-signature", "certificate-altered", "certificate-disordered", "certificate-malformed",
        "certificate-unproved", "malformed", "not-a-member", "unknown-version", "wrong-fleet",
        "wrong-genesis",
    }
)  # fmt: skip
"""Everything that a certificate is refused for."""


@cache
def made(number: int) -> tuple[bytes, Trust]:
    """The certificate of a scene."""
    history = SCENES[number]()
    return history.certificate(), history.trust


def refusal(text: bytes, trust: Trust = TRUST) -> str:
    """The code of the reason for which a certificate is refused."""
    with pytest.raises(PeerFault) as told:
        verify(text, trust)
    assert told.value.code in REASONS
    assert len(told.value.message) > 20
    return told.value.code


def with_packed(text: bytes, packed: bytes) -> bytes:
    """The certificate with another proof and the same words."""
    fields: dict[str, Any] = json.loads(text)
    return json.dumps({**fields, "proof": b85encode(packed).decode()}).encode()


def test_the_text_may_be_spaced_in_any_way() -> None:
    text, trust = made(0)
    for indent in (None, 0, 4):
        assert verify(json.dumps(json.loads(text), indent=indent).encode(), trust)


def test_no_byte_of_the_proof_can_be_altered() -> None:
    text, trust = made(0)
    packed = encode(proof_of(read_certificate(text)))
    codes = set()
    for at in range(len(packed)):
        altered = bytearray(packed)
        altered[at] ^= 1
        codes.add(refusal(with_packed(text, bytes(altered)), trust))
    assert "bad-signature" in codes


@given(st.data())
def test_no_byte_of_any_proof_can_be_altered(data: st.DataObject) -> None:
    text, trust = made(data.draw(st.integers(0, len(SCENES) - 1)))
    packed = bytearray(encode(proof_of(read_certificate(text))))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    refusal(with_packed(text, bytes(packed)), trust)


@given(st.data())
def test_no_character_of_the_text_can_be_altered(data: st.DataObject) -> None:
    text, trust = made(data.draw(st.integers(0, len(SCENES) - 1)))
    compact = json.dumps(json.loads(text), separators=(",", ":")).encode()
    at = data.draw(st.integers(0, len(compact) - 1))
    other = data.draw(st.integers(33, 126).filter(lambda one: one != compact[at]))
    refusal(compact[:at] + bytes([other]) + compact[at + 1 :], trust)


@pytest.mark.parametrize("number", range(len(SCENES)))
@pytest.mark.parametrize("name", [one for one in Certificate.__struct_fields__ if one != "proof"])
def test_no_field_can_say_anything_else(number: int, name: str) -> None:
    text, trust = made(number)
    fields = json.loads(text)
    for other in altered(fields[name]):
        assert refusal(json.dumps({**fields, name: other}).encode(), trust)


def altered(value: Any) -> list[Any]:
    """Other values of the same kind, and some of others."""
    if isinstance(value, int):
        return [value + 1, value - 1, float(value), value + 0.5, str(value), True, None]
    swapped = {"accepted": "rejected", "rejected": "accepted"}.get(value, value[::-1] + "x")
    return [swapped, value + " ", value.upper() + "!", "", "\x00", 7, None, [value]]


@pytest.mark.parametrize("name", Certificate.__struct_fields__)
def test_no_field_can_be_left_out_said_twice_or_put_elsewhere(name: str) -> None:
    text, trust = made(0)
    fields = json.loads(text)
    rest = {key: value for key, value in fields.items() if key != name}
    refusal(json.dumps(rest).encode(), trust)
    twice = json.dumps(fields)[:-1] + f', "{name}": {json.dumps(fields[name])}}}'
    refusal(twice.encode(), trust)
    if name != "proof":
        refusal(json.dumps({**rest, name: fields[name]}).encode(), trust)
    refusal(json.dumps({**fields, "more": 1}).encode(), trust)


@pytest.mark.parametrize("number", range(len(SCENES)))
def test_no_excerpt_can_be_left_out_said_twice_or_moved(number: int) -> None:
    """Each is needed, and stands in the one place where it may."""
    text, trust = made(number)
    proof = proof_of(read_certificate(text))
    excerpts = proof.excerpts
    for at, one in enumerate(excerpts):
        without, twice = (
            (*excerpts[:at], *excerpts[at + 1 :]),
            (*excerpts[:at], one, *excerpts[at:]),
        )
        for other in (without, twice, (one, *without), (*without, one)):
            if other != excerpts:
                packed = encode(msgspec.structs.replace(proof, excerpts=other))
                refusal(with_packed(text, packed), trust)


def test_an_id_that_is_left_out_is_one_that_is_known() -> None:
    text, trust = made(0)
    proof = proof_of(read_certificate(text))
    at = max(at for at, one in enumerate(proof.excerpts) if type(one.shown[-1]) is list)
    place, said = proof.excerpts[at].shown[-2:]
    for code, octets in ((0, b"\x63"), (0, b"\x00\x00"), (0, b""), (1, b"\x00")):
        vote = [said[0], [[Ext(code, octets), *said[1][0][1:]]]]
        excerpts = list(proof.excerpts)
        shown = (*excerpts[at].shown[:-2], place, vote)
        excerpts[at] = msgspec.structs.replace(excerpts[at], shown=shown)
        other = msgspec.structs.replace(proof, excerpts=tuple(excerpts))
        assert refusal(with_packed(text, encode(other)), trust) == "malformed"


def test_a_certificate_shows_no_operation_twice_nor_without_its_place() -> None:
    text, trust = made(0)
    proof = proof_of(read_certificate(text))
    last = proof.excerpts[-1]
    deep: list[Any] = []
    for _ in range(20):
        deep = [deep]
    for shown in ((), last.shown[:1], last.shown * 2, (True, last.shown[1]), (0, deep)):
        changed = msgspec.structs.replace(last, shown=shown)
        other = msgspec.structs.replace(proof, excerpts=(*proof.excerpts[:-1], changed))
        assert refusal(with_packed(text, encode(other)), trust) == "malformed"


def test_a_verifier_needs_no_node() -> None:
    """Nor a disk, a network or a clock."""
    names = ("credimus.node", "credimus.protocol", "credimus.runtime", "asyncio", "sqlite3",
             "socket", "zenoh", "starlette")  # fmt: skip
    script = f"import sys, credimus.certificate; print([n for n in {names} if n in sys.modules])"
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_an_altered_field_is_named_with_what_it_may_be() -> None:
    text, _ = made(0)
    for field, value, told in (
        ("outcome", "acepted", "`outcome` is 'acepted'; did you mean `accepted`?"),
        ("attempt", "1", "`attempt` must be a whole number, not text"),
    ):
        with pytest.raises(PeerFault) as refused:
            read_certificate(json.dumps({**json.loads(text), field: value}).encode())
        assert refused.value.message == f"this is no certificate: {told}"


def test_bytes_that_mean_nothing_are_told_without_where_a_decoder_stood() -> None:
    text, trust = made(0)
    packed = encode(proof_of(read_certificate(text)))
    for altered_bytes in (packed[:-3], packed[:2] + b"\x01" + packed[3:]):
        with pytest.raises(PeerFault) as refused:
            verify(with_packed(text, altered_bytes), trust)
        assert refused.value.message.endswith(
            "can not be read: it was altered, or did not come whole"
        )


def test_other_versions_and_sizes_are_refused() -> None:
    text, trust = made(0)
    proof = proof_of(read_certificate(text))
    later = with_packed(text, encode(msgspec.structs.replace(proof, version=5)))
    assert refusal(later, trust) == "unknown-version"
    form = json.dumps({**json.loads(text), "certificate": 5}).encode()
    assert refusal(form, trust) == "unknown-version"
    assert refusal(text + b" " * CERTIFICATE_BYTES_MAX, trust) == "certificate-malformed"
