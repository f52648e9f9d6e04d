"""Accusations and quarantine: what takes witnesses, what saves work, what ends."""

import msgspec
import pytest
from vigil import (
    CONFIG,
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
from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault, StorageError
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND
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
    Standing,
    Withheld,
)
from credimus.protocol.vigilance.sealing import seal_charge, seal_claim
from credimus.protocol.vigilance.violations import FOUND
from strategies import FLEET, MEMBERS, SIGNERS

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


def test_what_was_signed_is_remembered_over_a_restart_and_what_came_in_a_name_is_not() -> None:
    desk = Desk()
    kept: dict[str, bytes] = {}
    for found in (over_limit(), FaultFound(MEMBERS[THIRD], "malformed", "", None), over_limit()):
        for one in desk.machine.handle(found, at(0)).remember:
            assert one.value is not None
            kept[one.key] = one.value
    assert len(kept) == 1
    again = Desk()
    again.machine.recall(lambda family: [one for one in kept.items() if family == FOUND])
    (listed,) = again.machine.violations(at(0))
    assert (listed.member, listed.kind, listed.count) == (MEMBERS[LIAR], Kind.OVER_LIMIT, 1)
    assert again.standing(LIAR) is Standing.CLEAR
    again.find(over_limit())
    assert again.seen() == [(Kind.OVER_LIMIT, 0)], "it is news in this life"
    for name in ("zz-4", "00-4", f"{'00' * 16}-99", f"{'00' * 16}-4"):
        with pytest.raises(StorageError):
            again.machine.recall(lambda family, name=name: [(f"{family}/{name}", b"")])


def test_what_makes_room_in_the_history_leaves_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "VIOLATIONS_MAX", 1)
    desk = Desk()
    first, *_ = desk.machine.handle(over_limit(), at(0)).remember
    gone, _ = desk.machine.handle(over_limit(THIRD), at(0)).remember
    assert (gone.key, gone.value) == (first.key, None)


def test_being_accused_with_a_claim_of_ours_is_no_fault_of_the_accuser() -> None:
    desk = Desk()
    mine = claimed(0)
    desk.take(charge_of(WITNESS, 0, Kind.FALSE_CLAIM, (mine,)))
    assert [one.accusers for one in desk.machine.violations(at(0))] == [(MEMBERS[WITNESS],)]
