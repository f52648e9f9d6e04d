"""Any bytes of claims and accusations give a value or a PeerFault, and leave a node standing."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_core_fuzz import NOW, mutated, new_node, read_any, shaped

from credimus.kernel.codec import encode
from credimus.node.supply import read_message
from credimus.protocol.vigilance.interface import Accusation, Charge, Claim, Kind, StateClaim
from credimus.protocol.vigilance.sealing import (
    check_charge,
    check_claim,
    read_charge,
    read_claim,
    seal_charge,
    seal_claim,
)
from strategies import FLEET, LATER_MS, MEMBERS, SIGNERS

STATE = StateClaim(FLEET, MEMBERS[1], LATER_MS, 1, 2, b"f" * 32, b"s" * 32)
SHOWN = (
    seal_claim(SIGNERS[1], STATE),
    seal_claim(SIGNERS[1], msgspec.structs.replace(STATE, fingerprint=b"t" * 32)),
)
CHARGES = tuple(
    Charge(FLEET, MEMBERS[2], LATER_MS, MEMBERS[1], kind, "it lies", SHOWN) for kind in Kind
)
MESSAGES = [encode(one) for one in (*SHOWN, *(seal_charge(SIGNERS[2], one) for one in CHARGES))]


def read_a_claim(raw: bytes) -> None:
    """What a claim says, and then its signature."""
    shown = Claim(raw, bytes(64))
    read_claim(shown)
    check_claim(shown, SIGNERS[1].public)


def read_an_accusation(raw: bytes) -> None:
    """What an accusation says, and then its signature."""
    said = Accusation(raw, bytes(64))
    read_charge(said)
    check_charge(said, SIGNERS[1].public)


READERS = {
    read_message: MESSAGES,
    read_a_claim: [encode(STATE)],
    read_an_accusation: [encode(one) for one in CHARGES],
}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@given(data=st.data())
def test_any_bytes_give_a_value_or_a_peer_fault(reader: Any, data: st.DataObject) -> None:
    some = st.binary(max_size=400) | mutated(READERS[reader]) | shaped
    read_any(reader, data.draw(some))


NODE = new_node()
signers = st.sampled_from(SIGNERS)
names = st.sampled_from(MEMBERS)
numbers = st.integers(0, 1 << 40)
digests = st.sampled_from([b"f" * 32, b"s" * 32])
claims = st.builds(
    StateClaim, st.just(FLEET), names, numbers, st.just(1), numbers, digests, digests
)
charges = st.builds(
    Charge, st.just(FLEET), names, numbers, names, st.sampled_from(Kind), st.text(max_size=20),
    st.lists(st.builds(seal_claim, signers, claims), max_size=2).map(tuple),
)  # fmt: skip
sealed = st.builds(seal_claim, signers, claims) | st.builds(seal_charge, signers, charges)


@given(st.lists(mutated(MESSAGES) | sealed.map(encode), max_size=8))
def test_any_claims_and_charges_leave_a_node_standing_and_its_state_as_it_was(
    payloads: list[bytes],
) -> None:
    before = NODE.state.fingerprint()
    for raw in payloads:
        NODE.receive(MEMBERS[2], raw, NOW)
    NODE.tick(NOW)
    NODE.collect(NOW)
    assert NODE.state.fingerprint() == before
    NODE.vigilance.violations(NOW)
