"""Seeds of long sweeps that went wrong once, without checkpoints."""

import pytest

from credimus.sim.profiles import scenario_of
from credimus.sim.run import simulate


@pytest.mark.parametrize(
    ("profile", "seed"),
    [pytest.param("partition", 7_629, id="who left had not seen the second admission of itself")],
)
def test_seeds_that_went_wrong(profile: str, seed: int) -> None:
    assert simulate(scenario_of(profile, seed, statements=60)).violations == ()
