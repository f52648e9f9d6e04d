"""What a fleet lets members state of a category: judged alike everywhere, kept to by authors."""

from collections.abc import Sequence

import pytest
from by_hand import Alone

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault, Unavailable
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import fleet_id
from credimus.lace.block import Block
from credimus.lace.lace import Lace
from credimus.lace.place import Place
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AssertBelief, RetractBelief, RotateKey
from credimus.node.taking.ingress import Ingress
from credimus.protocol.checkpointing.cutting import cut_at, is_cut_held
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.member_operations import AdmissionRule, CategoryLimit, Charter, Limit, Rotate
from credimus.state.membership.evidence import rotation_message
from credimus.state.operations import Assert, Found, Operation, Retract
from strategies import SIGNERS, WALL_MS, make_block

NONCE = bytes(16)
LIMIT = Limit((CategoryLimit("alarm", 3_600, 3),))
FLEET = fleet_id(SIGNERS[0].public, NONCE, articles=(encode(LIMIT),))
FOUND = Found("limited", NONCE, SIGNERS[0].public, "n0", "")


def said(count: int, first: int = 1, category: str = "alarm") -> list[Operation]:
    return [Assert(first + n, f"it burns {first + n}", category, 5) for n in range(count)]


def block(
    operations: Sequence[Operation], previous: Block | None, after_ms: int,
    signer: SeedSigner = SIGNERS[0], parents: Sequence[Block] = (),
) -> Block:  # fmt: skip
    return make_block(
        signer, operations, previous, parents,
        header_fleet=FLEET, header_stamp=stamp_of(WALL_MS + after_ms, 7),
    )  # fmt: skip


class Door:
    def __init__(self) -> None:
        self.lace, self.state = Lace(), FleetState(FLEET)
        self.ingress = Ingress(FLEET, self.lace, self.state, HybridClock(60_000))

    def take(self, one: Block) -> str:
        try:
            return "taken" if self.ingress.take(one.wire, WALL_MS + 10**9) else "waits"
        except PeerFault as fault:
            return fault.code

    def marks(self, one: Block) -> tuple[int, ...]:
        return self.lace.place(one.id).marks


GENESIS = block([FOUND, LIMIT], None, 0)


def test_a_fourth_alarm_at_once_is_refused_and_one_a_second_is_not() -> None:
    three = block(said(3), GENESIS, 10)
    door = Door()
    assert [door.take(one) for one in (GENESIS, three)] == ["taken"] * 2
    assert door.take(block(said(1, 4), three, 900)) == "over-limit"
    later = block(said(1, 4), three, 1_010)
    assert door.take(later) == "taken"
    assert door.take(block(said(2, 5), later, 2_010)) == "over-limit"


def test_all_else_goes_on() -> None:
    three = block(said(3), GENESIS, 10)
    others = block(said(500, 4, "general"), three, 11)
    door = Door()
    assert [door.take(one) for one in (GENESIS, three, others)] == ["taken"] * 3
    assert door.marks(three) is door.marks(others)


def test_a_known_belief_counts_when_it_is_stated_again() -> None:
    again = [Assert(n + 1, "it burns", "alarm", 5) for n in range(4)]
    door = Door()
    assert [door.take(one) for one in (GENESIS, block(again, GENESIS, 10))][1] == "over-limit"


def test_each_branch_of_a_fork_has_a_bucket_of_its_own() -> None:
    one, other = block(said(3), GENESIS, 10), block(said(3, 7), GENESIS, 11)
    door = Door()
    assert [door.take(each) for each in (GENESIS, one, other)] == ["taken"] * 3
    assert door.take(block(said(1, 10), other, 12)) == "over-limit"


def test_a_new_key_goes_on_with_what_the_old_one_had_left() -> None:
    new = SIGNERS[1]
    proof = new.sign(rotation_message(FLEET, SIGNERS[0].node_id, new.public))
    turn = block([*said(3), Rotate(new.public, proof)], GENESIS, 10)
    door = Door()
    assert [door.take(one) for one in (GENESIS, turn)] == ["taken"] * 2
    assert door.take(block(said(1), None, 900, new, [turn])) == "over-limit"
    assert door.take(block(said(1), None, 1_010, new, [turn])) == "taken"


@pytest.mark.parametrize("other_first", [False, True])
def test_a_founding_is_held_to_its_own_limits_whatever_else_is_known(*, other_first: bool) -> None:
    """A founder that equivocates founds twice."""
    too_much = block([FOUND, LIMIT, *said(4)], None, 0)
    door = Door()
    if other_first:
        assert door.take(GENESIS) == "taken"
    assert door.take(too_much) == "over-limit"
    within = block([FOUND, LIMIT, *said(3)], None, 0)
    assert door.take(within) == "taken"
    assert door.take(block(said(1, 4), within, 900)) == "over-limit"


def test_the_fleets_id_names_the_limits_and_nobody_sets_others() -> None:
    assert fleet_id(SIGNERS[0].public, NONCE) != FLEET
    more = Limit((CategoryLimit("alarm", 3_600, 4),))
    door = Door()
    for founding in ([FOUND], [FOUND, more], [FOUND, LIMIT, LIMIT], [LIMIT, FOUND]):
        assert door.take(block(founding, None, 0)) in ("wrong-genesis", "not-a-member")
    assert door.take(GENESIS) == "taken"
    assert door.take(block([LIMIT], GENESIS, 1)) == "wrong-genesis"
    charter = Charter(AdmissionRule.FOUNDER)
    both = fleet_id(SIGNERS[0].public, NONCE, articles=(encode(charter), encode(LIMIT)))
    state = FleetState(both)
    ingress = Ingress(both, Lace(), state, HybridClock(60_000))
    for order in ([LIMIT, charter], [charter, LIMIT]):
        one = make_block(SIGNERS[0], [FOUND, *order], header_fleet=both)
        if order[0] is charter:
            assert ingress.take(one.wire, WALL_MS + 10**9)
        else:
            with pytest.raises(PeerFault) as fault:
                ingress.take(one.wire, WALL_MS + 10**9)
            assert fault.value.code == "wrong-genesis"
    assert (state.roster.current.law.charter, state.roster.current.law.limit) == (charter, LIMIT)


def test_only_a_founding_sets_limits_even_in_a_block_that_is_taken_unchecked() -> None:
    """As one is whose past a checkpoint cut off."""
    door = Door()
    door.take(GENESIS)
    more = Limit((CategoryLimit("alarm", 36_000, 9),))
    odd = block([more, Charter(AdmissionRule.FOUNDER)], GENESIS, 1)
    door.ingress.restore(odd.wire)
    roster = door.state.roster
    assert roster.category_limits is not None
    assert roster.category_limits.limits == LIMIT.categories
    assert (roster.current.law.limit, roster.current.law.charter) == (LIMIT, None)


def test_restarts_snapshots_and_cuts_keep_what_is_left() -> None:
    three = block(said(3), GENESIS, 10)
    door, again = Door(), Door()
    for one in (GENESIS, three):
        door.take(one)
        again.ingress.restore(one.wire)
    assert door.marks(three) == again.marks(three) != ()
    cut = cut_at(door.lace, three.header.stamp)
    assert cut is not None
    assert cut[0].left == (0, *door.marks(three))
    assert is_cut_held(door.lace, cut)
    place = Place.of_head(cut[0])
    assert (place.left, place.marks, place.head()) == (0, door.marks(three), cut[0])
    restored = FleetState.restored(door.state.snapshot())
    lace = Lace()
    lace.let_go(cut)
    ingress = Ingress(FLEET, lace, restored, HybridClock(60_000))
    ingress.take(three.wire, WALL_MS + 10**9)
    lace.place(three.id).view = restored.roster.base
    with pytest.raises(PeerFault) as fault:
        ingress.take(block(said(1, 4), three, 900).wire, WALL_MS + 10**9)
    assert fault.value.code == "over-limit"
    assert ingress.take(block(said(1, 4), three, 1_010).wire, WALL_MS + 10**9)


class Limited(Alone):
    """A node of the limited fleet."""

    def __init__(self, signer: SeedSigner = SIGNERS[0]) -> None:
        super().__init__(FLEET, signer)
        self.number = 0

    def state(self, category: str = "alarm") -> Unavailable | None:
        self.number += 1
        content = f"reading {self.number}"
        try:
            self.node.execute(AssertBelief(content=content, category=category), self.now)
        except Unavailable as refusal:
            return refusal
        return None


@pytest.fixture
def alone() -> Limited:
    made = Limited()
    made.node.found(FOUND)
    made.node.authors[0].say(LIMIT)
    made.step()
    return made


@pytest.mark.parametrize("stepped", [False, True])
def test_callers_are_told_when_to_come_back_and_other_categories_go_on(
    alone: Limited, *, stepped: bool
) -> None:
    for _ in range(3):
        assert alone.state() is None
        if stepped:
            alone.step()
    refusal = alone.state()
    assert refusal is not None
    assert (refusal.code, refusal.status, refusal.definite) == ("rate-limited", 429, True)
    assert refusal.retry_after_ms == 1_000
    assert alone.state("general") is None
    alone.step()
    retracted = belief_id("reading 1", "alarm")
    alone.node.execute(RetractBelief(belief=retracted), alone.now)
    alone.step(refusal.retry_after_ms - 1)
    assert alone.state() is not None, "taking back gives no new room"
    alone.step(1)
    assert alone.state() is None
    alone.step()
    door = Door()
    assert {door.take(one) for one in alone.blocks} == {"taken"}


def test_the_wait_is_honest_where_our_stamps_run_ahead(alone: Limited) -> None:
    for _ in range(3):
        assert alone.state() is None
    alone.step()
    alone.ms -= 5_000
    refusal = alone.state()
    assert refusal is not None
    assert refusal.retry_after_ms == 6_000
    alone.step(6_000)
    assert alone.state() is None
    alone.step()
    door = Door()
    assert {door.take(one) for one in alone.blocks} == {"taken"}


def test_what_is_said_within_waits_for_room_and_is_never_written_over_the_limit(
    alone: Limited,
) -> None:
    author = alone.node.authors[0]
    for one in said(5):
        author.say(one)
    author.say(Retract((4,), "it did not"))
    alone.node.seal_soon()
    alone.step()
    assert alone.node.is_held_back
    assert alone.blocks[-1].header.operation_count == 3 + 1, "all else goes on"
    for _ in range(60):
        alone.step(50)
    assert not alone.node.is_held_back
    assert not author.has_open
    door = Door()
    assert {door.take(one) for one in alone.blocks} == {"taken"}
    assert sum(one.header.operation_count for one in alone.blocks) == 2 + 5 + 1


def test_an_author_with_a_new_key_holds_itself_to_what_the_old_one_had_left(alone: Limited) -> None:
    new = SIGNERS[1]
    for _ in range(3):
        assert alone.state() is None
    proof = new.sign(rotation_message(FLEET, SIGNERS[0].node_id, new.public))
    alone.node.execute(RotateKey(public_key=new.public, proof=proof), alone.now)
    alone.step()
    again = Limited(new)
    again.node.restore(one.wire for one in alone.blocks)
    refusal = again.state()
    assert refusal is not None
    assert refusal.retry_after_ms == 1_000
    again.step(1_000)
    assert again.state() is None
    again.step()
    door = Door()
    assert {door.take(one) for one in (*alone.blocks, *again.blocks)} == {"taken"}


def test_a_fleet_without_such_limits_keeps_no_marks() -> None:
    free = fleet_id(SIGNERS[0].public, NONCE)
    ingress = Ingress(free, Lace(), FleetState(free), HybridClock(60_000))
    first = make_block(SIGNERS[0], [FOUND], header_fleet=free)
    taken = ingress.take(first.wire, WALL_MS)
    assert taken[0].place.marks == ()
    assert taken[0].place.head().left == 0
