"""Merkle trees beside the recursion of RFC 6962, and paths that were tampered with."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.sketch import merkle

# the eight inputs and roots of the test of Certificate Transparency's own log
INPUTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
leaves = st.lists(st.binary(max_size=4), max_size=40)


def split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def textbook_root(contents: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1."""
    if not contents:
        return sha256(b"").digest()
    if len(contents) == 1:
        return sha256(b"\x00" + contents[0]).digest()
    at = split(len(contents))
    return sha256(b"\x01" + textbook_root(contents[:at]) + textbook_root(contents[at:])).digest()


def textbook_path(contents: list[bytes], index: int) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(contents) <= 1:
        return []
    at = split(len(contents))
    if index < at:
        return [*textbook_path(contents[:at], index), textbook_root(contents[at:])]
    return [*textbook_path(contents[at:], index - at), textbook_root(contents[:at])]


@pytest.mark.parametrize("count", range(1, 9))
def test_known_roots(count: int) -> None:
    assert merkle.root(INPUTS[:count]).hex() == ROOTS[count - 1]


@given(leaves)
def test_root_and_paths_are_the_rfc_s(contents: list[bytes]) -> None:
    assert merkle.root(contents) == textbook_root(contents)
    for index, content in enumerate(contents):
        nodes = merkle.cover(contents, [index])
        assert sorted(nodes) == sorted(textbook_path(contents, index))
        root = merkle.root_from_cover({index: content}, len(contents), nodes)
        assert root == merkle.root(contents)


@given(leaves.filter(bool), st.data())
def test_a_tampered_path_leads_elsewhere(contents: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(contents) - 1))
    root, nodes = merkle.root(contents), merkle.cover(contents, [index])
    count, content = len(contents), contents[index]
    assert merkle.root_from_cover({index: content + b"!"}, count, nodes) != root
    if nodes:
        at = data.draw(st.integers(0, len(nodes) - 1))
        flipped = bytes([nodes[at][0] ^ 1]) + nodes[at][1:]
        changed = [*nodes[:at], flipped, *nodes[at + 1 :]]
        assert merkle.root_from_cover({index: content}, count, changed) != root


def test_a_node_is_no_leaf() -> None:
    pair = merkle.leaf(b"a") + merkle.leaf(b"b")
    assert merkle.root([b"a", b"b"]) != merkle.leaf(pair)
    assert merkle.root([pair]) != merkle.root([b"a", b"b"])
    assert merkle.root([]) == merkle.EMPTY_ROOT != merkle.root([b""])


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_a_cover_gives_the_root_of_some_leaves(contents: list[bytes], data: st.DataObject) -> None:
    places = st.sets(st.integers(0, len(contents) - 1), min_size=1)
    kept = {place: contents[place] for place in data.draw(places)}
    nodes = merkle.cover(contents, kept)
    count = len(contents)
    assert merkle.root_from_cover(kept, count, nodes) == textbook_root(contents)
    paths = {node for place in kept for node in textbook_path(contents, place)}
    assert set(nodes) <= paths
    if len(kept) == 1:
        assert sorted(nodes) == sorted(textbook_path(contents, *kept))
    assert merkle.root_from_cover(kept, count, [*nodes, b"x" * 32]) is None
    assert not nodes or merkle.root_from_cover(kept, count, nodes[:-1]) is None
    assert merkle.root_from_cover({}, count, [merkle.root(contents)]) is None
    for wrong in (-1, count):
        assert merkle.root_from_cover({**kept, wrong: b""}, count, nodes) is None


def test_nothing_covers_no_leaves() -> None:
    assert merkle.cover([], []) == []
    assert merkle.root_from_cover({0: b""}, 0, []) is None
