"""A node waits for others when it is busy or has just answered, and else not at all."""

import time

from credimus.kernel.ids import BeliefId, RoundId
from credimus.runtime.pace import LISTEN_NS, PERIOD_MAX_NS, ROUNDS_FREE, Pace
from credimus.state.events import RoundDecided, RoundOpened
from credimus.state.voting.verdict import Verdict


def _rounds(count: int) -> list[RoundId]:
    return [RoundId(n.to_bytes(16, "big")) for n in range(count)]


def _busy(count: int) -> Pace:
    pace = Pace()
    pace.hear([RoundOpened(one) for one in _rounds(count)])
    return pace


def test_few_rounds_wait_for_nothing() -> None:
    pace = _busy(ROUNDS_FREE)
    assert not pace.is_busy
    pace.stepped(time.monotonic_ns(), spoke=True, awaited=True)
    assert pace.pause_s() == 0


def test_who_answered_and_waits_for_nothing_listens_a_moment() -> None:
    pace = Pace()
    pace.stepped(time.monotonic_ns(), spoke=True, awaited=False)
    assert 0 < pace.pause_s() <= LISTEN_NS / 1e9


def test_a_busy_node_waits_a_period_from_the_beginning_of_its_last_step() -> None:
    pace = _busy(1_000)
    assert pace.is_busy
    pace.stepped(time.monotonic_ns() + 10**9, spoke=True, awaited=True)
    assert pace.pause_s() > 0.9
    pace.stepped(time.monotonic_ns() - PERIOD_MAX_NS, spoke=True, awaited=True)
    assert pace.pause_s() == 0


def test_decided_rounds_are_not_in_flight() -> None:
    rounds = _rounds(ROUNDS_FREE + 1)
    pace = _busy(len(rounds))
    assert pace.is_busy
    pace.hear([RoundDecided(rounds[0], BeliefId(bytes(16)), Verdict.OPEN)])
    assert not pace.is_busy
