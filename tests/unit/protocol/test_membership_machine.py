"""Membership by hand: one machine, and peers that say what the test wants, liars among them."""

from typing import Any

import pytest

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.node.supply import read_message
from credimus.protocol.membership.interface import (
    Ack,
    Claim,
    MembershipConfig,
    MessageCame,
    Notice,
    PeerAlive,
    PeerDead,
    PeerSuspected,
    Ping,
    PingFor,
    Relayed,
    RosterChanged,
    Row,
    Status,
)
from credimus.protocol.membership.machine import Membership

OWN, A, B, C, D = ROSTER = tuple(NodeId(bytes([n]) * 16) for n in range(1, 6))
STRANGER = NodeId(b"?" * 16)
WALL_MS = 1_000_000
ALIVE, SUSPECT, DEAD = Status


class Stage:
    """One machine and its clock; keeps what it sends and tells."""

    def __init__(self, *alive: NodeId, members: tuple[NodeId, ...] = ROSTER, **config: int) -> None:
        self.machine = Membership(
            MembershipConfig(**config), [OWN], Entropy(b"stage").stream("membership")
        )
        self.ms = 0
        self.sent: list[tuple[NodeId | None, Any]] = []
        self.told: list[object] = []
        self._take(self.machine.handle(RosterChanged(members), self.now))
        for one in alive:
            self.hear(one, Notice(WALL_MS, ()))
            self.answer(one)
        self.clear()

    @property
    def now(self) -> Now:
        return Now(Instant(self.ms * MILLISECOND), WALL_MS + self.ms)

    def hear(self, sender: NodeId, message: Any) -> None:
        self._take(self.machine.handle(MessageCame(sender, message), self.now))

    def answer(self, peer: NodeId, *claims: Claim, incarnation: int = WALL_MS) -> None:
        """The peer answers our last ping to it."""
        self.hear(peer, Ack(incarnation, claims, self.last(Ping, peer).nonce, ()))

    def wait(self, ms: int, *answering: NodeId) -> None:
        """Let time pass, tick by tick; some peers answer all pings at once."""
        until = self.ms + ms
        while True:
            due = self.machine.deadline()
            if due is None or due > until * MILLISECOND:
                break
            self.ms = max(self.ms, -(-due // MILLISECOND))
            before = len(self.sent)
            self._take(self.machine.tick(self.now))
            for to, message in self.sent[before:]:
                if isinstance(message, Ping) and to in answering:
                    self.hear(to, Ack(WALL_MS, (), message.nonce, ()))
        self.ms = until

    def last(self, kind: type, to: NodeId | None) -> Any:
        return next(m for who, m in reversed(self.sent) if isinstance(m, kind) and who == to)

    def count(self, kind: type, to: NodeId | None = None) -> int:
        return sum(isinstance(m, kind) and to in (None, who) for who, m in self.sent)

    def status(self, peer: NodeId) -> Status | None:
        view = self.machine.peer(peer)
        assert view is not None
        return view.status

    def suspect(self, peer: NodeId, by: NodeId = B) -> None:
        self.hear(by, Notice(WALL_MS, (Claim(peer, WALL_MS, SUSPECT, by),)))

    def clear(self) -> None:
        self.sent.clear()
        self.told.clear()

    def _take(self, effects: Any) -> None:
        assert not effects.persist, "nothing of this is kept"
        self.sent += [(send.to, send.message) for send in effects.send]
        self.told += effects.emit


# --- beginning


def test_who_is_alone_or_no_member_says_nothing() -> None:
    for members in ((OWN,), (A, B)):
        stage = Stage(members=members)
        assert stage.machine.deadline() is None
        assert not stage.machine.snapshot()


def test_a_start_is_told_to_all_and_repeated_while_somebody_is_missing() -> None:
    stage = Stage(A, hello_count=3)
    stage.wait(20_000, A)
    assert stage.count(Notice) == 2
    assert {to for to, m in stage.sent if isinstance(m, Ping)} == {A, B, C, D}


def test_whoever_is_heard_of_is_asked_at_once() -> None:
    stage = Stage()
    stage.hear(A, Notice(WALL_MS, ()))
    assert stage.told == [PeerAlive(A, WALL_MS)]
    assert stage.count(Ping, A) == 1


def test_who_was_never_heard_of_is_not_suspected() -> None:
    stage = Stage(A)
    stage.wait(60_000, A)
    assert stage.status(B) is None
    assert stage.machine.peer(B).word == "unknown"  # type: ignore[union-attr]
    assert not stage.told


# --- probing


def test_a_ping_is_answered_whoever_asks() -> None:
    stage = Stage(A)
    for sender in (A, STRANGER):
        stage.hear(sender, Ping(WALL_MS, (), 77, ()))
        assert stage.last(Ack, sender).nonce == 77
    assert stage.machine.peer(STRANGER) is None


def test_each_peer_is_probed_once_in_a_round_of_periods() -> None:
    stage = Stage(A, B, C, D)
    stage.wait(8 * 500, A, B, C, D)
    assert [stage.count(Ping, one) for one in (A, B, C, D)] == [2, 2, 2, 2]
    assert not stage.told


def test_a_silent_peer_is_pinged_asked_for_through_others_and_then_suspected() -> None:
    stage = Stage(A, B, C, D)
    while not stage.told:
        stage.wait(10, B, C, D)
    asked = [to for to, m in stage.sent if isinstance(m, PingFor)]
    assert sorted(asked) == [B, C, D]
    assert stage.status(A) is SUSPECT
    assert stage.told == [PeerSuspected(A, OWN)]
    notice = stage.last(Notice, None)
    assert Claim(A, WALL_MS, SUSPECT, OWN) in notice.claims


def test_who_answers_through_others_is_alive_and_noted() -> None:
    stage = Stage(A, B, C, D)
    while not stage.count(PingFor):
        stage.wait(10, B, C, D)
    asked = stage.last(PingFor, B)
    assert asked.target == A
    stage.hear(B, Relayed(WALL_MS, (), asked.nonce, heard=True))
    stage.wait(400, B, C, D)
    assert stage.status(A) is ALIVE
    assert stage.machine.peer(A).through  # type: ignore[union-attr]


def test_an_errand_is_run_and_its_outcome_told_either_way() -> None:
    stage = Stage(A, B)
    stage.hear(A, PingFor(WALL_MS, (), 5, B))
    ping = stage.last(Ping, B)
    stage.hear(B, Ack(WALL_MS, (), ping.nonce, ()))
    answer = stage.last(Relayed, A)
    assert (answer.nonce, answer.heard) == (5, True)
    assert answer.claims[0] == Claim(B, WALL_MS, ALIVE, B), "with what is held of the target"
    stage.hear(A, PingFor(WALL_MS, (), 6, B))
    stage.wait(100, A)
    assert stage.last(Relayed, A).nonce == 6
    assert not stage.last(Relayed, A).heard


def test_round_trips_are_measured_late_ones_too() -> None:
    stage = Stage(A)
    stage.hear(A, Ping(WALL_MS, (), 1, ()))
    stage.wait(600)
    ping = stage.last(Ping, A)
    trips_before = stage.machine.peer(A).trip_us_median  # type: ignore[union-attr]
    assert trips_before == 0
    stage.hear(A, Ack(WALL_MS, (), ping.nonce, ()))
    view = stage.machine.peer(A)
    assert view is not None
    assert view.trip_us_p90 is not None
    assert view.trip_us_p90 > 0


# --- suspicion


def test_a_suspect_that_stays_silent_dies_and_one_that_refutes_lives() -> None:
    stage = Stage(A, B, C, D)
    stage.suspect(A)
    stage.suspect(C)
    assert stage.last(Ping, A).claims[0] == Claim(A, WALL_MS, SUSPECT, B), "it hears of it first"
    stage.answer(C, incarnation=WALL_MS + 1)
    stage.wait(8_000, B, D)
    assert stage.status(A) is DEAD
    assert next(event for event in stage.told if isinstance(event, PeerDead)) == PeerDead(A)
    assert PeerAlive(C, WALL_MS + 1) in stage.told


def test_we_refute_what_is_said_of_us_at_once() -> None:
    stage = Stage(A, B)
    for status in (SUSPECT, DEAD):
        before = stage.machine.incarnation
        stage.wait(50, A, B)
        stage.hear(B, Notice(WALL_MS, (Claim(OWN, before, status, B),)))
        assert stage.machine.incarnation > before
        assert stage.last(Notice, None).claims[0].incarnation == stage.machine.incarnation
    assert stage.machine.counts.refutations == 2
    assert stage.machine.health_score == 2


def test_a_stale_word_on_us_is_not_worth_an_answer() -> None:
    stage = Stage(A, B)
    stage.hear(B, Notice(WALL_MS, (Claim(OWN, WALL_MS - 1, DEAD, B),)))
    tomorrow = WALL_MS + limits.SKEW_MS_MAX + 1
    stage.hear(B, Notice(WALL_MS, (Claim(OWN, tomorrow, DEAD, B),)))
    assert stage.machine.incarnation == WALL_MS
    assert not stage.count(Notice)


def test_the_dead_are_called_and_told_and_come_back() -> None:
    stage = Stage(A, B, C, D)
    stage.suspect(A)
    stage.wait(12_000, B, C, D)
    assert stage.status(A) is DEAD
    assert stage.last(Ping, A).claims[0] == Claim(A, WALL_MS, DEAD, OWN)
    stage.answer(A, incarnation=WALL_MS + 12_000)
    assert stage.status(A) is ALIVE
    assert stage.told[-1] == PeerAlive(A, WALL_MS + 12_000)


def test_who_leaves_is_forgotten() -> None:
    stage = Stage(A, B)
    stage.suspect(A)
    stage._take(stage.machine.handle(RosterChanged((OWN, B)), stage.now))
    stage.wait(9_000, B)
    assert stage.machine.peer(A) is None
    assert not any(isinstance(event, PeerDead) for event in stage.told)


# --- our own lateness


def test_a_step_that_comes_late_is_held_against_us_only() -> None:
    stage = Stage(A, B, C, D)
    stage.suspect(A)
    stage.ms += 10_000
    stage._take(stage.machine.tick(stage.now))
    assert stage.status(A) is SUSPECT
    assert stage.machine.counts.late == 1
    assert stage.machine.health_score == 1
    assert not any(isinstance(event, PeerDead) for event in stage.told)


def test_one_lateness_counts_once_however_many_messages_waited() -> None:
    stage = Stage(A, B, C, D)
    stage.ms += 10_000
    for _ in range(20):
        stage.hear(A, Notice(WALL_MS, ()))
    stage._take(stage.machine.tick(stage.now))
    assert stage.machine.counts.late == 1


# --- liars


def test_an_answer_without_our_nonce_is_no_sign_of_life() -> None:
    stage = Stage(A, B, C, D)
    stage.wait(500 * 4, B, C, D)
    for nonce in range(100):
        stage.hear(A, Ack(WALL_MS, (), nonce, ()))
        stage.hear(B, Ack(WALL_MS, (), stage.last(Ping, A).nonce, ()))
    stage.wait(2_000, B, C, D)
    assert stage.status(A) is SUSPECT


def test_a_relay_that_was_not_asked_and_one_that_repeats_itself_change_nothing() -> None:
    stage = Stage(A, B, C, relay_count=1, members=(OWN, A, B, C))
    while not stage.count(PingFor):
        stage.wait(10, B, C)
    relay, asked = next((to, m) for to, m in stage.sent if isinstance(m, PingFor))
    other = B if relay == C else C
    stage.hear(other, Relayed(WALL_MS, (), asked.nonce, heard=True))
    for _ in range(9):
        stage.hear(relay, Relayed(WALL_MS, (), asked.nonce, heard=False))
    stage.wait(400, B, C)
    assert stage.status(A) is SUSPECT
    assert stage.machine.health_score == 0, "the relay spoke: we are well"


def test_a_liar_who_suspects_everybody_kills_nobody_who_answers() -> None:
    stage = Stage(A, B, C, D)
    for _ in range(20):
        for victim in (A, B, C):
            view = stage.machine.peer(victim)
            assert view is not None
            for status in (SUSPECT, DEAD):
                claims = tuple(Claim(victim, view.incarnation, status, by) for by in (A, B, C, D))
                stage.hear(D, Notice(WALL_MS, claims))
            stage.answer(victim, incarnation=view.incarnation + 1)
        stage.wait(100, A, B, C, D)
    assert not any(isinstance(event, PeerDead) for event in stage.told)


def test_claims_of_strangers_and_about_strangers_count_for_nothing() -> None:
    stage = Stage(A)
    stage.hear(STRANGER, Notice(WALL_MS, (Claim(A, WALL_MS, DEAD, STRANGER),)))
    stage.hear(STRANGER, PingFor(WALL_MS, (), 1, A))
    stage.hear(A, Notice(WALL_MS, (Claim(STRANGER, 1, SUSPECT, A),)))
    stage.hear(A, PingFor(WALL_MS, (), 1, STRANGER))
    assert stage.status(A) is ALIVE
    assert not stage.sent
    assert not stage.told


def test_a_flood_of_doubts_is_no_flood_of_pings() -> None:
    members = (*tuple(sorted(NodeId(n.to_bytes(16, "big")) for n in range(1, 400))), OWN)
    stage = Stage(members=members, checks_at_once_from=1_000)
    for one in members[:-1]:
        stage.hear(members[0], Notice(WALL_MS, (Claim(one, 5, SUSPECT, members[1]),)))
    pinged = [to for to, message in stage.sent if isinstance(message, Ping)]
    assert len(pinged) == len(set(pinged)) == limits.PROBES_MAX
    stage.clear()
    for number in range(2_000):
        stage.hear(members[0], PingFor(WALL_MS, (), number, members[1]))
    assert stage.count(Ping) == limits.ERRANDS_MAX


def test_a_suspicion_forged_in_our_own_name_is_not_ours() -> None:
    stage = Stage(A, B)
    stage.hear(B, Notice(WALL_MS, (Claim(A, WALL_MS, SUSPECT, OWN),)))
    assert stage.status(A) is ALIVE
    assert not stage.sent
    stage.hear(B, Notice(WALL_MS, (Claim(OWN, WALL_MS, SUSPECT, OWN),)))
    assert stage.machine.counts.refutations == 1, "others may have believed it"


# --- messages


def test_no_probe_is_as_large_as_a_kilobyte() -> None:
    most = (1 << 63) - 1
    claims = tuple(Claim(b"m" * 16, most, DEAD, b"b" * 16) for _ in range(limits.CLAIMS_MAX))
    bits = bytes(limits.ROW_MEMBERS_MAX // 8)
    rows = tuple(Row(b"m" * 16, most, b"r" * 8, bits, bits) for _ in range(limits.ROWS_MAX))
    ping = Ping(most, claims, most, rows)
    assert len(encode(ping)) < 1_000
    assert read_message(encode(ping)) == ping


@pytest.mark.parametrize(
    "wrong",
    [
        Notice(-1, ()),
        Notice(1, (Claim(b"short", 1, ALIVE, A),)),
        Notice(1, (Claim(A, 1, ALIVE, A),) * (limits.CLAIMS_MAX + 1)),
        Ping(1, (), -1, ()),
        Ping(1, (), 1, (Row(A, 1, b"short", b"", b""),)),
        Ping(1, (), 1, (Row(A, 1, b"r" * 8, bytes(limits.ROW_MEMBERS_MAX // 8 + 1), b""),)),
        PingFor(1, (), 1, b""),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_is_out_of_bounds_is_malformed(wrong: Any) -> None:
    with pytest.raises(PeerFault):
        read_message(encode(wrong))
