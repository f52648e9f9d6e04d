"""Seeds of long sweeps that went wrong once."""

import msgspec
import pytest

from credimus.sim.profiles import scenario_of
from credimus.sim.run import simulate


@pytest.mark.parametrize(
    ("profile", "seed"),
    [
        pytest.param("partition", 7_629, id="who left had not seen the second admission of itself"),
        pytest.param(
            "tickets", 8_062, id="who left holds blocks of an equivocator that none takes"
        ),
        pytest.param("recovery", 30_168, id="a vote is given up behind a block that is lost"),
    ],
)
def test_seeds_that_went_wrong(profile: str, seed: int) -> None:
    assert simulate(scenario_of(profile, seed, statements=60)).violations == ()


def test_a_chain_of_who_was_expelled_comes_at_once_when_somebody_builds_on_it() -> None:
    """Fetched from its end, block by block, it came after the next checkpoint."""
    slander = scenario_of("slander", 31_261, statements=60, checkpoint_ms=1_500)
    assert simulate(slander).violations == ()


def test_who_is_asked_twice_by_the_network_may_push_twice() -> None:
    """Seed 3 of a crowd: an ask that came twice was answered twice, and counted once."""
    crowd = scenario_of("crowd", 3, statements=6)
    weather = msgspec.structs.replace(crowd.weather, loss_ppm=200_000, duplicate_ppm=1_000_000)
    twice = msgspec.structs.replace(crowd, weather=weather, duration_ms=3_000)
    assert simulate(twice).violations == ()
