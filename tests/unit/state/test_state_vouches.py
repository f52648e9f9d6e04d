"""Who vouches for members changes nothing: however it comes together with leaving, expulsion, a new
key or new powers, nobody comes back and nobody may say more."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from member_stage import IDS, KEYS, Stage, of, rotation

from credimus.kernel.entropy import Entropy
from credimus.kernel.limits import VOUCHES_KEPT
from credimus.lace.block import Block
from credimus.state.fleet import FleetState
from credimus.state.member_operations import AdmissionRule, Appoint, Charter, Expel, Powers, Vouch
from credimus.state.membership.roster import OF_ROSTER as FOLDED
from credimus.state.membership.vouches import word_for
from credimus.state.operations import Admit, Leave, Operation, read_operations
from member_strategies import extensions, member_histories
from strategies import LATER_MS, Replica

OF_ROSTER = FOLDED - {Vouch}


def word(who: int, name: str = "") -> Vouch:
    return Vouch(KEYS[who].public, name or f"n{who}")


def everybody(*whom: int) -> list[Operation]:
    return [word(one) for one in whom]


def leaves(stage: Stage, known: list[Block]) -> None:
    stage.say(3, Leave("gone"), knows=known)


def is_expelled(stage: Stage, known: list[Block]) -> None:
    for by in (1, 2, 4, 5, 6):
        stage.say(by, Expel(IDS[3], "out"), knows=known)


def is_proven_guilty(stage: Stage, known: list[Block]) -> None:
    stage.say(1, stage.fork_of(3), Expel(IDS[3], "out", by_evidence=True), knows=known)


def takes_a_new_key(stage: Stage, known: list[Block]) -> None:
    stage.say(3, rotation(stage, 3, 8), knows=known)
    stage.heads.pop(3)


GOING = (leaves, is_expelled, is_proven_guilty, takes_a_new_key)


@pytest.mark.parametrize("goes", GOING, ids=lambda one: one.__name__)
@pytest.mark.parametrize("when", ["before", "beside", "behind"])
def test_a_vouch_brings_nobody_back(goes: Callable[[Stage, list[Block]], None], when: str) -> None:
    stage = of(7)
    known = list(stage.blocks)
    if when == "before":
        stage.say(0, *everybody(1, 2, 3, 4))
        known = list(stage.blocks)
    goes(stage, known)
    went = stage.roster.key
    if when != "before":
        stage.say(0, *everybody(1, 2, 3, 4), knows=known if when == "beside" else None)
    assert stage.roster.key == went
    assert 3 not in stage.members
    for seed in range(8):
        assert shuffled(stage.blocks, seed).fingerprint() == stage.state.fingerprint()


def test_a_vouch_makes_nobody_a_member() -> None:
    stage = of(3)
    stage.say(1, word(5))
    assert stage.members == {0, 1, 2}
    stage.refuses(5, Leave(""))


def test_a_vouch_gives_no_powers_and_counts_in_no_day() -> None:
    stage = of(3, Charter(AdmissionRule.FOUNDER, per_day=4))
    stage.say(0, Appoint(KEYS[2].public, "n2", "", Powers(vote=False)))
    before = stage.roster.law.to_bytes()
    stage.say(0, *everybody(1, 2))
    stage.say(1, *everybody(0, 2))
    assert stage.roster.law.to_bytes() == before
    assert not stage.roster.powers(IDS[2]).vote
    stage.admit(0, 3, 4)
    assert stage.members == {0, 1, 2, 3, 4}, "four admissions in one day"


def test_a_vouch_endorses_no_newcomer() -> None:
    stage = of(3, Charter(AdmissionRule.QUORUM, 3))
    stage.admit(0, 3)
    stage.say(1, word(3))
    stage.say(2, word(3))
    assert 3 not in stage.members
    assert IDS[3] in stage.roster.pending


@given(st.data())
def test_what_is_known_of_vouches_does_not_depend_on_the_order(data: st.DataObject) -> None:
    first = Replica().take_all(data.draw(member_histories(20)))
    other = Replica()
    for block in data.draw(extensions(first.log)):
        other.ingress.restore(block.wire)
    view, lace = first.state.roster.current, first.lace
    mine, theirs = (one.state.roster.vouches.usable(view, lace) for one in (first, other))
    assert [(one.place.id, one.words) for one in mine] == [
        (one.place.id, one.words) for one in theirs
    ]


@given(member_histories(20))
def test_a_block_that_only_vouches_has_the_view_of_its_past(history: list[Block]) -> None:
    replica = Replica().take_all(history)
    for block in replica.log:
        if not OF_ROSTER.isdisjoint(map(type, read_operations(block.body))):
            continue
        place, roster = replica.lace.place(block.id), replica.state.roster
        assert place.view is roster.before(block.header, replica.lace)


def test_the_newest_blocks_of_each_are_known_of() -> None:
    stage = of(3)
    for number in range(VOUCHES_KEPT + 2):
        stage.say(1, word(2, f"name {number}"))
    stage.say(0, word(2))
    usable = stage.state.roster.vouches.usable(stage.roster, stage.lace)
    assert [one.words[IDS[2]].name for one in usable] == [
        "n2", *(f"name {number}" for number in range(VOUCHES_KEPT + 1, 1, -1))
    ]  # fmt: skip


def test_blocks_of_whom_nobody_believes_are_not_used() -> None:
    stage = of(4, Charter(AdmissionRule.FOUNDER))
    stage.say(1, *everybody(2, 3))
    assert not stage.state.roster.vouches.usable(stage.roster, stage.lace), "it may not admit"
    stage = of(4)
    stage.say(1, *everybody(2, 3))
    stage.say(2, *everybody(1, 3))
    stage.say(1, Leave(""))
    stage.say(0, stage.fork_of(2))
    assert not stage.state.roster.vouches.usable(stage.roster, stage.lace)


def test_a_word_stands_for_the_admission_where_it_says_the_same() -> None:
    stage = of(4, Charter(AdmissionRule.FOUNDER))
    stage.say(0, word(1), word(2, "somebody else"), word(3))
    stage.say(0, Appoint(KEYS[3].public, "n3", "", Powers(vote=False)))
    (block,) = stage.state.roster.vouches.usable(stage.roster, stage.lace)
    assert [one for one in (1, 2, 3, 5) if block.stands_for(IDS[one], stage.roster)] == [1]
    stage.say(1, Admit(KEYS[1].public, "renamed", ""))
    assert not block.stands_for(IDS[1], stage.roster)


def test_a_word_stands_for_an_appointment_that_gives_the_same_powers() -> None:
    stage = of(3, Charter(AdmissionRule.FOUNDER))
    limited = Powers(vote=False, categories=("route",))
    stage.say(0, Appoint(KEYS[2].public, "n2", "", limited))
    for powers in (None, Powers(), Powers(vote=False), limited):
        stage.say(0, Vouch(KEYS[2].public, "n2", powers))
    usable = stage.state.roster.vouches.usable(stage.roster, stage.lace)
    assert [one.stands_for(IDS[2], stage.roster) for one in usable] == [True, False, False, False]
    assert usable[0].words[IDS[2]] == word_for(IDS[2], stage.roster)


def shuffled(blocks: list[Block], seed: int) -> FleetState:
    """The state of the same blocks in another causal order."""
    chance, other = Entropy(b"%d" % seed).stream("order"), Stage()
    waiting = blocks[1:]
    while waiting:
        ready = [one for one in waiting if not other.lace.missing(one.header)]
        block = chance.choose(ready)
        waiting.remove(block)
        assert other.ingress.take(block.wire, LATER_MS)
    return other.state
