"""What readers of the protocol must take, and what they must refuse."""

import pytest
from stranger import identifiers as ids

from credimus.kernel.errors import PeerFault
from credimus.lace.block import read_header
from credimus.state import operations as op

ASSERTED = bytes([0x91, 0x97, 4, 1]) + ids.mp("x") + ids.mp("general") + bytes([5, 0x90, 0])


@pytest.mark.parametrize(
    "raw",
    [
        ASSERTED,
        ASSERTED.replace(b"\x97\x04\x01", b"\x97\x04\xcd\x00\x01"),  # a longer integer
        ASSERTED.replace(b"\xa1x", b"\xd9\x01x"),  # a longer length
        ASSERTED.replace(b"\x91\x97", b"\xdc\x00\x01\xdc\x00\x07"),  # longer heads of arrays
        ASSERTED.replace(b"\x97", b"\x95")[:-2],  # the last two fields have defaults
    ],
)
def test_readers_take_what_writers_need_not_write(raw: bytes) -> None:
    assert op.read_operations(raw) == [op.Assert(1, "x", "general", 5)]


@pytest.mark.parametrize(
    "raw",
    [
        ASSERTED + b"\x00",  # trailing
        ASSERTED.replace(b"\x97", b"\x98") + b"\x00",  # a field too many
        ASSERTED.replace(b"\x97", b"\x94")[:-3],  # a field without a default is missing
        ASSERTED.replace(b"\xa1x", b"\xc4\x01x"),  # bin for str
        ASSERTED.replace(b"\xa1x", b"\xa1\xff"),  # no UTF-8
        ASSERTED.replace(b"\x97\x04\x01", b"\x97\x04\xc3"),  # a boolean for an integer
        ASSERTED.replace(b"general", b"genera\n"),
        ids.mp([[3, "a" * 513]]),
        ids.mp([[8, b"b" * 16, 1, [2, 1, 2, 1, 0], b"e" * 16, 1, b""]]),  # a ratio of one half
        ids.mp([[7, [[b"b" * 16, 1], [b"a" * 16, 1]]]]),  # electors out of order
        ids.mp([[13]]),
    ],
)
def test_readers_refuse_the_rest(raw: bytes) -> None:
    with pytest.raises(PeerFault) as fault:
        op.read_operations(raw)
    assert fault.value.code == "malformed"


def test_a_reason_is_bound_by_characters_when_read() -> None:
    assert op.read_operations(ids.mp([[3, "\u00e9" * 512]]))


@pytest.mark.parametrize(("header", "code"), [(b"\x97\x01", "unknown-version"), (b"", "malformed")])
def test_the_version_is_the_second_byte(header: bytes, code: str) -> None:
    with pytest.raises(PeerFault) as fault:
        read_header(header)
    assert fault.value.code == code
