"""What a fleet lets each member write: judged in stamps, alike everywhere, kept to by authors."""

import pytest
from by_hand import Alone

from credimus.kernel import limits
from credimus.kernel.errors import PeerFault, Unavailable
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import fleet_id
from credimus.lace.allowance import BURST_UNITS_MIN, burst_of, charge_of, left_after, left_before
from credimus.lace.block import Block
from credimus.lace.lace import Lace
from credimus.node.commands import AssertBelief
from credimus.node.taking.ingress import Ingress
from credimus.protocol.dissemination.urgency import Urgency
from credimus.state.fleet import FleetState
from credimus.state.operations import Admit, Assert, Found
from strategies import SIGNERS, WALL_MS, make_block

RATE = 10
NONCE = bytes(16)
FLEET = fleet_id(SIGNERS[0].public, NONCE, 0, RATE)
FOUND = Found("limited", NONCE, SIGNERS[0].public, "n0", "", 0, RATE)


def said(count: int, first: int = 1) -> list[Assert]:
    return [Assert(first + n, f"it rains {first + n}", "general", 5) for n in range(count)]


def chain(*counts: tuple[int, int]) -> list[Block]:
    """The founder's blocks: at so many ms after the founding, so many operations."""
    blocks = [block(SIGNERS[0], [FOUND], None, WALL_MS)]
    made = 0
    for after_ms, count in counts:
        blocks.append(block(SIGNERS[0], said(count, made + 1), blocks[-1], WALL_MS + after_ms))
        made += count
    return blocks


def block(signer: object, operations: list, previous: Block | None, wall_ms: int) -> Block:
    return make_block(
        signer, operations, previous, header_fleet=FLEET, header_stamp=stamp_of(wall_ms, 7)
    )


class Door:
    def __init__(self) -> None:
        self.lace, self.state = Lace(), FleetState(FLEET)
        self.ingress = Ingress(FLEET, self.lace, self.state, HybridClock(60_000))

    def take(self, one: Block) -> str:
        try:
            return "taken" if self.ingress.take(one.wire, WALL_MS + 10**9) else "waits"
        except PeerFault as fault:
            return fault.code


def test_charges_and_buckets_are_what_the_page_says() -> None:
    one = block(SIGNERS[0], said(3), None, WALL_MS)
    leaves = one.leaves()
    assert charge_of(one.header, one.body) == 8 + 3 + sum(map(len, leaves)) // 128
    assert burst_of(1) == BURST_UNITS_MIN == 8 + 2_048 + limits.BLOCK_BYTES_MAX // 128
    assert burst_of(1_000) == 60_000
    assert left_before(None, 0, 1_000) == 60_000_000


def test_the_count_before_the_operations_may_be_written_in_any_way() -> None:
    one = block(SIGNERS[0], said(3), None, WALL_MS)
    for head in (b"\xdc\x00\x03", b"\xdd\x00\x00\x00\x03"):
        assert charge_of(one.header, head + one.body[1:]) == charge_of(one.header, one.body)


def test_a_chain_is_held_to_its_bucket_and_fills_it_with_time() -> None:
    door = Door()
    outcomes = [door.take(one) for one in chain((1, 2_000), (2, 1_000), (3, 1_000))]
    assert outcomes == ["taken", "taken", "taken", "over-limit"]
    door = Door()
    wait_ms = 1_000 * 2_000 // RATE
    outcomes = [door.take(one) for one in chain((1, 2_000), (2, 1_000), (wait_ms, 1_000))]
    assert outcomes == ["taken"] * 4


def test_what_follows_a_refused_block_is_refused_and_nothing_waits() -> None:
    blocks = chain((1, 2_000), (2, 2_000), (3, 1), (4, 1))
    door = Door()
    assert [door.take(one) for one in blocks] == ["taken"] * 2 + ["over-limit"] * 3
    door = Door()
    order = [blocks[place] for place in (0, 1, 4, 3, 2)]
    assert [door.take(one) for one in order] == ["taken"] * 2 + ["waits"] * 2 + ["over-limit"]
    assert not len(door.ingress.orphans)
    assert [fault.code for _, fault in door.ingress.refused] == ["over-limit"] * 2
    assert [door.take(one) for one in blocks[2:]] == ["over-limit"] * 3, "and when they come again"


def test_who_builds_on_what_is_barred_is_not_at_fault() -> None:
    """It may be at a later checkpoint, and know of what it built on no more than the name."""
    founded = block(SIGNERS[0], [FOUND, Admit(SIGNERS[1].public, "n1", "")], None, WALL_MS)
    allowed = block(SIGNERS[0], said(2_000), founded, WALL_MS + 1)
    over = block(SIGNERS[0], said(2_000, 2_001), allowed, WALL_MS + 2)
    others = make_block(
        SIGNERS[1], said(1), None, [over], header_fleet=FLEET, header_stamp=over.header.stamp + 1
    )
    more = make_block(
        SIGNERS[1], said(1, 2), others, header_fleet=FLEET, header_stamp=over.header.stamp + 2
    )
    for order in ((over, others, more), (more, others, over)):
        door = Door()
        assert [door.take(one) for one in (founded, allowed)] == ["taken"] * 2
        outcomes = {one.id: door.take(one) for one in order}
        assert outcomes == {over.id: "over-limit", others.id: "waits", more.id: "waits"}
        assert not len(door.ingress.orphans)
        assert door.ingress.refused == []
        assert [door.take(one) for one in (others, more)] == ["waits"] * 2, "nobody's fault again"
        assert others.id not in door.lace


def test_a_restart_reckons_the_same() -> None:
    door, again = Door(), Door()
    blocks = chain((1, 2_000), (2, 1_000))
    for one in blocks:
        door.take(one)
        again.ingress.restore(one.wire)
    for one in blocks:
        assert door.lace.place(one.id).left == again.lace.place(one.id).left > 0
    head = door.lace.place(blocks[-1].id)
    next_block = chain((1, 2_000), (2, 1_000), (3, 1_000))[-1]
    assert left_after(head, next_block.header, next_block.body, RATE) < 0


def test_without_a_limit_nothing_is_counted() -> None:
    free = fleet_id(SIGNERS[0].public, NONCE)
    state = FleetState(free)
    door = Ingress(free, Lace(), state, HybridClock(60_000))
    first = make_block(
        SIGNERS[0], [Found("free", NONCE, SIGNERS[0].public, "n0", "")], header_fleet=free
    )
    taken = door.take(first.wire, WALL_MS)
    assert taken[0].place.left == 0


class Limited(Alone):
    """A node of a limited fleet."""

    def __init__(self) -> None:
        super().__init__(FLEET, SIGNERS[0])
        self.node.found(FOUND)
        self.step()

    def state_beliefs(self, count: int, size: int = 10) -> Unavailable | None:
        for number in range(count):
            content = f"{self.ms} {number} ".ljust(size, "x")
            try:
                self.node.execute(AssertBelief(content=content, propose=False), self.now)
            except Unavailable as refusal:
                return refusal
        return None


def test_an_author_tells_its_callers_when_to_come_back_and_never_writes_over_the_limit() -> None:
    alone = Limited()
    refusal = None
    for _ in range(60):
        refusal = refusal or alone.state_beliefs(100)
        alone.step(10)
    assert refusal is not None
    assert (refusal.code, refusal.retry, refusal.definite) == ("overloaded", True, True)
    assert refusal.retry_after_ms is not None
    door = Door()
    assert {door.take(one) for one in alone.blocks} == {"taken"}
    alone.step(refusal.retry_after_ms + 1_000)
    assert alone.state_beliefs(1) is None


def test_what_is_said_within_is_held_back_until_there_is_room_and_then_sealed() -> None:
    """Votes and conclusions are nobody's call to refuse: they wait."""
    alone = Limited()
    author = alone.node.authors[0]
    for one in said(5_000):
        author.say(one)
    alone.node.seal_soon()
    alone.step()
    assert alone.node.is_held_back
    for _ in range(1_000):
        alone.step(500)
        if not alone.node.is_held_back:
            break
    assert not author.has_open
    door = Door()
    assert {door.take(one) for one in alone.blocks} == {"taken"}
    assert sum(one.header.operation_count for one in alone.blocks) == 5_001


def test_the_least_urgent_is_refused_first() -> None:
    alone = Limited()
    author = alone.node.authors[0]
    taken = {0: 0, 1: 0, 2: 0}
    for number in range(limits.OPEN_OPERATIONS_MAX):
        for urgency in taken:
            try:
                author.check_room(urgency)
            except Unavailable as refusal:
                assert refusal.retry_after_ms  # noqa: PT017 - one of many
            else:
                taken[urgency] = number + 1
        author.say(said(1, number + 1)[0])
    assert list(taken.values()) == [limits.OPEN_OPERATIONS_MAX * part // 4 for part in (2, 3, 4)]
    with pytest.raises(Unavailable, match="operations wait"):
        author.check_room(2)


def test_less_of_the_allowance_is_kept_for_the_more_urgent() -> None:
    full = burst_of(RATE)
    refused_at = []
    for urgency in (0, 1, 2):
        alone = Limited()
        author = alone.node.authors[0]
        author.units_per_s_max = RATE
        while True:
            try:
                author.check_allowance(WALL_MS, urgency)
            except Unavailable:
                break
            author.say(said(1)[0])
        refused_at.append(author._open_units)
    parts = [round(4 * units / full) for units in refused_at]
    assert parts == [1, 2, 3]


@pytest.mark.parametrize("limit", ["room", "allowance"])
def test_callers_are_refused_by_the_urgency_of_what_they_ask(limit: str) -> None:
    alone = Limited()
    node, author = alone.node, alone.node.authors[0]
    if limit == "room":
        node.state.roster.units_per_s_max = 0
    refused: dict[str, Unavailable] = {}
    asked = 0
    while len(refused) < len(Urgency):
        for urgency in Urgency:
            command = AssertBelief(content=f"x {asked}", urgency=urgency, propose=False)
            asked += 1
            try:
                node.execute(command, alone.now)
            except Unavailable as refusal:
                refused.setdefault(urgency.word, refusal)
        for operation in said(200):
            author.say(operation)
    assert list(refused) == ["low", "normal", "critical"]
    assert {one.code for one in refused.values()} == {"overloaded"}
    assert all(one.retry_after_ms for one in refused.values())


@pytest.mark.parametrize("rate", [0, 1, 200_000, limits.UNITS_PER_S_MAX])
def test_a_full_bucket_takes_the_greatest_block(rate: int) -> None:
    assert burst_of(rate) >= BURST_UNITS_MIN
