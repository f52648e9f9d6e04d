"""Equivocations are proven in turns; what waits is bounded."""

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId, RoundId
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.protocol.vigilance.interface import (
    EvidenceWanted,
    Suspected,
    Suspicion,
    VigilanceConfig,
)
from credimus.protocol.vigilance.machine import Vigilance
from strategies import GENESIS, MEMBERS, SIGNERS, Replica, make_block

CULPRIT = MEMBERS[3]
FORK = Suspicion(CULPRIT, fork=(BlockId(b"a" * 32), BlockId(b"b" * 32)))
CONFIG = VigilanceConfig()


def at(ms: int) -> Now:
    return Now(Instant(ms * MILLISECOND), ms)


def wanted(machine: Vigilance, now: Now) -> list[EvidenceWanted]:
    return [one for one in machine.tick(now).emit if isinstance(one, EvidenceWanted)]


def test_members_take_turns_and_ask_again() -> None:
    state = Replica().take_all([GENESIS]).state
    machines = {one: Vigilance(CONFIG, state, [one]) for one in MEMBERS[:3]}
    for machine in machines.values():
        machine.handle(Suspected([FORK, FORK]), at(0))
    step_ms = CONFIG.step_ns // MILLISECOND
    spoke = [
        [one for one, machine in machines.items() if wanted(machine, at(turn * step_ms))]
        for turn in range(3)
    ]
    assert sorted(one for turn in spoke for one in turn) == sorted(MEMBERS[:3])
    assert [len(turn) for turn in spoke] == [1, 1, 1]
    first = machines[spoke[0][0]]
    due = first.deadline()
    assert due == CONFIG.again_ns
    again_ms = CONFIG.again_ns // MILLISECOND
    assert wanted(first, at(again_ms)) == [EvidenceWanted(spoke[0][0], FORK)]


def test_whoever_can_not_say_it_asks_for_nothing() -> None:
    state = Replica().take_all([GENESIS]).state
    own = Vigilance(CONFIG, state, [CULPRIT])
    own.handle(Suspected([FORK]), at(0))
    assert own.deadline() is None, "nobody proves its own wrong"
    stranger = Vigilance(CONFIG, state, [MEMBERS[5]])
    stranger.handle(Suspected([FORK]), at(0))
    due = stranger.deadline()
    assert due is not None
    assert not wanted(stranger, at(due // MILLISECOND))


def test_cases_are_bounded() -> None:
    state = Replica().take_all([GENESIS]).state
    machine = Vigilance(CONFIG, state, [MEMBERS[0]])
    many = [
        Suspicion(NodeId(number.to_bytes(16, "big")), round=RoundId(b"r" * 16))
        for number in range(limits.SUSPECTS_MAX + 5)
    ]
    machine.handle(Suspected(many), at(0))
    assert len(wanted(machine, at(10_000))) == limits.SUSPECTS_MAX


def test_a_waiting_block_asks_for_those_of_sidelined_authors_only_where_they_are_named() -> None:
    replica = Replica().take_all([GENESIS])
    replica.lace.passed_over = frozenset({CULPRIT})
    block = make_block(SIGNERS[3], [], None, [GENESIS])
    replica.take(block)
    assert replica.lace.loose_ends({CULPRIT}) == [block.id]
    other = Replica().take_all([GENESIS])
    frontier = replica.lace.frontier()
    assert other.lace.lacks(frontier) == [block.id]
    other.lace.passed_over = frozenset({CULPRIT})
    assert other.lace.lacks(frontier) == []
