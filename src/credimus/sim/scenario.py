"""A scenario says all that a run consists of; it is a value that can be written as TOML and read.

The same scenario gives the same run, event for event: nothing else is drawn from anywhere.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.errors import UsageError
from credimus.sim.faults import AnyFault
from credimus.sim.faults.fault import NODES_MAX
from credimus.sim.faults.lies import Lie
from credimus.sim.network import CALM, Weather
from credimus.state.member_operations import CategoryLimit, Limit

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$")]
Seed = Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]
Lasting = Annotated[int, Meta(ge=1, le=86_400_000)]
Skew = Annotated[int, Meta(ge=0, le=limits.SKEW_MS_MAX)]


class Scenario(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A fleet, what it is given to do, and what troubles it.

    A safety phase under faults, in which nothing may go wrong, is followed by a liveness phase
    without any, in which the fleet must come to rest.
    """

    name: Name = "scenario"
    """Lower-case letters, digits and dashes, at most 64."""
    seed: Seed = 0
    """All chance comes from it. Range 0 to 2**53 - 1."""
    nodes: Annotated[int, Meta(ge=1, le=NODES_MAX)] = 5
    """Computers that found the fleet. Range 1 to 256."""
    joiners: Annotated[int, Meta(ge=0, le=8)] = 0
    """Computers that join it after a third of the safety phase. Range 0 to 8."""
    members_per_node: Annotated[int, Meta(ge=1, le=8)] = 1
    """Members that each computer hosts, its own included. Range 1 to 8."""
    left_out_ppm: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """The members that an electorate may leave out, in ppm. Above 0 parts of the fleet put
    statements to the vote by themselves, against each other, and each node reconciles by a
    strategy of its own. Range 0 to 1,000,000."""
    leavers: Annotated[int, Meta(ge=0, le=8)] = 0
    """Members that leave in the last two thirds of the safety phase. Range 0 to 8."""
    liars: Annotated[int, Meta(ge=0, le=NODES_MAX // 3)] = 0
    """Computers of which the first member lies, as the faults say: those at places 1, 2, ... Always
    less than a third of `nodes`."""
    led: bool = False
    """Whether the first computer, which founds the fleet, alone admits to it."""
    moody: bool = False
    """Whether nodes vote by chance, and otherwise in each life, instead of by what they know."""
    statements: Annotated[int, Meta(ge=0, le=1_000_000)] = 60
    """Groups of commands given to the fleet in the safety phase. Range 0 to 1,000,000."""
    messages: Annotated[int, Meta(ge=0, le=1_000_000)] = 20
    """Messages that applications send each other in the safety phase. Range 0 to 1,000,000."""
    duration_ms: Lasting = 8_000
    """Length of the safety phase, in ms. Range 1 to 86,400,000, a day."""
    liveness_ms: Lasting = 90_000
    """How long a healed fleet may take to come to rest, in ms. Range as above."""
    skew_ms_max: Skew = 250
    """How far a wall clock is off when nothing is wrong with it, in ms. Range 0 to 60,000."""
    skew_accepted_ms: Skew = limits.SKEW_MS_MAX
    """How far ahead of its own clock a node takes a block's stamp, in ms. Range 0 to 60,000."""
    checkpoint_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 0
    """From checkpoint to checkpoint, in ms; blocks are kept for half of that. 0 takes none. Range 0
    to 86,400,000."""
    vouch_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 0
    """How much later the next member vouches for all where one has not, in ms; it is done for every
    second that comes. 0 as real nodes: 3 s, for every fourth. Range 0 to 86,400,000."""
    units_per_s_max: Annotated[int, Meta(ge=0, le=limits.UNITS_PER_S_MAX)] = 0
    """How much the fleet lets each member write, in units per second; 0 for no limit. Range 0 to
    100,000,000."""
    category_limits: Annotated[
        tuple[CategoryLimit, ...], Meta(max_length=limits.LIMITED_CATEGORIES_MAX)
    ] = ()
    """How many beliefs of some categories the fleet lets each member state: category, an hour, at
    once. Strictly sorted."""
    waited_ppm: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """The lives of nodes, in ppm, in which callers wait for verdicts all along; what they are told
    amid a step they may answer in its block. Range 0 to 1,000,000."""
    take_us: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """Time that a node works for each 256 bytes of a message that it looks at, in us. Range 0 to
    1,000,000."""
    weather: Weather = CALM
    """How messages fare while the faults rage."""
    faults: tuple[AnyFault, ...] = ()
    """What else happens."""

    def __post_init__(self) -> None:
        if 3 * self.liars >= self.nodes and self.liars:
            raise ValueError(f"`liars` is {self.liars} of {self.nodes}; give less than a third")
        if self.weather.delay_us_min > self.weather.delay_us_max:
            raise ValueError("`weather.delay_us_min` is more than `weather.delay_us_max`")
        if 2 * self.skew_ms_max > self.skew_accepted_ms:
            raise ValueError(
                f"`skew_ms_max` is {self.skew_ms_max}; sound clocks may be twice that apart, and "
                f"`skew_accepted_ms` is {self.skew_accepted_ms}"
            )
        if self.category_limits:
            Limit(self.category_limits)  # refuses what is not sorted
        for index, fault in enumerate(self.faults):
            if isinstance(fault, Lie) and not self.liars:
                raise ValueError(f"`faults[{index}]` is {fault.kind}, and `liars` is 0")
            if isinstance(fault, Lie) and not set(fault.places) <= set(range(1, self.liars + 1)):
                raise ValueError(f"`faults[{index}].places` names who does not lie")
            far = [place for place in fault.places if place >= self.nodes + self.joiners]
            if far:
                raise ValueError(f"`faults[{index}].places` names {far[0]}, which there is not")


def altered(scenario: Scenario, **fields: object) -> Scenario:
    """The scenario with some fields given anew.

    Raises:
        UsageError: `bad-scenario`, naming the field.
    """
    built = {**msgspec.to_builtins(scenario), **msgspec.to_builtins(fields)}
    try:
        return msgspec.convert(built, Scenario)
    except msgspec.ValidationError as problem:
        raise _bad(str(problem)) from None


def read_scenario(text: str) -> Scenario:
    """The scenario that a TOML text describes.

    Raises:
        UsageError: `bad-scenario`, naming the field and its range.
    """
    try:
        return msgspec.toml.decode(text, type=Scenario)
    except msgspec.DecodeError as problem:
        raise _bad(str(problem)) from None


def write_scenario(scenario: Scenario) -> str:
    """The scenario as TOML, without what is usual; reading it gives the scenario again."""
    built = msgspec.to_builtins(scenario)
    weather, faults = built.pop("weather", {}), built.pop("faults", [])
    parts = [_lines(built)]
    if weather:
        parts.append("[weather]\n" + _lines(weather))
    parts += ["[[faults]]\n" + _lines(fault) for fault in faults]
    return "\n".join(part for part in parts if part)


def _lines(table: dict[str, object]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in table.items())


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value:_}"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case _:
            return f'"{value}"'  # names are plain (see `Name`), and so are kinds


def _bad(problem: str) -> UsageError:
    said, _, where = problem.partition(" - at ")
    field = where.strip("`$.")
    return UsageError("bad-scenario", f"{field}: {said}" if field else said)
