"""Who is a member, who may say what, and who is shut out: each rule once, block by block."""

from collections.abc import Sequence

import pytest

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import FleetId, NodeId, fleet_id
from credimus.lace.block import Block
from credimus.lace.lace import Lace
from credimus.lace.seal import SeedSigner
from credimus.node.ingress import Ingress
from credimus.sketch import merkle
from credimus.state.electorates import electorate_id, electorate_of
from credimus.state.events import (
    EquivocationProven,
    KeyRotated,
    MemberExpelled,
    ProposalIgnored,
    RoundOpened,
)
from credimus.state.evidence import rotation_message
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
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
from credimus.state.members import Members
from credimus.state.operations import (
    Admit,
    Assert,
    Choice,
    Found,
    Leave,
    Operation,
    Propose,
    Publish,
    Rules,
    Vote,
    Votes,
)
from strategies import LATER_MS, NONCE, WALL_MS, make_block

KEYS = tuple(SeedSigner(bytes([100 + number]) * 32) for number in range(9))
IDS: tuple[NodeId, ...] = tuple(key.node_id for key in KEYS)
DAY_MS = 86_400_000


class Stage:
    """A fleet whose members speak one after the other, each knowing all, unless told otherwise."""

    def __init__(self, charter: Charter | None = None) -> None:
        told = b"" if charter is None else encode(charter)
        self.fleet: FleetId = fleet_id(KEYS[0].public, NONCE, 0, told)
        self.lace = Lace()
        self.state = FleetState(self.fleet)
        self.ingress = Ingress(self.fleet, self.lace, self.state, HybridClock(60_000))
        self.heads: dict[int, Block] = {}
        self.blocks: list[Block] = []
        self.events: list[object] = []
        found = Found("stage", NONCE, KEYS[0].public, "n0", "")
        self.say(0, found, *([] if charter is None else [charter]))

    def say(
        self, who: int, *said: Operation, knows: Sequence[Block] | None = None, day: int = 0
    ) -> Block:
        """A block that knows all, or only these blocks and its author's last; taken at once."""
        block = self.make(who, said, knows, day)
        taken = self.ingress.take(block.wire, LATER_MS + 10 * DAY_MS)
        assert taken, "it was let go, or waits"
        self.events += [event for one in taken for event in one.events]
        self.heads[who] = block
        self.blocks.append(block)
        return block

    def make(
        self, who: int, said: Sequence[Operation], knows: Sequence[Block] | None, day: int = 0
    ) -> Block:
        """A block, not taken yet."""
        known = list(self.heads.values()) if knows is None else knows
        parents = {one.id: one for one in known if one.author != IDS[who]}
        before = [*parents.values(), *filter(None, [self.heads.get(who)])]
        last = max((one.header.stamp for one in before), default=stamp_of(WALL_MS))
        stamp = max(last + 1, stamp_of(WALL_MS + day * DAY_MS))
        return make_block(
            KEYS[who], said, self.heads.get(who), parents.values(),
            header_fleet=self.fleet, header_stamp=stamp,
        )  # fmt: skip

    def admit(self, by: int, *whom: int, day: int = 0) -> None:
        """Admissions by one member, in a block."""
        self.say(by, *(Admit(KEYS[one].public, f"n{one}", "") for one in whom), day=day)

    def refuses(self, who: int, *said: Operation) -> str:
        """The fault with which a block is refused."""
        with pytest.raises(PeerFault) as refusal:
            self.say(who, *said)
        return refusal.value.code

    @property
    def roster(self) -> Members:
        return self.state.roster.current

    @property
    def members(self) -> set[int]:
        return {number for number, one in enumerate(IDS) if one in self.roster}

    def fork_of(self, who: int) -> Expose:
        """Evidence that a member signs two blocks at one place."""
        shown = [self.make(who, [Leave(word)], []) for word in ("a", "b")]
        return Expose(
            KEYS[who].public, *(Exhibit(one.header_bytes, one.signature) for one in shown)
        )


def of(count: int, charter: Charter | None = None) -> Stage:
    """A fleet of so many."""
    stage = Stage(charter)
    stage.admit(0, *range(1, count))
    return stage


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


def _electorate(*whom: int) -> Publish:
    return electorate_of(dict.fromkeys([IDS[one] for one in whom], 500_000))


def _proposal(published: Publish, content: str, category: str) -> Propose:
    named = electorate_id(published.electors)
    return Propose(belief_id(content, category), 1, Rules(), named, 5_000)


def test_powers_hold_a_member_to_them() -> None:
    stage = of(3)
    stage.say(0, Appoint(KEYS[3].public, "n3", "", Powers(False, True, False, False)))
    propose = _proposal(_electorate(0), "x", "general")
    for said in (propose, Admit(KEYS[4].public, "", ""), Expel(IDS[1], "")):
        assert stage.refuses(3, said) == "not-permitted"
    stage.say(3, Votes((Vote(b"r" * 16, Choice.ACCEPT),)))
    stage.say(0, Appoint(KEYS[4].public, "n4", "", Powers(vote=False)))
    assert stage.refuses(4, Votes((Vote(b"r" * 16, Choice.ACCEPT),))) == "not-permitted"
    assert stage.refuses(4, Appoint(KEYS[5].public, "", "", Powers())) == "not-permitted", "more"
    assert stage.refuses(4, Appoint(KEYS[4].public, "", "", Powers(vote=False))) == "not-permitted"
    published = _electorate(0, 1, 2, 3)
    stage.say(0, published, _proposal(published, "x", "general"))
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
    everybody, without = _electorate(0, 1, 2, 3), _electorate(0, 1, 2)
    stage.say(0, everybody, without)
    stage.say(0, _proposal(everybody, "x", "causal"), _proposal(without, "x", "causal"))
    assert not len(stage.state.rounds), "nobody has said what category it is of"
    before = stage.state.fingerprint()
    stage.say(1, Assert(1, "x", "causal", 1_000_000))
    opened = [found.electorate.id for found in stage.state.rounds]
    assert opened == [electorate_id(without.electors)]
    assert stage.state.fingerprint() != before
    stage.say(1, Assert(2, "y", "causal", 1_000_000))
    stage.say(3, _proposal(without, "y", "causal"))
    assert isinstance(stage.events[-1], ProposalIgnored), "it may propose elsewhere only"


# --- new keys


def _rotation(stage: Stage, who: int, to: int) -> Rotate:
    message = rotation_message(stage.fleet, IDS[who], KEYS[to].public)
    return Rotate(KEYS[to].public, KEYS[to].sign(message))


def test_a_new_key_takes_the_place_of_the_old() -> None:
    stage = of(3, Charter(AdmissionRule.FOUNDER))
    stage.say(0, Appoint(KEYS[1].public, "n1", "", Powers(propose=False)))
    assert stage.refuses(1, Rotate(KEYS[5].public, bytes(64))) == "bad-rotation"
    stage.say(1, _rotation(stage, 1, 5))
    assert stage.members == {0, 2, 5}
    assert KeyRotated(IDS[1], IDS[5]) in stage.events
    assert stage.roster.by_id[IDS[5]].name == "n1"
    assert not stage.roster.powers(IDS[5]).propose, "it stays who it is"
    assert stage.refuses(1, Leave("")) == "not-a-member"
    stage.say(5, Leave("done"))
    assert stage.members == {0, 2}


def test_a_founder_with_a_new_key_still_leads() -> None:
    stage = of(3, Charter(AdmissionRule.FOUNDER))
    stage.say(0, _rotation(stage, 0, 6))
    stage.admit(6, 3)
    assert stage.members == {1, 2, 3, 6}


def test_one_key_has_one_successor() -> None:
    stage = of(3)
    fork = stage.make(1, [_rotation(stage, 1, 6)], None)
    stage.say(1, _rotation(stage, 1, 5))
    stage.ingress.take(fork.wire, LATER_MS)
    assert len(stage.members & {1, 5, 6}) == 1
    stage.say(2, _rotation(stage, 2, 0), knows=stage.blocks)
    assert 2 in stage.members, "a member's key is nobody's successor"


# --- evidence


def test_evidence_exposes_whoever_says_it() -> None:
    stage = of(4)
    proof = stage.fork_of(3)
    stage.say(1, proof)
    stage.say(2, proof)
    assert stage.events.count(EquivocationProven(IDS[3])) == 1
    assert stage.roster.exposed == {IDS[3]}
    assert 3 in stage.members
    assert set(stage.roster.electors()) == {IDS[0], IDS[1], IDS[2]}
    published = _electorate(0, 1, 2)
    with_it = _electorate(0, 1, 2, 3)
    stage.say(0, published, _proposal(published, "x", "general"))
    assert isinstance(stage.events[-1], RoundOpened)
    stage.say(0, with_it, _proposal(with_it, "y", "general"))
    assert isinstance(stage.events[-1], ProposalIgnored)


def test_two_answers_in_one_round_are_evidence() -> None:
    stage = of(3)
    one, other = Vote(b"r" * 16, Choice.ACCEPT), Vote(b"r" * 16, Choice.REJECT)
    both = stage.make(2, [Leave(""), Votes((one, other))], None)
    cover = b"".join(merkle.cover(both.leaves(), [1]))
    again = Exhibit(both.header_bytes, both.signature, 1, both.leaves()[1], cover)
    stage.say(0, Expose(KEYS[2].public, again, again))
    assert stage.roster.exposed == {IDS[2]}


def test_what_proves_nothing_is_refused() -> None:
    stage = of(3)
    a, b = (stage.make(2, [Votes((Vote(b"r" * 16, one),))], None) for one in (1, 1))
    key, shown = KEYS[2].public, Exhibit(a.header_bytes, a.signature)
    leaf = Exhibit(a.header_bytes, a.signature, 0, a.leaves()[0])
    other_key = Expose(KEYS[1].public, shown, shown)
    elsewhere = make_block(KEYS[2], [], header_fleet=b"f" * 16)
    elsewhere_too = make_block(KEYS[2], [Leave("")], header_fleet=b"f" * 16)
    of_another_fleet = [Exhibit(x.header_bytes, x.signature) for x in (elsewhere, elsewhere_too)]
    for said in (
        Expose(key, shown, shown),
        Expose(key, leaf, leaf),
        Expose(key, leaf, Exhibit(a.header_bytes, a.signature, 0, a.leaves()[0], b"x" * 31)),
        Expose(key, leaf, Exhibit(a.header_bytes, a.signature, 7, a.leaves()[0])),
        Expose(key, leaf, Exhibit(a.header_bytes, a.signature, 0, encode(Leave("")))),
        Expose(key, shown, Exhibit(a.header_bytes + b"x", a.signature)),
        Expose(key, shown, Exhibit(b.header_bytes, bytes(64))),
        Expose(key, Exhibit(b"", a.signature), shown),
        Expose(key, *of_another_fleet),
        other_key,
    ):
        assert stage.refuses(0, said) == "bad-evidence"
    assert not stage.roster.exposed


def test_exposure_follows_the_person_and_bars_return() -> None:
    stage = of(4)
    proof = stage.fork_of(3)
    stage.say(3, _rotation(stage, 3, 5))
    stage.say(1, proof)
    assert stage.roster.exposed == {IDS[3], IDS[5]}
    stage.say(1, Expel(IDS[3], "", by_evidence=True))
    assert stage.members == {0, 1, 2}
    stage.admit(0, 5, 3)
    assert stage.members == {0, 1, 2}
    stage.admit(0, 6)
    assert stage.members == {0, 1, 2, 6}


def test_who_left_can_be_exposed_and_a_stranger_not() -> None:
    stage = of(3)
    proof, strange = stage.fork_of(2), stage.fork_of(7)
    stage.say(2, Leave(""))
    stage.say(0, proof, strange)
    assert stage.roster.exposed == {IDS[2]}


# --- expulsion


def test_more_than_two_thirds_expel() -> None:
    stage = of(4)
    stage.say(1, Expel(IDS[3], ""))
    stage.say(1, Expel(IDS[3], "again"))
    stage.say(2, Expel(IDS[3], ""))
    assert 3 in stage.members, "two of four"
    stage.say(3, Expel(IDS[0], ""))
    stage.say(0, Expel(IDS[3], ""))
    assert stage.members == {0, 1, 2}
    assert MemberExpelled(IDS[3]) in stage.events
    assert stage.roster.is_expelled(IDS[3])
    later = stage.make(3, [Leave("")], None)
    assert not stage.ingress.take(later.wire, LATER_MS), "passed over, whatever it descends from"


def test_concurrent_words_come_together() -> None:
    stage = of(4)
    known = list(stage.blocks)
    for who in (0, 1, 2):
        stage.say(who, Expel(IDS[3], ""), knows=known)
    assert stage.members == {0, 1, 2}
    aside = stage.make(3, [Leave("")], known)
    assert not stage.ingress.take(aside.wire, LATER_MS), "it knows nothing of it, and is let go"
    assert stage.ingress.passed_over_count == 1


def test_admissions_beside_an_expulsion_count_and_those_behind_it_do_not() -> None:
    stage = of(4)
    known = list(stage.blocks)
    beside = stage.make(3, [Admit(KEYS[one].public, "", "") for one in (4, 5)], known)
    for who in (0, 1, 2):
        stage.say(who, Expel(IDS[3], ""), knows=known)
    stage.admit(0, 6, 7, 8)
    assert stage.members == {0, 1, 2, 6, 7, 8}, "three of four, whoever comes later"
    late = stage.make(1, [Leave("")], [*stage.blocks, beside])
    stage.ingress.orphans.hold(late, [beside.id])
    stage.ingress.take(beside.wire, LATER_MS)
    assert 3 in stage.members, "three of six"
    stage.say(4, Expel(IDS[3], ""), knows=[*stage.blocks, late])
    stage.say(5, Expel(IDS[3], ""), knows=[*stage.blocks, late])
    assert 3 not in stage.members, "five of six"


def test_few_who_were_early_do_not_expel_in_an_old_past() -> None:
    """Liars may speak from a past in which the fleet was small; no view takes that for all."""
    stage = of(4)
    old = list(stage.blocks)
    stage.say(3, Admit(KEYS[3].public, "n3", ""))
    stage.admit(3, 4, 5, 6, 7)
    for who in (0, 1, 2):
        stage.say(who, Expel(IDS[3], ""), knows=old)
    assert 3 in stage.members


def test_one_expulsion_can_complete_another() -> None:
    stage = of(6)
    for who in (0, 1, 2, 3):
        stage.say(who, Expel(IDS[4], ""))
    assert 4 in stage.members, "four of six"
    for who in (0, 1, 2, 3, 4):
        stage.say(who, Expel(IDS[5], ""))
    assert stage.members == {0, 1, 2, 3}, "five of six, then four of five"


def test_return_takes_an_admission_that_knows() -> None:
    stage = of(4)
    for who in (0, 1, 2):
        stage.say(who, Expel(IDS[3], ""))
    stage.admit(1, 3)
    assert 3 in stage.members
    stage.say(3, Admit(KEYS[3].public, "back", ""))
    assert stage.roster.by_id[IDS[3]].name == "back"
    for who in (0, 1):
        stage.say(who, Expel(IDS[3], "again"))
    assert 3 in stage.members
    stage.say(2, Expel(IDS[3], "again"))
    assert stage.members == {0, 1, 2}
    assert stage.roster.expulsions == {IDS[3]: 2}


def test_an_admission_beside_the_expulsion_does_not_bring_back() -> None:
    stage = of(5)
    stage.say(4, Leave(""))
    known = list(stage.blocks)
    stage.admit(0, 4)
    stage.say(0, Expel(IDS[4], ""))
    for who in (1, 2):
        stage.say(who, Expel(IDS[4], ""), knows=[*stage.blocks])
    assert 4 in stage.members, "three of five"
    stage.say(3, Admit(KEYS[4].public, "n4", ""), knows=known)
    stage.say(3, Expel(IDS[4], ""), knows=known)
    assert 4 not in stage.members, "two admitted it, none of them knew"


def test_expelling_by_evidence_needs_it() -> None:
    stage = of(3)
    assert stage.refuses(0, Expel(IDS[2], "", by_evidence=True)) == "not-permitted"
    proof = stage.fork_of(2)
    stage.say(0, proof, Expel(IDS[2], "", by_evidence=True))
    assert stage.members == {0, 1}
    stage.say(1, Expel(IDS[1], ""), Expel(b"?" * 16, ""))
    assert stage.members == {0, 1}, "nobody expels itself, or whom it does not know"
