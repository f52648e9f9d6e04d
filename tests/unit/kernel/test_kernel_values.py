"""Entropy, errors, codec, bounded maps, ids, instants, fixed point."""

import contextlib
import math
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel import errors
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.effects import Effects, Send
from credimus.kernel.entropy import Entropy, Stream
from credimus.kernel.errors import CredimusError, PeerFault, UsageError
from credimus.kernel.fixed import MILLION, millionths, ratio
from credimus.kernel.ids import fingerprint, fleet_id, node_id, short
from credimus.kernel.instant import Instant, after, earliest

# --- entropy


def test_draws_are_the_same_everywhere() -> None:
    stream = Entropy(b"seed").stream("golden")
    assert [stream.word() for _ in range(3)] == GOLDEN_WORDS
    items = list(range(8))
    Entropy(b"seed").child("a").stream("shuffle").shuffle(items)
    assert items == GOLDEN_SHUFFLE


def test_a_stream_is_named_by_seed_and_name() -> None:
    def first(seed: bytes, name: str) -> int:
        return Entropy(seed).stream(name).word()

    assert first(b"a", "x") == first(b"a", "x")
    assert len({first(b"a", "x"), first(b"b", "x"), first(b"a", "y")}) == 3
    assert Entropy(b"a").child("x").stream("y").word() != first(b"a", "y")


@given(st.binary(max_size=32), st.integers(1, 1 << 40), st.integers(0, 50))
def test_draws_stay_in_range(key: bytes, bound: int, count: int) -> None:
    stream = Stream(key)
    assert 0 <= stream.below(bound) < bound
    assert -5 <= stream.between(-5, bound) <= bound
    assert not stream.happens(0)
    assert stream.happens(MILLION)
    assert len(stream.octets(count)) == count
    items = list(range(count))
    assert len(set(stream.sample(items, 10))) == min(10, count)
    stream.shuffle(items)
    assert sorted(items) == list(range(count))
    assert stream.choose([7]) == 7


# --- errors


def kinds(kind: type[CredimusError] = CredimusError) -> list[type[CredimusError]]:
    """The kernel's tree; other layers grow leaves of their own."""
    subs = [one for one in kind.__subclasses__() if one.__module__ == errors.__name__]
    return [kind, *(deep for sub in subs for deep in kinds(sub))]


@pytest.mark.parametrize("name", ["UsageError", "NotFound", "Conflict", "NotPermitted", "PeerFault",
                                  "Unavailable", "StorageError", "InternalError"])  # fmt: skip
def test_an_error_keeps_code_and_message_through_pickling(name: str) -> None:
    kind = getattr(errors, name)
    again = pickle.loads(pickle.dumps(kind("some-code", "what happened")))  # noqa: S301
    assert type(again) is kind
    assert (again.code, again.message, str(again)) == (
        "some-code", "what happened", "what happened"
    )  # fmt: skip


def test_the_tree_tells_whose_wrong_it_was() -> None:
    own = [one for one in kinds() if CredimusError in one.__bases__]
    assert [one.__name__ for one in own] == [
        "UsageError", "PeerFault", "Unavailable", "StorageError", "InternalError"
    ]  # fmt: skip
    for kind in kinds():
        certain = UsageError | PeerFault | errors.Partitioned
        assert kind.definite == issubclass(kind, certain) or kind is CredimusError
        assert kind.retry == issubclass(kind, errors.Unavailable)
    statuses = {kind.__name__: kind.status for kind in kinds(UsageError)}
    assert statuses == {"UsageError": 422, "NotFound": 404, "Conflict": 409, "NotPermitted": 403}


# --- codec


class Pair(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A strict array of two."""

    number: int
    text: str


PAIRS = decoder(Pair)


@given(st.integers(-(1 << 63), (1 << 64) - 1), st.text())
def test_what_is_written_is_read(number: int, text: str) -> None:
    try:
        raw = encode(Pair(number, text))
    except UnicodeEncodeError:
        return  # half of a surrogate pair can not be written
    assert decode(raw, PAIRS, "pair") == Pair(number, text)
    assert encode(decode(raw, PAIRS, "pair")) == raw


@pytest.mark.parametrize(
    "value",
    [(1.0, "x"), (True, "x"), ("1", "x"), (1, b"x"), (1,), (1, "x", 2), {"number": 1}, None, 7],
)
def test_a_wrong_shape_is_malformed(value: Any) -> None:
    with pytest.raises(PeerFault) as caught:
        decode(msgspec.msgpack.encode(value), PAIRS, "pair")
    assert caught.value.code == "malformed"
    assert "pair" in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xc1", b"\x92\x01\xa1x\x00", b"\x92\x01\xa2\xff\xff", b"\x92\x01\xa3\xed\xa0\x80",
        b"\xdd\xff\xff\xff\xff", b"\x91" * 100_000, b"\x92\x01\xdb\xff\xff\xff\xff",
    ],
    ids=range(8),
)  # fmt: skip
def test_bytes_that_are_no_such_value_are_malformed(raw: bytes) -> None:
    for using in (PAIRS, decoder(list[msgspec.Raw]), decoder(Any)):
        with contextlib.suppress(PeerFault):
            decode(raw, using, "pair")


# --- bounded


@given(st.lists(st.integers(0, 9)), st.integers(1, 4))
def test_a_bounded_map_keeps_the_youngest_and_says_what_went(keys: list[int], limit: int) -> None:
    bounded: BoundedMap[int, int] = BoundedMap(limit)
    order: list[int] = []
    drops = 0
    for age, key in enumerate(keys):
        gone = bounded.put(key, age)
        if key not in order:
            assert (gone is None) == (len(order) < limit)
            if gone is not None:
                drops += 1
                assert gone[0] == order.pop(0)
            order.append(key)
        assert list(bounded) == order
        assert bounded.get(key) == age
    assert len(bounded) == len(order) <= limit
    assert bounded.dropped_count == drops
    for key in order:
        assert key in bounded
        assert bounded.take(key) is not None
    assert bounded.take(0) is None


# --- ids, instants, fixed point, effects


def test_parts_can_not_be_shifted_between_each_other() -> None:
    assert fingerprint(b"d", b"ab", b"c") != fingerprint(b"d", b"a", b"bc")
    assert fingerprint(b"d", b"a") != fingerprint(b"d", b"a", b"")
    assert fingerprint(b"d", b"a") != fingerprint(b"e", b"a")
    assert node_id(b"k" * 32) != fleet_id(b"k" * 32, b"")
    assert len(node_id(b"k" * 32)) == len(fleet_id(b"k", b"n")) == 16
    assert short(bytes(range(16))) == "000102030405"


def test_instants_add_and_compare() -> None:
    assert after(Instant(5), 7) == 12
    assert earliest(None, Instant(3), Instant(2)) == 2
    assert earliest(None, None) is None
    assert earliest() is None


@given(st.floats(0, 1))
def test_millionths_round_to_the_nearest(value: float) -> None:
    assert abs(ratio(millionths(value, "x")) - value) <= 0.000_000_5 + 1e-12


@pytest.mark.parametrize("value", [-0.001, 1.001, math.nan, math.inf, -math.inf])
def test_ratios_outside_are_refused(value: float) -> None:
    with pytest.raises(UsageError) as caught:
        millionths(value, "confidence")
    assert caught.value.code == "out-of-range"


def test_effects_join_lane_by_lane() -> None:
    effects: Effects[int, str, str] = Effects()
    assert not effects
    effects.absorb(Effects(persist=[1], send=[Send(None, "all")], emit=["told"]))
    assert effects
    assert (effects.persist, effects.send, effects.emit) == ([1], [Send(None, "all")], ["told"])


GOLDEN_WORDS = [14310290577521089603, 17557096929661141568, 11006159335626842770]
GOLDEN_SHUFFLE = [5, 1, 4, 7, 6, 3, 2, 0]
