"""The simulator's page names every profile, field, fault and sentence that there is."""

from pathlib import Path

import msgspec
import pytest

from credimus.sim.checkers.delivering import DELIVERING
from credimus.sim.checkers.liveness import LIVENESS
from credimus.sim.checkers.table import ALL
from credimus.sim.faults import AnyFault
from credimus.sim.faults.fault import Fault
from credimus.sim.network import Weather
from credimus.sim.profiles import PROFILES
from credimus.sim.scenario import Scenario

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
FAULTS: list[type[Fault]] = list(AnyFault.__args__)


def rows() -> dict[str, str]:
    """The rows of all tables, by the name in their first cell."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    return {line.split("`")[1]: line for line in lines}


@pytest.mark.parametrize(
    "name", [*PROFILES, *(one.__name__ for one in (*ALL, *DELIVERING, *LIVENESS))]
)
def test_every_profile_and_sentence_has_a_row(name: str) -> None:
    assert name in rows()


@pytest.mark.parametrize("kind", FAULTS, ids=lambda one: one.__name__)
def test_every_fault_has_a_row_with_its_own_fields(kind: type[Fault]) -> None:
    row = rows()[kind().kind]
    own = set(kind.__struct_fields__) - set(Fault.__struct_fields__)
    assert {name for name in own if f"`{name}`" not in row} == set()
    described = kind.__doc__ or ""
    assert described, "each says what it does"


def test_every_field_of_a_scenario_and_of_the_weather_is_described() -> None:
    fields = set(Scenario.__struct_fields__) - {"weather", "faults"}
    assert fields - rows().keys() == set()
    for name in (*Weather.__struct_fields__, *Fault.__struct_fields__):
        assert f"`{name}`" in PAGE


def test_defaults_on_the_page_are_those_of_the_code() -> None:
    for field in msgspec.structs.fields(Scenario):
        if isinstance(field.default, int) and not isinstance(field.default, bool):
            assert f"| {field.default:,} |" in rows()[field.name]
