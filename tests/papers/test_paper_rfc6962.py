"""RFC 6962, section 2.1: tree heads and audit paths, by its example and known answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stranger import blocks

from credimus.sketch import merkle

LEAVES = tuple(
    bytes.fromhex(one)
    for one in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)  # fmt: skip
HEADS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Of the first 0 to 8 leaves, as the Certificate Transparency projects publish them."""


@pytest.mark.parametrize("count", range(9))
def test_known_tree_heads(count: int) -> None:
    assert merkle.root(LEAVES[:count]).hex() == HEADS[count]


def test_audit_paths_of_the_example_in_section_2_1_3() -> None:
    leaves = [b"d%d" % i for i in range(7)]
    a, b, c, d, e, f, j = map(merkle.leaf, leaves)
    g, h, i = (merkle.root(leaves[n : n + 2]) for n in (0, 2, 4))
    k, l = merkle.root(leaves[:4]), merkle.root(leaves[4:])  # noqa: E741 - the RFC's letters
    paths = {0: [b, h, l], 3: [c, g, l], 4: [f, j, k], 6: [i, k]}
    for place, path in paths.items():  # a cover has the same nodes, from left to right
        assert sorted(merkle.cover(leaves, [place])) == sorted(path)
    assert {a, d, e}.isdisjoint({b, c, f})


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_our_levels_are_the_splits_of_the_rfc(leaves: list[bytes], data: st.DataObject) -> None:
    assert merkle.root(leaves) == blocks.merkle_root(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    nodes = merkle.cover(leaves, [index])
    root = merkle.root_from_cover({index: leaves[index]}, len(leaves), nodes)
    assert root == merkle.root(leaves)
