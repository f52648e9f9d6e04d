"""The overlay: connected, symmetric, neither thin nor fat, whoever fails."""

import pytest
from crowd import CONFIG, Crowd, moment

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import NodeId
from credimus.protocol.dissemination.interface import DisseminationConfig, Neighbour, Wish
from credimus.protocol.dissemination.rings import Rings

SIZES = {13: 12, 14: 6, 19: 24, 20: 12, 37: 4, 60: 2, 100: 1}
"""Nodes, and how many seeds are tried with so many."""


@pytest.mark.parametrize("count", SIZES)
def test_it_is_connected_symmetric_and_within_bounds(count: int) -> None:
    for seed in range(SIZES[count]):
        crowd = Crowd(count, seed)
        crowd.run_for(4_000)
        assert crowd.is_connected()
        assert crowd.is_symmetric()
        degrees = crowd.degrees()
        assert CONFIG.degree_min <= degrees[0]
        assert degrees[-1] <= crowd.most <= CONFIG.degree_max


@pytest.mark.parametrize("noticed", [True, False])
@pytest.mark.parametrize("count", SIZES)
def test_it_heals_when_three_in_ten_fail_at_once(count: int, noticed: bool) -> None:
    for seed in range(SIZES[count]):
        crowd = Crowd(count, seed)
        crowd.run_for(3_000)
        places = Entropy(b"failures %d" % seed).stream("").sample(range(count), count * 3 // 10)
        crowd.crash(places, noticed=noticed)
        crowd.run_for(3_000)
        crowd.notice()
        crowd.run_for(3_000)
        if len(crowd.running) <= CONFIG.direct_count_max:
            assert crowd.degrees()[-1] == 0, "so few send straight to all"
            continue
        assert crowd.is_connected()
        assert crowd.is_symmetric()
        assert CONFIG.degree_min <= crowd.degrees()[0]
        assert crowd.degrees()[-1] <= CONFIG.degree_max


def test_it_stays_connected_while_three_in_ten_are_missing_and_nobody_knows() -> None:
    for seed in range(20):
        crowd = Crowd(40, seed)
        crowd.run_for(1_500)
        places = Entropy(b"failures %d" % seed).stream("").sample(range(40), 12)
        crowd.crash(places, noticed=False)
        assert crowd.is_connected(), "eight links each: some are left to everybody"


def test_nobody_is_left_with_too_few_where_all_others_are_full() -> None:
    for seed in range(20):
        crowd = Crowd(15, seed)
        crowd.run_for(2_500)
        for place in (3, 8):
            crowd.crash([place])
            crowd.run_for(1_500)
        assert CONFIG.degree_min <= crowd.degrees()[0]
        assert crowd.degrees()[-1] <= crowd.most <= CONFIG.degree_max


def test_one_way_links_are_not_part_of_it() -> None:
    crowd = Crowd(30, 1)
    draws = Entropy(b"cuts").stream("")
    names = crowd.running
    crowd.cut = {
        (one, other) for one in names for other in names if one != other and draws.happens(250_000)
    }
    crowd.run_for(15_000)
    assert crowd.is_connected()
    for one in names:
        for other in crowd.overlays[one].neighbours:
            if one in crowd.overlays[other]:  # else one side has yet to find out
                assert not {(one, other), (other, one)} & crowd.cut
    assert CONFIG.degree_min <= crowd.degrees()[0]


def test_a_link_that_breaks_one_way_is_given_up_by_both() -> None:
    crowd = Crowd(20, 2)
    crowd.run_for(3_000)
    one = crowd.running[0]
    other = crowd.overlays[one].neighbours[0]
    crowd.cut = {(one, other)}
    crowd.run_for(27_000)
    assert other not in crowd.overlays[one]
    assert one not in crowd.overlays[other]
    assert crowd.is_connected()


def test_few_nodes_have_none_and_part_when_they_become_few() -> None:
    crowd = Crowd(13, 3)
    crowd.run_for(3_000)
    assert crowd.degrees()[0] >= CONFIG.degree_min
    crowd.crash([4])
    crowd.run_for(2_000)
    assert crowd.degrees() == [0] * 12
    assert not any(crowd.overlays[one].is_active for one in crowd.running)


def test_neighbours_are_near_and_far() -> None:
    crowd = Crowd(100, 4)
    crowd.run_for(5_000)
    spans = [
        abs(one[0] - other[0]) for one in crowd.running for other in crowd.overlays[one].neighbours
    ]
    near = sum(span <= 5 for span in spans)
    far = sum(span >= 20 for span in spans)
    assert near > len(spans) // 5, "by chance it would be one in ten"
    assert far > len(spans) // 4


def test_a_request_for_a_ring_takes_the_place_of_another_link() -> None:
    crowd = Crowd(40, 5)
    crowd.run_for(4_000)
    full = next(one for one in crowd.running if len(crowd.overlays[one]) == CONFIG.degree_max)
    overlay = crowd.overlays[full]
    stranger = next(one for one in crowd.running if one not in overlay and one != full)
    now = moment(crowd.now_ms)
    declined = overlay.hear(stranger, Neighbour(Wish.ASK, needed=False), now)
    assert [one.message.wish for one in declined] == [Wish.DECLINE]
    accepted = overlay.hear(stranger, Neighbour(Wish.ASK, needed=True), now)
    assert [one.message.wish for one in accepted] == [Wish.LEAVE, Wish.ACCEPT]
    assert len(overlay) == CONFIG.degree_max


def test_who_is_not_there_is_declined_and_who_is_no_neighbour_told_so() -> None:
    crowd = Crowd(20, 6)
    crowd.run_for(2_000)
    overlay = crowd.overlays[crowd.running[0]]
    nobody = NodeId(b"\xff" * 16)
    now = moment(crowd.now_ms)
    for wish, answer in (
        (Wish.ASK, Wish.DECLINE),
        (Wish.KEEP, Wish.LEAVE),
        (Wish.ACCEPT, Wish.LEAVE),
    ):
        said = overlay.hear(nobody, Neighbour(wish, needed=True), now)
        assert [one.message.wish for one in said] == [answer]
    assert overlay.hear(nobody, Neighbour(Wish.LEAVE, needed=True), now) == []
    assert nobody not in overlay


def test_a_given_topology_stays_whatever_anybody_says() -> None:
    crowd = Crowd(20, 7)
    overlay = crowd.overlays[crowd.running[0]]
    peers = (crowd.running[1], NodeId(b"\xff" * 16))
    overlay.give(peers)
    crowd.run_for(5_000)
    assert overlay.hear(peers[0], Neighbour(Wish.LEAVE, needed=False), moment(9_000)) == []
    assert overlay.neighbours == peers


def test_a_ring_goes_through_all() -> None:
    names = [NodeId(bytes([place]) * 16) for place in range(30)]
    for ring in range(2):
        seen, one = [], names[0]
        for _ in names:
            seen.append(one)
            others = sorted(set(names) - {one})
            one = Rings(one).next(others, ())[ring]
        assert sorted(seen) == names
        assert one == names[0]
    assert Rings(names[0]).next([], ()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"degree_min": 9}, {"degree_max": 7}, {"degree_max": 33}, {"relay_hops_max": 1},
        {"relay_hops_max": 9}, {"direct_count_max": 0}, {"ask_ns": 0},
    ],
)  # fmt: skip
def test_settings_outside_their_ranges_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="_"):
        DisseminationConfig(**wrong)
