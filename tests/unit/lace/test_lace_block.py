"""Blocks: what is signed, what is read back, what a signature covers."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import node_id
from credimus.lace.block import block_id, open_wire, read_block, read_header
from credimus.lace.seal import SeedSigner, check_signature, pack_leaves
from credimus.state.operations import Leave
from strategies import FLEET, GENESIS, SIGNERS, make_block


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 65_535, 65_536])
def test_packed_leaves_are_one_array(count: int) -> None:
    leaves = [b"\x01"] * count
    assert pack_leaves(leaves) == msgspec.msgpack.encode([1] * count)


def test_a_block_is_read_back_as_it_was_sealed() -> None:
    block = make_block(SIGNERS[1], [Leave("a"), Leave("b")], None, [GENESIS])
    again = read_block(open_wire(block.wire))
    assert (again.header, again.id, again.wire) == (block.header, block.id, block.wire)
    assert again.leaves() == [encode(Leave("a")), encode(Leave("b"))]
    assert again.id == block_id(block.header_bytes)
    assert read_header(block.header_bytes).fleet == FLEET
    assert repr(block) == f"Block({block.author[:4].hex()}#1 {block.id[:4].hex()})"
    assert not again.verified


def test_the_signer_is_ed25519_and_named_by_its_key() -> None:
    # RFC 8032, section 7.1, test 1
    signer = SeedSigner(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert signer.public.hex().startswith("d75a980182b10ab7d54bfed3c964073a")
    assert signer.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974")
    assert signer.node_id == node_id(signer.public)


@given(st.binary(max_size=64), st.integers(0, 511))
def test_one_changed_bit_spoils_a_signature(message: bytes, bit: int) -> None:
    signature = SIGNERS[0].sign(message)
    check_signature(SIGNERS[0].public, message, signature, "x")
    number = int.from_bytes(signature, "big") ^ (1 << bit)
    for wrong in (number.to_bytes(64, "big"), SIGNERS[1].sign(message), b"\x00" * 64):
        with pytest.raises(PeerFault) as caught:
            check_signature(SIGNERS[0].public, message, wrong, "x")
        assert caught.value.code == "bad-signature"


def test_keys_that_are_no_points_verify_nothing() -> None:
    for key in (b"\x00" * 32, b"\xff" * 32, (1).to_bytes(32, "little")):
        with pytest.raises(PeerFault):
            check_signature(key, b"m", b"\x00" * 64, "x")
