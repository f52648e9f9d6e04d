"""Claims, accusations and quarantine: what proves itself, what takes witnesses, what saves work."""

import msgspec
import pytest

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.effects import Effects, Record
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import PeerFault, StorageError
from credimus.kernel.ids import FleetId, NodeId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.node.supply import read_message
from credimus.protocol.vigilance.interface import (
    Accusation,
    Charge,
    Claim,
    FaultFound,
    Kind,
    MemberParoled,
    MemberQuarantined,
    NamesIgnored,
    SignedCame,
    Standing,
    StateClaim,
    StateDoubted,
    VigilanceConfig,
    ViolationSeen,
    Withheld,
)
from credimus.protocol.vigilance.judging import (
    GAP_MS,
    VERSION,
    contradict,
    verify_state_claim,
    witnesses_needed,
)
from credimus.protocol.vigilance.machine import FLOOR, Vigilance, Watched
from credimus.protocol.vigilance.sealing import frontier_digest, read_claim, seal_charge, seal_claim
from strategies import FLEET, GENESIS, MEMBERS, SIGNERS, WALL_MS, Replica, make_block

CONFIG = VigilanceConfig()
LIAR, WITNESS, THIRD = 1, 2, 3
FALSE = b"f" * 32


def at(seconds: float) -> Now:
    return Now(Instant(int(seconds * SECOND)), WALL_MS + int(seconds * 1_000))


class Desk:
    """The vigilance of one member of a fleet of four, and what it told."""

    def __init__(self, place: int = 0, config: VigilanceConfig = CONFIG) -> None:
        self.replica = Replica().take_all([GENESIS])
        self.machine = Vigilance(
            config,
            Watched(FLEET, self.replica.lace, self.replica.state),
            SIGNERS[place],
            [MEMBERS[place]],
            Entropy(b"desk").stream("vigilance"),
        )
        self.told: list[object] = []

    def tick(self, seconds: float) -> Effects:  # type: ignore[type-arg]
        effects = self.machine.tick(at(seconds))
        self.told += effects.emit
        return effects

    def rest(self, seconds: int) -> list[Claim]:
        """Let time pass from 0 on; the claims that were shown."""
        shown = []
        for second in range(seconds + 1):
            sends = self.tick(second).send
            shown += [one.message for one in sends if isinstance(one.message, Claim)]
        return shown

    def take(self, message: Claim | Accusation, seconds: float = 0, sender: int = LIAR) -> list:  # type: ignore[type-arg]
        effects = self.machine.handle(SignedCame(MEMBERS[sender], message), at(seconds))
        self.told += effects.emit
        return [one.message for one in effects.send]

    def find(self, found: FaultFound | NamesIgnored | Withheld, seconds: float = 0) -> None:
        self.told += self.machine.handle(found, at(seconds)).emit

    def standing(self, place: int, seconds: float = 0) -> Standing:
        book = {one.member: one.standing for one in self.machine.conduct(at(seconds).instant)}
        return book.get(MEMBERS[place], Standing.CLEAR)

    def seen(self) -> list[tuple[Kind, int]]:
        return [
            (one.kind, len(one.accusers)) for one in self.told if isinstance(one, ViolationSeen)
        ]


def claim_of(place: int, fingerprint: bytes = FALSE, stamp_ms: int = WALL_MS) -> StateClaim:
    """A claim of the blocks of everybody here: the genesis."""
    replica = Replica().take_all([GENESIS])
    digest = frontier_digest(replica.lace.frontier(), replica.state.checkpoints.fingerprint())
    return StateClaim(FLEET, MEMBERS[place], stamp_ms, VERSION, 1, digest, fingerprint)


def claimed(place: int, fingerprint: bytes = FALSE, stamp_ms: int = WALL_MS) -> Claim:
    return seal_claim(SIGNERS[place], claim_of(place, fingerprint, stamp_ms))


def charge_of(accuser: int, accused: int, kind: Kind, shown: tuple[Claim, ...] = ()) -> Accusation:
    said = Charge(FLEET, MEMBERS[accuser], WALL_MS, MEMBERS[accused], kind, "it did", shown)
    return seal_charge(SIGNERS[accuser], said)


def over_limit(place: int = LIAR) -> FaultFound:
    return FaultFound(MEMBERS[THIRD], "over-limit", "too much", MEMBERS[place])


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
    claim = claim_of(LIAR)
    two = [claim_of(WITNESS), claim_of(THIRD)]
    assert verify_state_claim(claim, two, 4)
    assert not verify_state_claim(claim, [two[0], two[0]], 4), "one member counts once"
    assert not verify_state_claim(claim, [claim, two[0]], 4), "nobody is its own witness"
    assert not verify_state_claim(claim, [two[0], claim_of(THIRD, b"o" * 32)], 4)


# --- our own claims


def test_a_quiet_node_claims_its_state_and_shows_it_again() -> None:
    desk = Desk()
    shown = desk.rest(32)
    assert len(shown) == 3
    assert len(set(shown)) == 1, "nothing changed: the same claim"
    claim = read_claim(shown[0])
    assert claim.fingerprint == desk.replica.state.fingerprint()
    assert claim.member == MEMBERS[0]


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
    desk.machine.recall(lambda _: [(FLOOR, floor_ms.to_bytes(8, "big"))])
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


def test_who_differs_from_more_than_can_lie_doubts_itself() -> None:
    desk = Desk()
    desk.rest(10)
    for place in (LIAR, WITNESS, THIRD):
        desk.take(claimed(place), 10, sender=place)
    assert [type(one) for one in desk.told].count(StateDoubted) == 1
    assert desk.standing(THIRD, 10) is Standing.CLEAR


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


# --- accusations


def test_a_lone_slanderer_leads_to_nothing_and_more_than_can_lie_are_believed() -> None:
    desk = Desk()
    for _ in range(5):
        desk.take(charge_of(LIAR, THIRD, Kind.OVER_LIMIT))
    assert desk.told == []
    assert desk.standing(THIRD) is Standing.CLEAR
    (listed,) = desk.machine.violations(at(0))
    assert (listed.accusers, listed.witnessed, listed.count) == ((MEMBERS[LIAR],), False, 0)
    desk.take(charge_of(WITNESS, THIRD, Kind.OVER_LIMIT))
    assert desk.seen() == [(Kind.OVER_LIMIT, 2)]
    assert desk.standing(THIRD) is Standing.LIMITED
    assert desk.machine.violations(at(0))[0].witnessed


def test_the_word_of_who_is_quarantined_here_does_not_count() -> None:
    desk = Desk()
    desk.find(over_limit())
    desk.find(over_limit())
    assert desk.standing(LIAR) is Standing.QUARANTINED
    desk.take(charge_of(LIAR, THIRD, Kind.OVER_LIMIT))
    desk.take(charge_of(WITNESS, THIRD, Kind.OVER_LIMIT))
    assert desk.standing(THIRD) is Standing.CLEAR


def test_an_old_accusation_does_not_count() -> None:
    desk = Desk()
    desk.take(charge_of(LIAR, THIRD, Kind.OVER_LIMIT))
    late = CONFIG.accused_ns // SECOND
    desk.take(charge_of(WITNESS, THIRD, Kind.OVER_LIMIT), late)
    assert desk.seen() == []


def test_being_accused_is_shown_and_changes_nothing_here() -> None:
    desk = Desk()
    for place in (LIAR, WITNESS):
        desk.take(charge_of(place, 0, Kind.OVER_LIMIT))
    assert [one.witnessed for one in desk.machine.violations(at(0))] == [True]
    assert desk.told == []


def test_our_accusations_are_shown_again_for_a_while() -> None:
    desk = Desk()
    desk.find(over_limit())
    said = 0
    for second in range(100):
        said += sum(isinstance(one.message, Accusation) for one in desk.tick(second).send)
    assert said == 5


# --- standings


def test_what_comes_in_a_name_is_watched_and_never_more() -> None:
    desk = Desk()
    for number in range(1_000):
        for code in ("malformed", "bad-signature", "wrong-fleet", "over-limit", "whatever"):
            desk.find(FaultFound(MEMBERS[LIAR], code, "", None), number / 1_000)
        desk.find(NamesIgnored([MEMBERS[LIAR]]), number / 1_000)
        desk.find(Withheld([MEMBERS[LIAR]]), number / 1_000)
    for place in (WITNESS, THIRD):
        desk.take(charge_of(place, LIAR, Kind.WITHHOLDING))
    assert desk.standing(LIAR, 1) is Standing.WATCHED
    assert desk.machine.hears(MEMBERS[LIAR], at(1).instant)
    assert desk.standing(LIAR, 2 + CONFIG.window_ns // SECOND) is Standing.CLEAR
    counts = {one.kind: one.count for one in desk.machine.violations(at(1))}
    assert counts[Kind.MALFORMED] == counts[Kind.FLOODING] == 1_000


def test_quarantine_ends_in_parole_and_good_conduct_ends_that() -> None:
    desk = Desk()
    desk.find(over_limit())
    assert desk.standing(LIAR) is Standing.LIMITED
    desk.find(over_limit(), 1)
    assert desk.standing(LIAR, 1) is Standing.QUARANTINED
    assert not desk.machine.hears(MEMBERS[LIAR], at(2).instant)
    assert desk.machine.hears(MEMBERS[WITNESS], at(2).instant)
    assert desk.machine.is_ignoring
    due = desk.machine.deadline()
    assert due is not None
    desk.tick(31)
    assert desk.told[-1] == MemberParoled(MEMBERS[LIAR])
    assert desk.standing(LIAR, 31) is Standing.LIMITED
    for second in range(32, 32 + CONFIG.parole_messages):
        assert desk.machine.hears(MEMBERS[LIAR], at(second).instant)
    assert desk.standing(LIAR, 100) is Standing.WATCHED
    assert desk.machine.hears(MEMBERS[LIAR], at(100).instant)
    assert not desk.machine.is_ignoring


def test_few_messages_of_who_is_limited_are_heard() -> None:
    desk = Desk()
    desk.find(over_limit())
    heard = sum(desk.machine.hears(MEMBERS[LIAR], at(1).instant) for _ in range(500))
    assert heard == CONFIG.parole.burst
    (conduct,) = desk.machine.conduct(at(1).instant)
    assert conduct.ignored_count == 500 - heard


def test_a_relapse_doubles_the_pause() -> None:
    desk = Desk()
    for seconds in (0, 0, 31):
        desk.tick(seconds)
        desk.find(over_limit(), seconds)
    pauses = [one.pause_ms for one in desk.told if isinstance(one, MemberQuarantined)]
    assert pauses == [30_000, 60_000]


def test_history_is_bounded() -> None:
    desk = Desk()
    roster = desk.replica.state.roster
    many = [NodeId(number.to_bytes(16, "big")) for number in range(limits.VIOLATIONS_MAX + 50)]
    roster.keys.update(dict.fromkeys(many, b""))
    for one in many:
        desk.find(FaultFound(one, "malformed", ""))
    assert len(desk.machine.violations(at(0))) == limits.VIOLATIONS_MAX


def test_accusers_of_one_member_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACCUSERS_MAX", 1)
    desk = Desk()
    for place in (LIAR, WITNESS):
        desk.take(charge_of(place, THIRD, Kind.OVER_LIMIT))
    assert [one.accusers for one in desk.machine.violations(at(0))] == [(MEMBERS[LIAR],)]


def test_our_accusations_that_are_shown_again_are_bounded() -> None:
    desk = Desk()
    roster = desk.replica.state.roster
    many = [NodeId(bytes([number]) * 16) for number in range(limits.CHARGES_KEPT + 9)]
    roster.keys.update(dict.fromkeys(many, b""))
    for one in many:
        desk.find(FaultFound(one, "over-limit", "", one))
    desk.tick(0)
    desk.rest(9)
    said = [one.message for one in desk.tick(10).send if isinstance(one.message, Accusation)]
    assert len(said) == limits.CHARGES_KEPT


def test_what_is_signed_has_room_for_the_longest_and_no_more() -> None:
    longest = msgspec.structs.replace(
        claim_of(LIAR), stamp_ms=(1 << 53) - 1, version=65_535, block_count=(1 << 53) - 1
    )
    shown = (seal_claim(SIGNERS[LIAR], longest),) * 2
    detail = "\U0001f41d" * limits.CHARGE_DETAIL_MAX
    said = Charge(FLEET, MEMBERS[0], longest.stamp_ms, MEMBERS[LIAR], Kind.OTHER, detail, shown)
    for message in (shown[0], seal_charge(SIGNERS[0], said)):
        assert read_message(encode(message)) == message
    for message in (
        Claim(bytes(limits.STATE_CLAIM_BYTES_MAX + 1), bytes(64)),
        Accusation(bytes(limits.CHARGE_BYTES_MAX + 1), bytes(64)),
    ):
        with pytest.raises(PeerFault):
            read_message(encode(message))


def test_nothing_is_claimed_where_the_frontier_may_not_name_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "FRONTIER_HEADS_MAX", 1)
    assert Desk().rest(30) == []
