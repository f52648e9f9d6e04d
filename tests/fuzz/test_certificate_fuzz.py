"""Any bytes given as a certificate are verified or refused; nothing else happens."""

import contextlib
import json
from base64 import b85encode
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import decisions
from credimus.certificate import Archive, Trust, make_certificate, read_trust, verify
from credimus.certificate.document import proof_of, read_certificate
from credimus.kernel.codec import encode
from credimus.kernel.errors import Conflict, PeerFault, UsageError
from credimus.kernel.ids import BlockId, FleetId
from credimus.lace.block import Block
from liars import histories
from strategies import (
    FLEET,
    Replica,
)

HISTORIES = [scene() for scene in decisions.SCENES]
TEXTS = [history.certificate() for history in HISTORIES]
PROOFS = [encode(proof_of(read_certificate(text))) for text in TEXTS]
TRUST = HISTORIES[0].trust
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
octets = st.recursive(
    st.integers(0, (1 << 64) - 1) | st.binary(max_size=70) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=8),
    max_leaves=30,
)


@given(histories())
def test_what_liars_decided_is_certified_or_refused(blocks: list[Block]) -> None:
    """Whatever a node took: a certificate that holds and says its verdict, or a reason."""
    replica = Replica().take_all(blocks)
    wires = {block.id: block.wire for block in replica.log}
    archive = Archive(
        FLEET, replica.lace, replica.state, lambda ids: [wires[BlockId(one)] for one in ids]
    )
    for belief in replica.state.beliefs:
        verdict = replica.state.rounds.verdict(belief.id)
        with contextlib.suppress(Conflict):
            stated = verify(make_certificate(archive, belief), Trust(FLEET)).certificate
            assert verdict is not None
            assert (stated.outcome, stated.belief) == (verdict.word, belief.id.hex())


def tried(text: bytes, trust: Trust = TRUST) -> None:
    """It holds, or is refused in words."""
    assert len(answer(text, trust)) > 10


def answer(text: bytes, trust: Trust) -> str:
    """The statement that is proved, or why none is."""
    try:
        return verify(text, trust).certificate.statement
    except PeerFault as fault:
        return f"{fault.code}: {fault.message}"


def around(packed: bytes, number: int = 0, **words: Any) -> bytes:
    """A text with these bytes as its proof."""
    fields = {**json.loads(TEXTS[number]), "proof": b85encode(packed).decode(), **words}
    return json.dumps(fields).encode()


@given(st.binary(max_size=400))
def test_any_bytes(text: bytes) -> None:
    tried(text)
    tried(around(text))


@given(st.dictionaries(st.sampled_from(list(json.loads(TEXTS[0]))), values))
def test_any_words(words: dict[str, Any]) -> None:
    tried(around(PROOFS[0], **words))
    tried(json.dumps(words).encode())


@given(octets)
def test_any_values_as_a_proof(value: Any) -> None:
    tried(around(encode([2, [value]])))
    tried(around(encode([2, [[0, 1, 1, 1, [0, value], b"s" * 64]]])))


@given(st.data())
def test_a_proof_with_some_bytes_replaced(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(TEXTS) - 1))
    packed = bytearray(PROOFS[number])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    tried(around(bytes(packed), number), HISTORIES[number].trust)


@given(st.text(alphabet=st.characters(codec=None), max_size=20))
def test_any_words_of_a_belief(words: str) -> None:
    text = json.dumps({**json.loads(TEXTS[0]), "statement": words, "category": words})
    tried(text.encode("utf-8", "surrogatepass"))
    tried(text.encode("utf-8", "surrogatepass").replace(b"\\u", b"\\\\u"))


@given(st.text(max_size=200))
def test_any_text_as_trust(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert len(read_trust(text).fleet) == 16


@given(st.binary(min_size=16, max_size=16))
def test_no_other_fleet_takes_a_certificate(fleet: bytes) -> None:
    tried(TEXTS[0], Trust(FleetId(fleet)))
