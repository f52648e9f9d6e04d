"""A word on a checkpoint counts where it is quoted, too: its author's block may be held by few."""

from collections.abc import Callable

import msgspec
import pytest
from test_checkpointing import KEYS, OTHER, SAID, words

from credimus.kernel.codec import encode
from credimus.kernel.instant import Instant, Now
from credimus.lace.lace import Lace
from credimus.protocol.checkpointing.fetching import Fetching
from credimus.protocol.checkpointing.interface import MembersOutrun, SayWord
from credimus.protocol.checkpointing.proof import Base, certifiers, prove, quote
from credimus.state.events import MemberOutrun
from credimus.state.keeping.checkpoints import Checkpoints, Released, checkpoint_id
from credimus.state.keeping_operations import Certify, Quote
from credimus.state.member_operations import Exhibit, Expose
from strategies import FLEET, GENESIS, MEMBERS, SIGNERS, Replica, make_block

FIRST, SECOND, THIRD = words(3)
CERTIFIED = Certify(b"", 1, b"?" * 32)
NOW = Now(Instant(0), 0)
replace = msgspec.structs.replace


def quoted() -> Quote:
    """What the third member certified, out of its block."""
    (word,) = prove(SAID, 0, [THIRD.wire]).words
    return quote(word, SIGNERS[3].public)


def test_a_quoted_word_counts_for_who_said_it() -> None:
    replica = Replica().take_all([GENESIS, FIRST, SECOND])
    line = replica.state.checkpoints
    assert not line.certified()
    shown = make_block(SIGNERS[1], [quoted(), quoted()], FIRST)
    replica.take(shown)
    assert line.certified() == [(0, checkpoint_id(SAID))]
    assert line.witnesses(checkpoint_id(SAID)) == sorted(MEMBERS[1:4])
    wires = [one.wire for one in (FIRST, SECOND, shown)]
    assert shown.id in line.words(0, checkpoint_id(SAID))
    proof = prove(SAID, 0, wires)
    assert certifiers(proof, FLEET, KEYS) == set(MEMBERS[1:4])
    assert proof == prove(SAID, 0, [FIRST.wire, SECOND.wire, THIRD.wire])


@pytest.mark.parametrize(
    "bend",
    [
        lambda said: replace(said, public_key=SIGNERS[2].public),
        lambda said: replace(said, word=replace(said.word, signature=bytes(64))),
        lambda said: replace(said, word=replace(said.word, index=0)),
        lambda said: replace(said, word=replace(said.word, cover=said.word.cover[:-1])),
        lambda said: replace(said, word=replace(said.word, leaf=b"")),
        lambda said: replace(said, word=replace(said.word, leaf=encode(CERTIFIED))),
        lambda said: replace(said, word=replace(said.word, header=b"\x00")),
        lambda _: said_in(SIGNERS[3].public, FLEET, attested=True),
        lambda _: said_in(SIGNERS[3].public, b"f" * 16),
    ],
)
def test_a_quote_of_what_nobody_said_is_refused(bend: Callable[[Quote], Quote]) -> None:
    replica = Replica().take_all([GENESIS, FIRST, SECOND])
    block = make_block(SIGNERS[1], [bend(quoted())], FIRST)
    assert not replica.take(block)
    assert replica.outcomes[block.id] == "bad-evidence"
    assert not replica.state.checkpoints.certified()


def said_in(key: bytes, fleet: bytes, attested: bool = False) -> Quote:
    """A quote of what the third member said in a block of some fleet."""
    said = SAID if attested else Certify(b"", 0, checkpoint_id(SAID))
    block = make_block(SIGNERS[3], [said], header_fleet=fleet)
    cover = b"".join(block.cover([0]))
    return Quote(key, Exhibit(block.header_bytes, block.signature, 0, block.leaves()[0], cover))


def test_who_speaks_over_an_earlier_base_is_told_of() -> None:
    line, place = Checkpoints(), Lace().add(GENESIS.id, GENESIS.header)
    line.attest(SAID, place)
    line.advance(SAID, 1, Released())
    line.name(SAID.snapshot)
    late = Certify(b"", 1, checkpoint_id(OTHER))
    assert line.note(late, place) == [MemberOutrun(MEMBERS[0])]
    assert line.note(OTHER, place) == [MemberOutrun(MEMBERS[0])]
    assert line.note(replace(late, base=b"?" * 32), place) == []
    assert line.note(replace(late, base=line.id), place) == []
    assert line.note(quoted(), place) == [], "nobody says that it is behind by a quote"


def test_only_words_that_others_may_never_hold_are_quoted_and_once() -> None:
    replica = Replica().take_all([GENESIS, FIRST, SECOND, THIRD])
    fetching = Fetching(replica.lace, replica.state, MEMBERS[1])
    outrun = MembersOutrun([MemberOutrun(MEMBERS[4])])
    assert not fetching.handle(outrun, NOW).emit, "there is no checkpoint"
    proof = prove(SAID, 0, [FIRST.wire, SECOND.wire, THIRD.wire])
    fetching.base = Base(proof, b"image")
    assert not fetching.handle(outrun, NOW).emit, "nobody was exposed yet"
    other = make_block(SIGNERS[3], [], None, [GENESIS])
    shown = (Exhibit(one.header_bytes, one.signature) for one in (THIRD, other))
    replica.take(make_block(SIGNERS[1], [Expose(SIGNERS[3].public, *shown)], FIRST))
    assert fetching.handle(outrun, NOW).emit == [SayWord(MEMBERS[1], quoted())]
    assert not fetching.handle(outrun, NOW).emit
    liar = Fetching(replica.lace, replica.state, MEMBERS[3])
    liar.base = fetching.base
    assert not liar.handle(outrun, NOW).emit, "nobody would take it"
