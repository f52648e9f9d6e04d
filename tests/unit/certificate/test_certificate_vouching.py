"""A certificate shows one block that vouches for all in place of the admission of each, where that
is shorter and its reader takes it."""

import msgspec
import pytest
from test_certificate_forgeries import CATEGORY, FLEET, TOLD, TRUST, Forger, Forgery

import decisions
import member_decisions
from credimus.certificate import Trust, verify, verifying
from credimus.certificate.abbreviating import Known
from credimus.certificate.document import proof_of, read_certificate
from credimus.certificate.excerpt import operations_shown
from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.lace.seal import pack_leaves
from credimus.state.member_operations import AdmissionRule, Appoint, Charter, Powers, Vouch
from credimus.state.membership.vouches import as_admission
from credimus.state.operations import Admit, Found, Operation, Publish, read_operations
from decisions import SIGNERS, History, electorate, vouched
from member_decisions import KEYS
from member_decisions import History as Fleet

ALL = (0, 1, 2, 3, 4)


def shown(text: bytes) -> list[list[Operation]]:
    """The operations of each excerpt."""
    stated = read_certificate(text)
    known = Known((bytes.fromhex(stated.round), bytes.fromhex(stated.belief)))
    return [
        read_operations(pack_leaves([*operations_shown(one, known).values()]))
        for one in proof_of(stated).excerpts
    ]


def kinds(text: bytes) -> list[set[type]]:
    return [set(map(type, said)) for said in shown(text)]


def decided(history: History) -> bytes:
    proposal = history.propose(1, electors=ALL, apart=2)
    for number in (1, 2, 3, 4):
        history.vote(number, proposal)
    text = history.certificate()
    assert len(verify(text, history.trust).voters) == 4
    return text


def test_one_block_stands_for_all_admissions_and_for_the_electorate() -> None:
    text = decisions.with_vouches().certificate()
    assert kinds(text)[:2] == [{Found}, {Vouch, Publish}]
    assert len(shown(text)) == 2 + 1 + 4, "a proposal and four votes"
    told = verify(text, decisions.with_vouches().trust)
    assert {one.name for one in told.voters} == {"n1", "n2", "n3", "n4"}
    assert {one.admitted_by for one in told.voters} == {"n0"}
    assert len(text) < len(decided(History(5))) - 300


def test_only_those_are_shown_whom_the_proof_needs() -> None:
    """One who left, and one who came later by an admission of its own."""
    text = decisions.with_vouches_of_another().certificate()
    said = [one for excerpt in shown(text) for one in excerpt if isinstance(one, Vouch | Admit)]
    assert [type(one) for one in said] == [Admit, Vouch, Vouch, Admit]
    assert {one.name for one in said} == {"n1", "n2", "n3", "n5"}


@pytest.mark.parametrize("words", ["late", "wrong names", "too few", "of a stranger"])
def test_what_does_not_help_is_not_shown(words: str) -> None:
    history = History(5)
    if words == "wrong names":
        history.say(0, *(Vouch(SIGNERS[one].public, "x") for one in ALL[1:]), electorate(*ALL))
    elif words == "too few":
        history.say(2, *vouched(1))
    elif words == "of a stranger":
        history.say(0, Vouch(SIGNERS[5].public, "n5"))
    proposal = history.propose(1, electors=ALL, apart=2)
    if words == "late":
        history.say(0, *vouched(1, 2, 3, 4), electorate(*ALL))
    for number in (1, 2, 3, 4):
        history.vote(number, proposal)
    assert not any(Vouch in one for one in kinds(history.certificate()))


def of_two_who_admit(*others: int) -> Fleet:
    fleet = Fleet(Charter(AdmissionRule.QUORUM, 2))
    fleet.admit(0, 1)
    for one in others:
        for by in (0, 1):
            fleet.admit(by, one)
    return fleet


def authors_of_words(text: bytes) -> list[int]:
    excerpts = proof_of(read_certificate(text)).excerpts
    said = zip(excerpts, kinds(text), strict=True)
    return [excerpt.author for excerpt, kinds in said if Vouch in kinds]


def test_under_a_quorum_as_many_vouch_as_admit() -> None:
    fleet = of_two_who_admit(2, 3, 4)
    fleet.vouch(1, 2, 3, 4)
    fleet.vouch(2, 1, 3, 4)
    text = fleet.decide(0, 1, 2, 3, 4).text
    assert len(set(authors_of_words(text))) == 2
    assert 0 not in authors_of_words(text)


def test_the_word_of_the_founder_alone_does_for_any_quorum() -> None:
    fleet = of_two_who_admit(2, 3, 4)
    fleet.vouch(2, 1, 3, 4)
    fleet.vouch(0, 1, 2, 3, 4)
    text = fleet.decide(0, 1, 2, 3, 4).text
    assert authors_of_words(text) == [0]
    assert {type(one) for one in admitting(text)} == {Vouch}


def test_who_came_after_the_founders_word_is_shown_by_its_admissions() -> None:
    fleet = of_two_who_admit(2, 3)
    fleet.vouch(0, 1, 2, 3)
    fleet.admit(2, 4)
    fleet.admit(3, 4)
    text = fleet.decide(0, 1, 2, 3, 4).text
    assert authors_of_words(text) == [0]
    assert [one.name for one in admitting(text)] == ["n1", "n2", "n3", "n4", "n4"]


def admitting(text: bytes) -> list[Operation]:
    """Everything shown that makes members, but the founding."""
    said = [one for excerpt in shown(text) for one in excerpt]
    return [one for one in said if isinstance(one, Admit | Appoint | Vouch)]


def test_no_day_limits_for_how_many_one_vouches() -> None:
    scene = member_decisions.with_vouches_for_more_than_a_day_has_room_for()
    assert verify(scene.text, Trust(scene.fleet, scene.founder))
    assert [type(one) for one in admitting(scene.text)] == [Vouch] * 3


def test_a_word_tells_what_a_member_may_say() -> None:
    scene = member_decisions.with_vouches_for_one_with_few_powers()
    assert verify(scene.text, Trust(scene.fleet, scene.founder))
    said = admitting(scene.text)
    powers = [one.powers for one in said if isinstance(one, Vouch)]
    assert len(powers) == len(said) == 3
    assert powers[0] is None
    assert powers[1] == powers[2] == Powers(False, True, True, False, ("observation", "route"))


def test_words_that_say_too_much_are_not_shown_for_an_appointment() -> None:
    fleet = Fleet(Charter(AdmissionRule.FOUNDER))
    fleet.admit(0, 1)
    fleet.admit(0, 2)
    fleet.admit(0, 3)
    limited = Powers(propose=False)
    fleet.say(0, Appoint(KEYS[4].public, "n4", "", limited))
    fleet.vouch(0, 1, 2, 3, 4)
    said = admitting(fleet.decide(0, 1, 2, 3, 4).text)
    assert [one.powers for one in said if isinstance(one, Appoint)] == [limited]
    assert [one.name for one in said if isinstance(one, Vouch)] == ["n1", "n2", "n3"]


# --- what liars make of it


def forged(forger: Forger, *electors: int) -> bytes:
    vote = forger.propose(*electors)
    for number in electors:
        forger.say(number, vote)
    return Forgery("", verifying, "", lambda: None, forger.proof()).text()


def test_a_reader_takes_a_word_for_an_admission() -> None:
    """So whoever may admit can make up members either way; its reader sees who vouched for whom."""
    forger = Forger(2)
    forger.say(1, *vouched(2, 3))
    voters = verify(forged(forger, 0, 1, 2, 3), TRUST).voters
    assert sorted(one.admitted_by for one in voters) == ["n0", "n0", "n1", "n1"]


def test_a_word_of_no_member_is_refused() -> None:
    forger = Forger(2)
    forger.say(4, *vouched(2, 3))
    with pytest.raises(ValueError, match="not in list"):
        forger.proof()
    forger = Forger(3)
    forger.say(1, *vouched(3))
    proof = forger.proof()
    for author in (3, 7, -1):
        other = (*proof.excerpts[:-1], msgspec.structs.replace(proof.excerpts[-1], author=author))
        with pytest.raises(PeerFault) as told:
            verifying.fold(type(proof)(proof.version, other), FLEET, TOLD, CATEGORY)
        assert told.value.code == "not-a-member"


def test_nobody_vouches_who_may_not_admit() -> None:
    fleet = Fleet(Charter(AdmissionRule.FOUNDER))
    fleet.admit(0, 1)
    fleet.vouch(1, 0)
    state = fleet.state
    view = state.roster.current
    header = fleet.heads[1].header
    for powers in (None, Powers(), Powers(propose=False)):
        said = [as_admission(Vouch(KEYS[5].public, "n5", powers))]
        with pytest.raises(PeerFault) as told:
            state.roster.check(header, said, view)
        assert told.value.code == "not-permitted"


def test_nobody_gives_more_by_a_word_than_it_may_say() -> None:
    forger = Forger(2)
    few = Powers(expel=False)
    forger.say(0, Appoint(SIGNERS[2].public, "n2", "", few))
    forger.say(2, Vouch(SIGNERS[3].public, "n3", few))
    assert verify(forged(forger, 0, 1, 2, 3), TRUST)
    for powers in (None, Powers(propose=False)):
        forger = Forger(2)
        forger.say(0, Appoint(SIGNERS[2].public, "n2", "", few))
        forger.say(2, Vouch(SIGNERS[3].public, "n3", powers))
        with pytest.raises(PeerFault) as told:
            verify(forged(forger, 0, 1, 2, 3), TRUST)
        assert told.value.code == "not-permitted"


def test_of_a_member_a_word_says_nothing() -> None:
    forger = Forger(3)
    forger.say(1, Vouch(SIGNERS[2].public, "somebody else", Powers(vote=False)))
    assert {one.name for one in verify(forged(forger, 0, 1, 2), TRUST).voters} == {"n0", "n1", "n2"}


# --- what is left out


def test_what_was_said_is_left_out_from_then_on() -> None:
    known = Known((b"r" * 16, b"b" * 16))
    node = SIGNERS[1].node_id
    known.shortened(encode(Vouch(SIGNERS[1].public, "n1")))
    again = known.shortened(encode([9, node, 900_000, 900_000, 65_535, b"r" * 16]))
    assert [type(one).__name__ for one in again] == [
        "int", "Ext", "int", "Ext", "int", "Ext"
    ]  # fmt: skip
    reader = Known((b"r" * 16, b"b" * 16))
    reader.expanded(encode(Vouch(SIGNERS[1].public, "n1")))
    assert reader.expanded(again) == encode([9, node, 900_000, 900_000, 65_535, b"r" * 16])


def test_no_more_is_remembered_than_two_bytes_can_name() -> None:
    numbers = [[[100_000 + 1_000 * row + one for one in range(1_000)] for row in range(66)]] * 2
    known, reader = Known(()), Known(())
    said = known.shortened(encode(numbers))
    again = [one for row in said[1] for one in row]
    assert [type(one) for one in again[:65_536]] == [msgspec.msgpack.Ext] * 65_536
    assert [len(again[place].data) for place in (0, 255, 256, 65_535)] == [1, 1, 2, 2]
    assert [type(one) for one in again[65_536:]] == [int] * 464
    assert reader.expanded(said) == encode(numbers)
    with pytest.raises(PeerFault):
        Known(()).expanded(b"\xc1")
    for place in (b"", b"\x00", b"\xff\xff", b"\x00\x00\x00"):
        with pytest.raises(PeerFault, match="can not know"):
            Known(()).expanded([msgspec.msgpack.Ext(0, place)])


def test_an_operation_that_stood_there_is_a_number() -> None:
    first, other = encode(Vouch(SIGNERS[1].public, "n1")), encode(Vouch(SIGNERS[2].public, "n2"))
    known, reader = Known(()), Known(())
    said = [known.shortened(raw) for raw in (first, other, first, other, encode([3, "bye"]), first)]
    assert [said[place] for place in (2, 3, 5)] == [0, 1, 0]
    assert [reader.expanded(one) for one in said][2:] == [first, other, encode([3, "bye"]), first]
    for number in (-1, 3, 1 << 70):
        with pytest.raises(PeerFault, match="a number that none has"):
            reader.expanded(number)
