"""A verifier that was made from docs/protocol/certificates.md alone judges as ours does."""

import json
from base64 import b85decode, b85encode
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stranger.certificates import Refused
from stranger.certificates import verify as their_verify

import decisions
import member_decisions
from credimus.certificate import Trust, verify
from credimus.certificate.document import proof_of, read_certificate
from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from member_decisions import Decided

HISTORIES = [scene() for scene in decisions.SCENES]
TEXTS = [history.certificate() for history in HISTORIES]


def theirs(text: bytes, fleet: bytes) -> bool:
    """Whether the stranger takes it."""
    try:
        return their_verify(text, fleet) in (2, 3)
    except (Refused, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return False
    except msgspec.DecodeError:
        return False


def ours(text: bytes, number: int) -> bool:
    """Whether we take it."""
    try:
        return bool(verify(text, HISTORIES[number].trust))
    except PeerFault:
        return False


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_a_stranger_takes_what_we_take(number: int) -> None:
    history = HISTORIES[number]
    verdict = history.state.rounds.verdict(decisions.BELIEF)
    assert their_verify(TEXTS[number], history.fleet) == verdict
    assert not theirs(TEXTS[number], b"f" * 16)


@pytest.mark.parametrize("scene", member_decisions.SCENES, ids=lambda scene: scene.__name__)
def test_a_stranger_knows_the_rules_on_members(scene: Callable[[], Decided]) -> None:
    fleet, founder, text = scene()
    assert verify(text, Trust(fleet, founder))
    assert their_verify(text, fleet) == 2
    fields = json.loads(text)
    version, excerpts = msgspec.msgpack.decode(b85decode(fields["proof"]))
    for place in range(len(excerpts)):
        fewer = encode([version, excerpts[:place] + excerpts[place + 1 :]])
        less = json.dumps({**fields, "proof": b85encode(fewer).decode()}, ensure_ascii=False)
        assert not theirs(less.encode(), fleet)
        with pytest.raises(PeerFault):
            verify(less.encode(), Trust(fleet, founder))


@given(st.data())
def test_a_stranger_refuses_what_we_refuse(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(TEXTS) - 1))
    fields: dict[str, Any] = json.loads(TEXTS[number])
    packed = bytearray(encode(proof_of(read_certificate(TEXTS[number]))))
    if data.draw(st.booleans()):
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
        fields["proof"] = b85encode(packed).decode()
    else:
        name = data.draw(st.sampled_from(list(fields)))
        value = fields[name]
        fields[name] = value + 1 if isinstance(value, int) else value[::-1] + "0"
    altered = json.dumps(fields, ensure_ascii=False).encode()
    assert not ours(altered, number)
    assert not theirs(altered, HISTORIES[number].fleet)
