"""Almeida and Shapiro, "The Blocklace" (arXiv 2402.08068): equivocation can not be hidden.

A node that signs two blocks of one place shows them to different nodes. Whoever comes to hold both
branches sees it, and merging laces, which is union, brings both to everybody.
"""

from itertools import permutations

from credimus.state.operations import Leave
from strategies import GENESIS, SIGNERS, Replica, make_block

LIAR, ALICE, BOB = SIGNERS[1:4]
LEFT = make_block(LIAR, [], None, [GENESIS])
RIGHT = make_block(LIAR, [Leave("")], None, [GENESIS])
UPON_LEFT = make_block(ALICE, [], None, [LEFT])
UPON_RIGHT = make_block(BOB, [], None, [RIGHT])


def test_one_branch_alone_shows_nothing() -> None:
    for branch, upon in ((LEFT, UPON_LEFT), (RIGHT, UPON_RIGHT)):
        lace = Replica().take_all([GENESIS, branch, upon]).lace
        assert lace.fork_at(lace.place(branch.id)) is None


def test_whoever_holds_both_branches_sees_the_fork() -> None:
    for order in permutations((LEFT, RIGHT, UPON_LEFT, UPON_RIGHT)):
        lace = Replica().take_all([GENESIS, *order]).lace
        assert lace.fork_at(lace.place(LEFT.id)) == RIGHT.id
        assert lace.fork_at(lace.place(RIGHT.id)) == LEFT.id
        assert [head.block for head in lace.frontier().heads if head.author == LIAR.node_id] == (
            sorted((LEFT.id, RIGHT.id))
        )


def test_nodes_that_sync_come_to_hold_both_branches() -> None:
    alice = Replica().take_all([GENESIS, LEFT, UPON_LEFT])
    bob = Replica().take_all([GENESIS, RIGHT, UPON_RIGHT])
    lacking = {place.id for place in bob.lace.beyond(alice.lace.frontier())}
    assert lacking == {RIGHT.id, UPON_RIGHT.id}
    alice.take_all([block for block in bob.log if block.id in lacking])
    assert alice.lace.fork_at(alice.lace.place(LEFT.id)) == RIGHT.id


def test_merging_laces_is_union() -> None:
    blocks = [GENESIS, LEFT, RIGHT, UPON_LEFT, UPON_RIGHT]
    whole = Replica().take_all(blocks)
    again = Replica().take_all(reversed(blocks)).take_all(blocks)
    assert whole.lace.frontier() == again.lace.frontier()
    assert whole.state.fingerprint() == again.state.fingerprint()
