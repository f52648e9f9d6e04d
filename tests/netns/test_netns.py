"""Nothing acknowledged is lost: real processes on hosts of their own, and what networks do.

The first test is short and part of every run; the long ones are run by `make netns`, which sets
CREDIMUS_NETNS=long and shows how long each heal took.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from lan import Lan, reason_without
from loopback_lan import LoopbackLan
from stand import Stand, Writers, until

LONG = os.environ.get("CREDIMUS_NETNS") == "long"
long = pytest.mark.skipif(not LONG, reason="takes minutes; run `make netns`")
REASON = reason_without()
hosts = pytest.mark.skipif(REASON is not None, reason=str(REASON))
pytestmark = pytest.mark.timeout(600)
PAUSE_S = 0.25
"""Between two writes of one caller."""
EQUAL_S_MAX = 5.0
"""From the heal until all nodes are in the same state."""
DECIDING_S_MAX = 2.0
"""Between two verdicts of a majority from which the others were cut: far below the 10 s for which
the engine would linger, far above what a busy machine adds."""


@pytest.fixture
def stage() -> Iterator[ExitStack]:
    """Where stands are opened; all are taken down at the end."""
    with ExitStack() as made:
        yield made


def stand_of(stage: ExitStack, folder: Path, lan: Lan | LoopbackLan) -> Stand:
    """A fleet that has met."""
    stand = stage.enter_context(closing(Stand(lan, folder)))
    stand.found()
    return stand


def heal(stand: Stand, what: str) -> float:
    """Mend the network; how long it took until all were equal, which is also told."""
    sides = [stand.status(place).blocks for place in stand.places]
    stand.lan.heal()
    seconds = stand.seconds_until_equal()
    print(f"\n{what}: blocks {sides} before the heal, equal after {seconds:.2f} s", end="")
    return seconds


@hosts
def test_a_bad_half_minute_loses_nothing_that_was_acknowledged(
    stage: ExitStack, tmp_path: Path
) -> None:
    stand = stand_of(stage, tmp_path, Lan(5))
    with Writers(stand, stand.places, PAUSE_S):
        stand.lan.cut([0, 1])
        time.sleep(1.5)
        apart = [len(stand.status(place).neighbours) for place in stand.places]
    heal(stand, "cut in 2 and 3")
    with Writers(stand, stand.places, PAUSE_S):
        stand.lan.lose_from(3, 1, 100)
        stand.stop(4)
        time.sleep(1.5)
        stand.go_on(4)
        stand.kill(2)
        stand.up(2)
    heal(stand, "one way lost, one stopped, one killed")
    stand.check()
    assert len(stand.receipts) > 30, f"hardly anything was written; {apart}"
    assert len(stand.votes) > 5, "hardly anybody voted"
    assert len(stand.retracted) > 3, "hardly anything was taken back"


@pytest.mark.skipif(REASON is None and not LONG, reason="the test above does this, and more")
def test_stopped_and_killed_on_one_host_loses_nothing(stage: ExitStack, tmp_path: Path) -> None:
    stand = stand_of(stage, tmp_path, LoopbackLan(3))
    with Writers(stand, stand.places, PAUSE_S):
        stand.stop(2)
        time.sleep(1.5)
        stand.go_on(2)
        for place in (1, 2):
            stand.kill(place)
            stand.up(place)
    heal(stand, "on loopback: one stopped, two killed")
    stand.check()
    assert len(stand.receipts) > 10, "hardly anything was written"


@hosts
@long
def test_two_cut_from_three_for_half_a_minute(stage: ExitStack, tmp_path: Path) -> None:
    stand = stand_of(stage, tmp_path, Lan(5))
    with Writers(stand, stand.places, PAUSE_S):
        stand.lan.cut([0, 1])
        time.sleep(30)
    seconds = heal(stand, "30 s cut in 2 and 3")
    stand.check()
    until(stand.is_whole, "the links did not come back")
    assert seconds < EQUAL_S_MAX


@hosts
@long
def test_those_who_are_left_go_on_deciding(stage: ExitStack, tmp_path: Path) -> None:
    stand = stand_of(stage, tmp_path, Lan(5))
    decided = {"scheme": "majority", "wait_for": "decided"}
    with Writers(stand, [2, 3, 4], 0.25, **decided) as writers:
        time.sleep(1)
        stand.lan.cut([0, 1])
        time.sleep(15)  # links that are cut are given up after 3 s, and closed
    pause_s = writers.longest_pause_s()
    heal(stand, f"longest pause between two verdicts of three of five {pause_s:.2f} s")
    stand.check()
    assert pause_s < DECIDING_S_MAX


@hosts
@long
@pytest.mark.parametrize("percent", [30, 100])
def test_one_way_loss(stage: ExitStack, tmp_path: Path, percent: int) -> None:
    stand = stand_of(stage, tmp_path, Lan(5))
    with Writers(stand, stand.places, PAUSE_S):
        stand.lan.lose_from(3, 1, percent)
        time.sleep(20)
        assert_all_hear(stand)
    seconds = heal(stand, f"20 s of {percent} % lost from n3 to n1")
    stand.check()
    assert seconds < EQUAL_S_MAX


@hosts
@long
def test_a_fifth_lost_and_a_tenth_of_a_second_late(stage: ExitStack, tmp_path: Path) -> None:
    stand = stand_of(stage, tmp_path, Lan(5, delay_ms=100, loss_percent=20))
    with Writers(stand, stand.places, PAUSE_S):
        time.sleep(30)
    print(f"\n20 % lost, 100 ms: equal after {stand.seconds_until_equal():.2f} s", end="")
    stand.check()


@hosts
@long
def test_a_stopped_process_catches_up(stage: ExitStack, tmp_path: Path) -> None:
    stand = stand_of(stage, tmp_path, Lan(5))
    with Writers(stand, [0, 1, 2, 3], PAUSE_S):
        stand.stop(4)
        time.sleep(20)
        stand.go_on(4)
    seconds = heal(stand, "20 s stopped")
    stand.check()
    assert seconds < EQUAL_S_MAX


@hosts
@long
def test_killed_again_and_again_for_two_minutes(stage: ExitStack, tmp_path: Path) -> None:
    stand = stand_of(stage, tmp_path, Lan(5))
    end, kills = time.monotonic() + 120, 0
    with Writers(stand, stand.places, PAUSE_S) as writers:
        while time.monotonic() < end:
            place = kills % len(stand.places)
            stand.kill(place)
            stand.up(place)
            kills += 1
    seconds = heal(stand, f"{kills} kills, {writers.refused_count} writes not acknowledged")
    stand.check()
    assert kills > 10
    assert seconds < EQUAL_S_MAX


def assert_all_hear(stand: Stand) -> None:
    """What is written now reaches every node, through others if need be."""
    assert stand.write(3, f"n3 is heard at {time.monotonic_ns()}")
    _, receipt = stand.receipts[-1]
    for place in stand.places:

        def holds(place: int = place) -> bool:
            found = stand.ask(place, lambda node: node.beliefs(text="heard"))
            return any(one.id == receipt.belief for one in found.beliefs)

        until(holds, f"n{place} did not hear n3")
