"""Fleets under the rules on members, each with one decided belief and its certificate."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from credimus.certificate import Archive, make_certificate
from credimus.kernel.codec import encode
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import FleetId, NodeId, RoundId, fleet_id
from credimus.lace.block import Block
from credimus.lace.lace import Lace
from credimus.lace.seal import SeedSigner
from credimus.node.taking.ingress import Ingress
from credimus.state.fleet import FleetState
from credimus.state.member_operations import (
    AdmissionRule,
    Appoint,
    CategoryLimit,
    Charter,
    Exhibit,
    Expel,
    Expose,
    Limit,
    Powers,
    Rotate,
    Vouch,
)
from credimus.state.membership.evidence import rotation_message
from credimus.state.operations import (
    Admit,
    Assert,
    Choice,
    Found,
    Leave,
    Operation,
    Propose,
    Rules,
    Vote,
    Votes,
)
from credimus.state.voting.electorates import electorate_id, electorate_of, round_id
from decisions import BELIEF, CATEGORY, CONTENT, TIMEOUT_MS
from strategies import LATER_MS, NONCE, WALL_MS, make_block

KEYS = tuple(SeedSigner(bytes([60 + number]) * 32) for number in range(8))
IDS: tuple[NodeId, ...] = tuple(key.node_id for key in KEYS)


class Decided(NamedTuple):
    """What a reader of a certificate has."""

    fleet: FleetId
    founder: bytes
    text: bytes


class History:
    """A fleet in which all know all, block after block."""

    def __init__(self, *articles: Charter | Limit) -> None:
        told = tuple(map(encode, articles))
        self.fleet: FleetId = fleet_id(KEYS[0].public, NONCE, articles=told)
        self.lace, self.state = Lace(), FleetState(self.fleet)
        self.ingress = Ingress(self.fleet, self.lace, self.state, HybridClock(60_000))
        self.heads: dict[int, Block] = {}
        self.wires: dict[bytes, bytes] = {}
        self.stamp = stamp_of(WALL_MS)
        self.say(0, Found("f", NONCE, KEYS[0].public, "n0", ""), *articles)

    def make(self, who: int, said: Sequence[Operation]) -> Block:
        self.stamp += 1
        others = [one for number, one in self.heads.items() if number != who]
        return make_block(
            KEYS[who], said, self.heads.get(who), others,
            header_fleet=self.fleet, header_stamp=self.stamp,
        )  # fmt: skip

    def say(self, who: int, *said: Operation) -> None:
        block = self.make(who, said)
        assert self.ingress.take(block.wire, LATER_MS)
        self.heads[who] = block
        self.wires[block.id] = block.wire

    def admit(self, by: int, *whom: int) -> None:
        self.say(by, *(Admit(KEYS[one].public, f"n{one}", "") for one in whom))

    def rotate(self, who: int, to: int) -> None:
        message = rotation_message(self.fleet, IDS[who], KEYS[to].public)
        self.say(who, Rotate(KEYS[to].public, KEYS[to].sign(message)))
        self.heads[100 + who] = self.heads.pop(who)

    def expose(self, by: int, who: int) -> None:
        pair = [self.make(who, [Leave(word)]) for word in ("a", "b")]
        shown = [Exhibit(one.header_bytes, one.signature) for one in pair]
        self.say(by, Expose(KEYS[who].public, *shown))

    def vouch(self, by: int, *whom: int) -> None:
        self.say(by, *(Vouch(KEYS[one].public, f"n{one}") for one in whom))

    def decide(self, *voters: int) -> "Decided":
        """Let these decide; the names of those whose votes the certificate shows."""
        electorate = electorate_of(dict.fromkeys([IDS[one] for one in voters], 1))
        proposal = Propose(BELIEF, 1, Rules(), electorate_id(electorate.electors), TIMEOUT_MS)
        said = Assert(1, CONTENT, CATEGORY, 1_000_000), electorate, proposal
        self.say(voters[0], *said)
        for one in voters:
            self.say(one, Votes((Vote(RoundId(round_id(proposal)), Choice.ACCEPT),)))
        wires = self.wires
        archive = Archive(
            self.fleet,
            self.lace,
            self.state,
            lambda ids: [wires[one] for one in ids if one in wires],
        )
        belief = self.state.beliefs.get(BELIEF)
        assert belief is not None
        return Decided(self.fleet, KEYS[0].public, make_certificate(archive, belief))


def of_a_led_fleet() -> Decided:
    history = History(Charter(AdmissionRule.FOUNDER))
    history.admit(0, 1, 2)
    return history.decide(0, 1, 2)


def of_a_fleet_that_admits_by_several() -> Decided:
    history = History(Charter(AdmissionRule.QUORUM, 2))
    history.admit(0, 1)
    for by in (0, 1):
        history.admit(by, 2)
    return history.decide(0, 1, 2)


def of_fleets_with_limits_by_category(*charter: Charter) -> Decided:
    history = History(*charter, Limit((CategoryLimit(CATEGORY, 1, 1),)))
    history.admit(0, 1, 2)
    return history.decide(0, 1, 2)


def of_a_led_fleet_with_limits_by_category() -> Decided:
    return of_fleets_with_limits_by_category(Charter(AdmissionRule.FOUNDER))


def with_one_exposed_who_had_admitted() -> Decided:
    history = History()
    history.admit(0, 3)
    history.admit(3, 1, 2)
    history.expose(1, 3)
    return history.decide(0, 1, 2)


def with_one_expelled_who_had_admitted() -> Decided:
    history = History()
    history.admit(0, 3)
    history.admit(3, 1, 2)
    for by in (0, 1, 2):
        history.say(by, Expel(IDS[3], ""))
    return history.decide(0, 1, 2)


def with_new_keys() -> Decided:
    history = History()
    history.admit(0, 1, 2)
    history.rotate(1, 5)
    history.rotate(5, 6)
    history.rotate(0, 7)
    return history.decide(7, 2, 6)


def with_one_that_may_not_vote_and_one_that_may_again() -> Decided:
    history = History(Charter(AdmissionRule.FOUNDER))
    history.admit(0, 1)
    for one in (2, 3):
        history.say(0, Appoint(KEYS[one].public, f"n{one}", "", Powers(vote=False)))
    history.say(0, Appoint(KEYS[3].public, "n3", "", Powers()))
    return history.decide(0, 1, 3)


def with_several_who_vouch() -> Decided:
    history = History(Charter(AdmissionRule.QUORUM, 2))
    history.admit(0, 1)
    for one in (2, 3, 4):
        for by in (0, 1):
            history.admit(by, one)
    history.say(0, Leave(""))
    for by in (1, 2):
        history.vouch(by, *({1, 2, 3, 4} - {by}))
    return history.decide(1, 2, 3, 4)


def with_one_vouched_for_and_limited_since() -> Decided:
    history = History(Charter(AdmissionRule.FOUNDER))
    for one in (1, 2, 3, 4):
        history.admit(0, one)
    history.vouch(0, 1, 2, 3, 4)
    history.say(0, Appoint(KEYS[4].public, "n4", "", Powers(vote=False)))
    return history.decide(0, 1, 2, 3)


def with_vouches_for_one_with_few_powers() -> Decided:
    history = History()
    history.admit(0, 1)
    few = Powers(propose=False, expel=False, categories=("observation", "route"))
    for one in (2, 3):
        history.say(1, Appoint(KEYS[one].public, f"n{one}", "", few))
    words = [Vouch(KEYS[one].public, f"n{one}", few if one > 1 else None) for one in (1, 2, 3)]
    history.say(0, *words)
    return history.decide(0, 1, 2, 3)


def with_one_held_to_a_category_and_one_to_another() -> Decided:
    history = History()
    history.admit(0, 1)
    for one, category in ((2, "observation"), (3, "route")):
        history.say(1, Appoint(KEYS[one].public, f"n{one}", "", Powers(categories=(category,))))
    return history.decide(0, 1, 2)


def with_vouches_for_more_than_a_day_has_room_for() -> Decided:
    history = History(Charter(AdmissionRule.MEMBERS, per_day=2))
    for by, one in ((0, 1), (0, 2), (1, 3)):
        history.admit(by, one)
    history.vouch(0, 1, 2, 3)
    return history.decide(0, 1, 2, 3)


SCENES: tuple[Callable[[], Decided], ...] = (
    of_a_led_fleet,
    of_a_fleet_that_admits_by_several,
    of_fleets_with_limits_by_category,
    of_a_led_fleet_with_limits_by_category,
    with_one_exposed_who_had_admitted,
    with_one_expelled_who_had_admitted,
    with_new_keys,
    with_one_that_may_not_vote_and_one_that_may_again,
    with_several_who_vouch,
    with_one_vouched_for_and_limited_since,
    with_vouches_for_one_with_few_powers,
    with_one_held_to_a_category_and_one_to_another,
    with_vouches_for_more_than_a_day_has_room_for,
)
