"""The line of checkpoints: thirds, turns, what binds a member, and what a certificate proves."""

import msgspec
import pytest

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import NodeId
from credimus.lace.block import Block
from credimus.lace.frontier import CutHead
from credimus.lace.lace import Lace
from credimus.protocol.checkpointing.cutting import cut_at, is_cut_held, last_below, turn_of
from credimus.protocol.checkpointing.proof import certifiers, check_quorum, prove
from credimus.state.events import CheckpointReached
from credimus.state.keeping.checkpoints import Checkpoints, Released, checkpoint_id
from credimus.state.keeping_operations import Attest, Certify
from strategies import FLEET, GENESIS, MEMBERS, SIGNERS, Replica, make_block

CUT = (CutHead(MEMBERS[0], 1, GENESIS.header.stamp, 0, GENESIS.id),)
ELECTORS = tuple(sorted(MEMBERS[:4]))
SAID = Attest(b"", 0, CUT, ELECTORS, 1_000, b"s" * 32)
OTHER = msgspec.structs.replace(SAID, snapshot=b"o" * 32)
KEYS = {signer.node_id: signer.public for signer in SIGNERS}


def words(count: int, said: Attest = SAID, attempt: int = 0) -> list[Block]:
    """Blocks in which the first members attest and certify."""
    again = msgspec.structs.replace(said, attempt=attempt)
    certified = Certify(said.base, attempt, checkpoint_id(said))
    return [
        make_block(signer, [again, certified], None, [GENESIS]) for signer in SIGNERS[1 : count + 1]
    ]


@pytest.mark.parametrize(("count", "reached"), [(2, False), (3, True)])
def test_it_takes_more_than_two_thirds(count: int, reached: bool) -> None:
    replica = Replica().take_all([GENESIS, *words(count)])
    line = replica.state.checkpoints
    expected = [(0, checkpoint_id(SAID))] if reached else []
    assert line.certified() == line.attested() == expected
    assert line.is_reached is reached


def test_words_of_different_attempts_are_not_added_up() -> None:
    early, late = words(3, attempt=1)[:2], words(3, attempt=2)[2:]
    line = Replica().take_all([GENESIS, *early, *late]).state.checkpoints
    assert not line.attested()
    assert not line.certified()


def test_electors_of_the_base_are_needed_as_well() -> None:
    line, place = Checkpoints(), Lace().add(GENESIS.id, GENESIS.header)
    lone = msgspec.structs.replace(SAID, electors=(MEMBERS[0],))
    line.attest(lone, place)
    line.advance(lone, 1, Released())
    line.name(lone.snapshot)
    assert line.id == checkpoint_id(lone)
    later = msgspec.structs.replace(SAID, base=line.id, electors=(MEMBERS[1],))
    for member in MEMBERS[1:3]:
        place.author = member
        line.attest(later, place)
    assert not line.attested()  # the elector of the base has not spoken
    place.author = MEMBERS[0]
    line.attest(later, place)
    assert line.attested() == [(0, checkpoint_id(later))]


def test_what_is_said_over_another_base_counts_for_nothing() -> None:
    astray = msgspec.structs.replace(SAID, base=b"b" * 32)
    replica = Replica().take_all([GENESIS, *words(3, astray)])
    assert not replica.state.checkpoints.certified()
    assert replica.state.checkpoints.proposal(checkpoint_id(astray)) is None


def test_reaching_it_is_told_with_the_last_word() -> None:
    replica = Replica().take_all([GENESIS, *words(2)])
    events = [one for taken in replica.take(words(3)[2]) for one in taken.events]
    assert CheckpointReached(checkpoint_id(SAID)) in events


def test_every_attempt_is_somebodys_turn() -> None:
    turns = [turn_of(b"base", attempt, MEMBERS[:4]) for attempt in range(40)]
    assert set(turns) == set(MEMBERS[:4])
    assert turns == [turn_of(b"base", attempt, MEMBERS[3::-1]) for attempt in range(40)]
    assert turn_of(b"base", 0, ()) is None


def test_a_cut_holds_what_is_old_enough_and_its_past() -> None:
    first = make_block(SIGNERS[1], [], None, [GENESIS])
    second = make_block(SIGNERS[1], [], first, header_stamp=first.header.stamp + 100)
    lace = Lace()
    for block in (GENESIS, first, second):
        lace.add(block.id, block.header)
    cut = cut_at(lace, second.header.stamp - 1)
    assert cut is not None
    assert last_below(cut) == {MEMBERS[0]: 1, MEMBERS[1]: 1}
    assert is_cut_held(lace, cut)
    assert [place.id for place in lace.closure(cut)] == [GENESIS.id, first.id]
    assert cut_at(lace, second.header.stamp - 1, least=3) is None
    lace.let_go(cut)
    assert first.id in lace  # the second names it
    assert lace.beyond_count == 1
    assert cut_at(lace, second.header.stamp - 1) is None  # no news
    assert not is_cut_held(lace, (CutHead(MEMBERS[0], 2, 9, 0, GENESIS.id),))
    lace.let_go(cut_at(lace, second.header.stamp) or ())
    assert first.id not in lace


def test_a_certificate_proves_who_signed_and_nothing_else() -> None:
    blocks = words(3)
    proof = prove(SAID, 0, [GENESIS.wire, *(block.wire for block in blocks)])
    found = certifiers(proof, FLEET, KEYS)
    assert found == {block.author for block in blocks}
    check_quorum(proof, found)
    with pytest.raises(PeerFault, match="not enough"):
        check_quorum(proof, set(MEMBERS[:2]))
    replace = msgspec.structs.replace
    word = proof.words[0]
    altered = [
        replace(proof, said=OTHER),
        replace(proof, attempt=1),
        replace(proof, words=(replace(word, signature=bytes(64)),)),
        replace(proof, words=(replace(word, index=0),)),
        replace(proof, words=(replace(word, leaf=encode(SAID)),)),
    ]
    for one in altered:
        with pytest.raises(PeerFault):
            certifiers(one, FLEET, KEYS)
    strangers = dict.fromkeys(map(NodeId, KEYS), SIGNERS[5].public)
    with pytest.raises(PeerFault, match="proves nothing"):
        certifiers(proof, FLEET, strangers)
