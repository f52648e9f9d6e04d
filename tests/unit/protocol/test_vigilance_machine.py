"""Claims, accusations and quarantine: what proves itself, what takes witnesses, what saves work."""

import msgspec
import pytest
from vigil import (
    LIAR,
    THIRD,
    WITNESS,
    Desk,
    at,
    charge_of,
    claim_of,
    claimed,
    over_limit,
)

from credimus.kernel import limits
from credimus.kernel.effects import Record
from credimus.kernel.errors import PeerFault, StorageError
from credimus.kernel.ids import FleetId
from credimus.protocol.vigilance.interface import (
    Accusation,
    Charge,
    Claim,
    FaultFound,
    Kind,
    MemberQuarantined,
    SignedCame,
    Standing,
    StateDoubted,
    VigilanceConfig,
)
from credimus.protocol.vigilance.judging import (
    GAP_MS,
    VERSION,
    contradict,
    verify_state_claim,
    witnesses_needed,
)
from credimus.protocol.vigilance.machine import FLOOR
from credimus.protocol.vigilance.sealing import read_claim, seal_charge, seal_claim
from strategies import FLEET, GENESIS, MEMBERS, SIGNERS, WALL_MS, make_block

# --- judging


def test_same_blocks_that_come_to_two_states_contradict_each_other() -> None:
    one, other = claim_of(LIAR, b"a" * 32), claim_of(LIAR, b"b" * 32, WALL_MS + 60_000)
    assert contradict(one, other)
    assert not contradict(one, msgspec.structs.replace(other, version=VERSION + 1))
    assert not contradict(one, msgspec.structs.replace(other, frontier=b"o" * 32))
    assert not contradict(one, msgspec.structs.replace(other, member=MEMBERS[0]))
    assert not contradict(one, one)


@pytest.mark.parametrize("gap_ms", [0, GAP_MS, -GAP_MS])
def test_two_claims_within_a_second_contradict_each_other(gap_ms: int) -> None:
    one = claim_of(LIAR, b"a" * 32)
    later = msgspec.structs.replace(one, stamp_ms=WALL_MS + gap_ms, frontier=b"o" * 32)
    assert contradict(one, later)
    step = 1 if gap_ms >= 0 else -1
    further = msgspec.structs.replace(later, stamp_ms=WALL_MS + step * (GAP_MS + 1))
    assert not contradict(one, further)


def test_witnesses_are_more_than_can_lie() -> None:
    assert [witnesses_needed(count) for count in (1, 3, 4, 5, 6, 7, 10, 100)] == [
        2, 2, 2, 2, 3, 3, 4, 34,
    ]  # fmt: skip
    claim, other = claim_of(LIAR), claim_of(WITNESS)
    assert verify_state_claim(claim, [other], 4)
    assert not verify_state_claim(claim, [claim], 4), "one member counts once"
    assert not verify_state_claim(claim, [other, other], 6)
    assert verify_state_claim(claim, [other, claim_of(THIRD)], 6)
    assert not verify_state_claim(claim, [claim_of(WITNESS, b"o" * 32)], 4)


# --- our own claims


def test_a_quiet_node_claims_its_state_and_shows_it_again() -> None:
    desk = Desk()
    shown = desk.rest(32)
    assert len(shown) == 3
    assert len(set(shown)) == 1, "nothing changed: the same claim"
    claim = read_claim(shown[0])
    assert claim.fingerprint == desk.replica.state.fingerprint()
    assert claim.member == MEMBERS[0]


def test_the_more_members_claim_the_less_often_each_does() -> None:
    """Four members where one is to claim in a period: each claims in every fourth."""
    usual = len(Desk(LIAR).rest(90))
    assert len(Desk(LIAR, VigilanceConfig(claimants=1)).rest(90)) == 1 + (usual - 1) // 4


def test_a_claim_follows_when_something_changed_and_its_stamp_is_durable() -> None:
    desk = Desk()
    first = read_claim(desk.rest(10)[0])
    desk.replica.take(make_block(SIGNERS[1], [], None, [GENESIS]))
    records: list[Record] = []
    for second in range(11, 25):
        records += desk.tick(second).remember
    assert len(records) == 1
    assert records[0].key == FLOOR
    assert records[0].value is not None
    assert int.from_bytes(records[0].value, "big") > first.stamp_ms + GAP_MS


def test_a_busy_node_claims_nothing() -> None:
    desk = Desk()
    previous, shown = None, []
    for second in range(30):
        previous = make_block(SIGNERS[1], [], previous, [] if previous else [GENESIS])
        desk.replica.take(previous)
        shown += desk.tick(second).send
    assert shown == []


def test_a_clock_that_was_set_back_makes_no_contradiction() -> None:
    desk = Desk()
    floor_ms = WALL_MS + 3_600_000
    kept = [(FLOOR, floor_ms.to_bytes(8, "big"))]
    desk.machine.recall(lambda family: kept if family == "vigilance" else [])
    assert read_claim(desk.rest(10)[0]).stamp_ms == floor_ms + GAP_MS + 1
    with pytest.raises(StorageError):
        desk.machine.recall(lambda _: [(FLOOR, b"bad")])


def test_a_state_too_large_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STATE_CLAIM_BELIEFS_MAX", -1)
    assert Desk().rest(30) == []


# --- the claims of others


def test_a_false_claim_is_held_against_its_member_and_told() -> None:
    desk = Desk()
    desk.rest(10)
    sent = desk.take(claimed(LIAR), 10)
    assert desk.seen() == [(Kind.FALSE_CLAIM, 0)]
    assert desk.standing(LIAR, 10) is Standing.LIMITED
    (accusation,) = [one for one in sent if isinstance(one, Accusation)]
    other = Desk(WITNESS)
    other.rest(10)
    other.take(accusation, 10, sender=0)
    assert (Kind.FALSE_CLAIM, 1) in other.seen(), "it finds so itself, and the other says so"
    assert other.standing(LIAR, 10) is Standing.QUARANTINED


def test_a_claim_that_comes_first_is_compared_later() -> None:
    desk = Desk()
    desk.take(claimed(LIAR))
    assert desk.seen() == []
    desk.rest(10)
    assert desk.seen() == [(Kind.FALSE_CLAIM, 0)]


def test_a_true_claim_is_held_against_nobody() -> None:
    desk = Desk()
    desk.rest(10)
    desk.take(claimed(LIAR, desk.replica.state.fingerprint()), 10)
    assert desk.seen() == []
    assert desk.standing(LIAR, 10) is Standing.CLEAR


def test_two_claims_that_exclude_each_other_are_proof_to_all() -> None:
    desk = Desk()
    desk.take(claimed(LIAR, b"a" * 32))
    sent = desk.take(claimed(LIAR, b"b" * 32, WALL_MS + 5_000))
    assert MemberQuarantined(MEMBERS[LIAR], 30_000, Kind.CONTRADICTION) in desk.told
    (proof,) = [one for one in sent if isinstance(one, Accusation)]
    stranger = Desk(WITNESS)
    stranger.take(proof, sender=THIRD)
    assert stranger.standing(LIAR) is Standing.QUARANTINED, "no witness is needed"


def test_claims_are_passed_on_once_to_some_others() -> None:
    desk = Desk()
    message = claimed(LIAR)
    effects = desk.machine.handle(SignedCame(MEMBERS[LIAR], message), at(0))
    told = {one.to for one in effects.send if one.message == message}
    assert told == {MEMBERS[WITNESS], MEMBERS[THIRD]}
    assert desk.take(message, sender=WITNESS) == []


def test_claims_of_who_is_watched_are_shown_to_more() -> None:
    config = VigilanceConfig(passed_on=1)

    def told(desk: Desk) -> int:
        effects = desk.machine.handle(SignedCame(MEMBERS[LIAR], claimed(LIAR)), at(1))
        return len([one for one in effects.send if isinstance(one.message, Claim)])

    plain, watching = Desk(config=config), Desk(config=config)
    watching.machine.handle(FaultFound(MEMBERS[LIAR], "malformed", "nonsense"), at(0))
    assert watching.standing(LIAR) is Standing.WATCHED
    assert (told(plain), told(watching)) == (1, 2)


def test_claims_without_end_have_nobody_work_for_them() -> None:
    """More of them than are kept, round and round: each is passed on once at most."""
    desk = Desk()
    many = []
    for number in range(2 * limits.STATE_CLAIMS_MAX):
        claim = claim_of(LIAR, stamp_ms=WALL_MS + 5_000 * number)
        many.append(seal_claim(SIGNERS[LIAR], claim))
    at_once = [one for message in many for one in desk.take(message)]
    assert len([one for one in at_once if isinstance(one, Claim)]) == 2, "one in a second"
    later = [
        one
        for second in range(10)
        for message in many
        for one in desk.take(message, 2 * second + 2)
        if isinstance(one, Claim)
    ]
    assert max(later.count(message) for message in many) <= 2
    assert len(later) <= 2 * 10


def test_who_differs_from_more_than_can_lie_doubts_itself() -> None:
    desk = Desk()
    desk.rest(10)
    for place in (LIAR, WITNESS, THIRD):
        desk.take(claimed(place), 10, sender=place)
    assert [type(one) for one in desk.told].count(StateDoubted) == 1
    assert desk.standing(LIAR, 10) is Standing.LIMITED, "it came first"
    for place in (WITNESS, THIRD):
        assert desk.standing(place, 10) is Standing.CLEAR


def test_claims_are_bounded() -> None:
    desk = Desk()
    for number in range(3 * limits.STATE_CLAIMS_MAX):
        claim = msgspec.structs.replace(
            claim_of(LIAR, stamp_ms=WALL_MS + 5_000 * number), frontier=number.to_bytes(32, "big")
        )
        desk.take(seal_claim(SIGNERS[LIAR], claim))
    kept = desk.machine._claims._by_member.get(MEMBERS[LIAR])
    assert kept is not None
    assert len(kept) == limits.STATE_CLAIMS_MAX


# --- what is not let in


def test_what_is_not_signed_by_whom_it_names_is_a_fault_and_changes_nothing() -> None:
    desk = Desk()
    forged = seal_claim(SIGNERS[WITNESS], claim_of(LIAR))
    said = Charge(FLEET, MEMBERS[WITNESS], 0, MEMBERS[THIRD], Kind.OVER_LIMIT, "")
    strange = msgspec.structs.replace(claim_of(LIAR), fleet=FleetId(b"x" * 16))
    for message, code in (
        (forged, "bad-signature"),
        (seal_charge(SIGNERS[LIAR], said), "bad-signature"),
        (charge_of(WITNESS, LIAR, Kind.FALSE_CLAIM, (forged,)), "bad-signature"),
        (charge_of(WITNESS, LIAR, Kind.FALSE_CLAIM, (claimed(THIRD),)), "malformed"),
        (charge_of(WITNESS, LIAR, Kind.EQUIVOCATION), "malformed"),
        (charge_of(WITNESS, WITNESS, Kind.OVER_LIMIT), "malformed"),
        (Claim(b"\x90", bytes(64)), "malformed"),
        (Accusation(b"\x90", bytes(64)), "malformed"),
        (seal_claim(SIGNERS[LIAR], strange), "wrong-fleet"),
    ):
        with pytest.raises(PeerFault) as fault:
            desk.take(message)
        assert fault.value.code == code
    assert desk.machine.violations(at(0)) == []


def test_strangers_and_ourselves_are_no_matter() -> None:
    desk = Desk()
    assert desk.take(seal_claim(SIGNERS[5], claim_of(5))) == []
    assert desk.take(charge_of(5, LIAR, Kind.OVER_LIMIT)) == []
    assert desk.take(charge_of(LIAR, 5, Kind.OVER_LIMIT)) == []
    assert desk.take(claimed(0)) == []
    desk.find(FaultFound(MEMBERS[5], "malformed", ""))
    desk.find(over_limit(0))
    assert desk.told == []
