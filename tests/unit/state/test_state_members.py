"""Who is a member, and who may say what: each rule once, block by block."""

import pytest
from member_stage import IDS, KEYS, Stage, electorate, of, proposal, rotation

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.state.events import (
    KeyRotated,
    ProposalIgnored,
    RoundOpened,
)
from credimus.state.member_operations import (
    AdmissionRule,
    Appoint,
    Charter,
    Exhibit,
    Expel,
    Expose,
    Powers,
    Rotate,
)
from credimus.state.operations import (
    Admit,
    Assert,
    Choice,
    Found,
    Leave,
    Vote,
    Votes,
    read_operations,
)
from credimus.state.voting.electorates import electorate_id
from strategies import LATER_MS, NONCE, make_block

# --- how a fleet admits


def test_the_charter_is_in_the_fleets_id() -> None:
    charter = Charter(AdmissionRule.FOUNDER)
    stage = Stage(charter)
    other = make_block(KEYS[0], [Found("stage", NONCE, KEYS[0].public, "n0", "")],
                       header_fleet=stage.fleet)  # fmt: skip
    with pytest.raises(PeerFault, match="founds another fleet"):
        stage.ingress.take(other.wire, LATER_MS)
    assert stage.refuses(0, charter) == "wrong-genesis"


def test_a_founder_that_leads_alone_admits() -> None:
    stage = of(3, Charter(AdmissionRule.FOUNDER))
    assert stage.refuses(1, Admit(KEYS[5].public, "x", "")) == "not-permitted"
    stage.say(1, Admit(KEYS[1].public, "renamed", "h:1"))
    assert stage.roster.by_id[IDS[1]].name == "renamed"
    assert stage.members == {0, 1, 2}


def test_a_quorum_admits_with_several_words() -> None:
    stage = of(2, Charter(AdmissionRule.QUORUM, 3))
    stage.admit(0, 2)
    assert stage.members == {0, 1}, "of two both are asked"
    stage.admit(1, 2)
    assert stage.members == {0, 1, 2}
    stage.admit(0, 3)
    stage.admit(0, 3)
    stage.admit(1, 3)
    assert IDS[3] in stage.roster.pending, "one member has one word"
    stage.admit(2, 3)
    assert stage.members == {0, 1, 2, 3}
    stage.say(3, Admit(KEYS[3].public, "n3", "h:3"))
    assert 3 in stage.members, "to describe itself anew takes no words of others"


def test_admissions_past_the_days_limit_do_not_count() -> None:
    stage = of(3, Charter(per_day=3))
    stage.admit(0, 3, 4)
    assert stage.members == {0, 1, 2, 3}
    stage.admit(1, 4)
    assert 4 in stage.members, "another member's day"
    stage.admit(0, 5, day=1)
    assert 5 in stage.members, "another day"


# --- who may say what


def test_powers_hold_a_member_to_them() -> None:
    stage = of(3)
    stage.say(0, Appoint(KEYS[3].public, "n3", "", Powers(False, True, False, False)))
    propose = proposal(electorate(0), "x", "general")
    for said in (propose, Admit(KEYS[4].public, "", ""), Expel(IDS[1], "")):
        assert stage.refuses(3, said) == "not-permitted"
    stage.say(3, Votes((Vote(b"r" * 16, Choice.ACCEPT),)))
    stage.say(0, Appoint(KEYS[4].public, "n4", "", Powers(vote=False)))
    assert stage.refuses(4, Votes((Vote(b"r" * 16, Choice.ACCEPT),))) == "not-permitted"
    assert stage.refuses(4, Appoint(KEYS[5].public, "", "", Powers())) == "not-permitted", "more"
    assert stage.refuses(4, Appoint(KEYS[4].public, "", "", Powers(vote=False))) == "not-permitted"
    assert stage.refuses(4, Admit(KEYS[5].public, "", "")) == "not-permitted", "that is all powers"
    stage.say(
        4, Admit(KEYS[4].public, "n4, renamed", ""), Admit(KEYS[1].public, "says nothing", "")
    )
    assert stage.roster.powers(IDS[4]) == Powers(vote=False)
    published = electorate(0, 1, 2, 3)
    stage.say(0, published, proposal(published, "x", "general"))
    assert isinstance(stage.events[-1], RoundOpened), "who may not vote is not left out"


def test_only_a_founder_that_leads_changes_powers() -> None:
    less = Appoint(KEYS[1].public, "n1", "", Powers(vote=False))
    assert of(3).refuses(0, less) == "not-permitted"
    stage = of(3, Charter(AdmissionRule.FOUNDER))
    stage.say(0, less)
    assert not stage.roster.powers(IDS[1]).vote
    stage.say(0, Appoint(KEYS[1].public, "n1", "", Powers()))
    assert stage.roster.powers(IDS[1]) == Powers()
    assert stage.refuses(1, less) == "not-permitted"


def test_categories_are_judged_once_the_belief_is_known() -> None:
    stage = of(3)
    stage.say(0, Appoint(KEYS[3].public, "n3", "", Powers(categories=("general",))))
    everybody, without = electorate(0, 1, 2, 3), electorate(0, 1, 2)
    stage.say(0, everybody, without)
    stage.say(0, proposal(everybody, "x", "causal"), proposal(without, "x", "causal"))
    assert not len(stage.state.rounds), "nobody has said what category it is of"
    before = stage.state.fingerprint()
    stage.say(1, Assert(1, "x", "causal", 1_000_000))
    opened = [found.electorate.id for found in stage.state.rounds]
    assert opened == [electorate_id(without.electors)]
    assert stage.state.fingerprint() != before
    stage.say(1, Assert(2, "y", "causal", 1_000_000))
    stage.say(3, proposal(without, "y", "causal"))
    assert isinstance(stage.events[-1], ProposalIgnored), "it may propose elsewhere only"


# --- new keys


def test_a_new_key_takes_the_place_of_the_old() -> None:
    stage = of(3, Charter(AdmissionRule.FOUNDER))
    stage.say(0, Appoint(KEYS[1].public, "n1", "", Powers(propose=False)))
    assert stage.refuses(1, Rotate(KEYS[5].public, bytes(64))) == "bad-rotation"
    stage.say(1, rotation(stage, 1, 5))
    assert stage.members == {0, 2, 5}
    assert KeyRotated(IDS[1], IDS[5]) in stage.events
    assert stage.roster.by_id[IDS[5]].name == "n1"
    assert not stage.roster.powers(IDS[5]).propose, "it stays who it is"
    assert stage.refuses(1, Leave("")) == "not-a-member"
    stage.say(5, Leave("done"))
    assert stage.members == {0, 2}


def test_a_founder_with_a_new_key_still_leads() -> None:
    stage = of(3, Charter(AdmissionRule.FOUNDER))
    stage.say(0, rotation(stage, 0, 6))
    stage.admit(6, 3)
    assert stage.members == {1, 2, 3, 6}


def test_one_key_has_one_successor() -> None:
    stage = of(3)
    fork = stage.make(1, [rotation(stage, 1, 6)], None)
    stage.say(1, rotation(stage, 1, 5))
    stage.ingress.take(fork.wire, LATER_MS)
    assert len(stage.members & {1, 5, 6}) == 1
    stage.say(2, rotation(stage, 2, 0), knows=stage.blocks)
    assert 2 in stage.members, "a member's key is nobody's successor"


@pytest.mark.parametrize("sees", ["neither", "one", "both"])
def test_an_admission_that_the_rotation_had_not_seen_keeps_no_old_key(sees: str) -> None:
    """Two admitted one newcomer while they were apart; it takes a new key before it hears of that.
    The old key has a live admission then, and must not be held for the member: nobody writes with
    it any more."""
    stage = of(3)
    known = list(stage.blocks)
    stage.say(1, Admit(KEYS[3].public, "n3", ""), knows=known)
    one = stage.blocks[-1]
    stage.say(2, Admit(KEYS[3].public, "n3", ""), knows=known)
    other = stage.blocks[-1]
    seen = {"neither": [one], "one": [one], "both": [one, other]}[sees]
    stage.say(3, rotation(stage, 3, 5), knows=[*known, *seen])
    if sees == "neither":  # a third, beside the rotation
        stage.say(0, Admit(KEYS[3].public, "n3", ""), knows=known)
    assert stage.members == {0, 1, 2, 5}
    stage.say(5, Leave(""))
    assert stage.members == {0, 1, 2}


def test_what_is_said_of_members_is_bounded() -> None:
    names = tuple(f"c{number:04}" for number in range(limits.CAPABILITY_CATEGORIES_MAX + 1))
    long = limits.EVIDENCE_HEADER_BYTES_MAX + 1, limits.EVIDENCE_LEAF_BYTES_MAX + 1
    small = Exhibit(b"", bytes(64))
    for said in (
        Appoint(KEYS[1].public, "", "", Powers(categories=names)),
        [17, KEYS[1].public, "", "", [True, True, True, True, ["b", "a"]]],
        [16, 3, limits.ADMISSION_QUORUM_MAX + 1, 0],
        [16, 1, 1, limits.ADMISSIONS_PER_DAY_MAX + 1],
        [16, 1, 2, 0],
        [16, 3, 1, 0],
        [16, 1, 1, 0],
        Expose(KEYS[1].public, small, Exhibit(bytes(long[0]), bytes(64))),
        Expose(KEYS[1].public, small, Exhibit(b"", bytes(64), 0, bytes(long[1]))),
        Expose(KEYS[1].public, small, Exhibit(b"", bytes(64), limits.BLOCK_OPERATIONS_MAX)),
    ):
        with pytest.raises(PeerFault, match="operations"):
            read_operations(encode([said]))
    fits = Appoint(KEYS[1].public, "", "", Powers(categories=names[:-1]))
    assert read_operations(encode([fits])) == [fits]
