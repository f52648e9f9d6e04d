"""Who is exposed and who expelled: each rule once, block by block."""

from member_stage import IDS, KEYS, Stage, electorate, of, proposal, rotation

from credimus.kernel.codec import encode
from credimus.lace.block import Block
from credimus.state.events import (
    EquivocationProven,
    MemberExpelled,
    ProposalIgnored,
    RoundOpened,
)
from credimus.state.member_operations import (
    Exhibit,
    Expel,
    Expose,
)
from credimus.state.membership.evidence import Wrong, check_exposure
from credimus.state.operations import (
    Admit,
    Choice,
    Close,
    Leave,
    Operation,
    Vote,
    Votes,
)
from strategies import LATER_MS, make_block

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
    published = electorate(0, 1, 2)
    with_it = electorate(0, 1, 2, 3)
    stage.say(0, published, proposal(published, "x", "general"))
    assert isinstance(stage.events[-1], RoundOpened)
    stage.say(0, with_it, proposal(with_it, "y", "general"))
    assert isinstance(stage.events[-1], ProposalIgnored)


def test_two_answers_in_one_round_are_evidence() -> None:
    stage = of(3)
    one, other = Vote(b"r" * 16, Choice.ACCEPT), Vote(b"r" * 16, Choice.REJECT)
    both = stage.make(2, [Leave(""), Votes((one, other))], None)
    cover = b"".join(both.cover([1]))
    again = Exhibit(both.header_bytes, both.signature, 1, both.leaves()[1], cover)
    stage.say(0, Expose(KEYS[2].public, again, again))
    assert stage.roster.exposed == {IDS[2]}


def shown_by(stage: Stage, who: int, *said: Operation) -> list[Exhibit]:
    """Operations that a member signs in one block, one by one."""
    block = stage.make(who, said, None)
    leaves = block.leaves()
    return [
        Exhibit(block.header_bytes, block.signature, at, leaves[at],
                b"".join(block.cover([at])))
        for at in range(len(leaves))
    ]  # fmt: skip


def test_two_different_closings_of_one_round_are_evidence() -> None:
    stage = of(4)
    said = ((b"r", b"\x01"), (b"r", b"\x01"), (b"r", b"\x02"), (b"s", b"\x02"))
    closings = (Close(name * 16, accept=listed) for name, listed in said)
    votes = Votes((Vote(b"r" * 16, Choice.ACCEPT),))
    first, same, other, elsewhere, vote = shown_by(stage, 2, *closings, votes)
    key = KEYS[2].public
    for one, two in ((first, same), (first, elsewhere), (first, vote), (vote, first)):
        assert stage.refuses(0, Expose(key, one, two)) == "bad-evidence"
    stage.say(0, Expose(key, first, other))
    assert stage.roster.exposed == {IDS[2]}
    shown = Expose(key, first, other)
    assert check_exposure(shown, stage.fleet) == (IDS[2], Wrong.TWO_CLOSINGS)


def test_what_proves_nothing_is_refused() -> None:
    stage = of(3)
    a, b = (stage.make(2, [Votes((Vote(b"r" * 16, one),))], None) for one in (1, 1))
    key, shown = KEYS[2].public, Exhibit(a.header_bytes, a.signature)
    cover = b"".join(a.cover([0]))
    leaf = Exhibit(a.header_bytes, a.signature, 0, a.leaves()[0], cover)
    other_key = Expose(KEYS[1].public, shown, shown)
    elsewhere = make_block(KEYS[2], [], header_fleet=b"f" * 16)
    elsewhere_too = make_block(KEYS[2], [Leave("")], header_fleet=b"f" * 16)
    of_another_fleet = [Exhibit(x.header_bytes, x.signature) for x in (elsewhere, elsewhere_too)]
    for said in (
        Expose(key, shown, shown),
        Expose(key, leaf, leaf),
        Expose(key, leaf, Exhibit(a.header_bytes, a.signature, 0, a.leaves()[0], cover[:31])),
        Expose(key, leaf, Exhibit(a.header_bytes, a.signature, 7, a.leaves()[0], cover)),
        Expose(key, leaf, Exhibit(a.header_bytes, a.signature, 0, encode(Leave("")), cover)),
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
    stage.say(3, rotation(stage, 3, 5))
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


def expelled_with_chain(count: int) -> tuple[Stage, list[Block], Block]:
    """A fleet that expelled member 3, so many blocks that it wrote meanwhile, and one of member 1,
    who has them, behind the last; all not taken yet."""
    stage = of(4)
    known = list(stage.blocks)
    chain: list[Block] = []
    for _ in range(count):
        stage.heads[3] = stage.make(3, [], known if not chain else [])
        chain.append(stage.heads[3])
    aside = {3: stage.heads.pop(3)}
    for who in (0, 1, 2):
        stage.say(who, Expel(IDS[3], ""), knows=known)
    return stage, chain, stage.make(1, [], [*stage.blocks, *aside.values()])


def test_a_long_chain_that_another_builds_on_comes_from_its_beginning() -> None:
    """As an answer brings it: first what is waited for, then all before it, in causal order."""
    stage, chain, behind = expelled_with_chain(40)
    assert not stage.ingress.take(chain[0].wire, LATER_MS), "nobody builds on it"
    for block in (behind, chain[-1]):
        assert not stage.ingress.take(block.wire, LATER_MS), "it waits"
    for block in chain[:-2]:
        assert len(stage.ingress.take(block.wire, LATER_MS)) == 1
    taken = [one.block.id for one in stage.ingress.take(chain[-2].wire, LATER_MS)]
    assert taken == [chain[-2].id, chain[-1].id, behind.id]
    assert stage.ingress.passed_over_count == 1


def test_on_the_way_to_what_is_waited_for_nothing_else_is_taken() -> None:
    """Neither a second block at a place of the chain, nor one that lies behind, nor a gap."""
    stage, chain, behind = expelled_with_chain(6)
    for block in (behind, chain[4], chain[0], chain[1]):
        stage.ingress.take(block.wire, LATER_MS)
    assert stage.ingress.passed_over_count == 3, "only the last one is waited for so far"
    for block in (chain[5], chain[0], chain[1]):
        stage.ingress.take(block.wire, LATER_MS)
    stage.heads[3] = chain[0]
    second = stage.make(3, [Leave("again")], [])
    for block in (second, chain[3]):
        assert not stage.ingress.take(block.wire, LATER_MS)
    assert stage.ingress.passed_over_count == 5
    assert chain[1].id in stage.lace
    assert second.id not in stage.lace


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
