"""Kinds of trouble, from none to all at once: named scenarios, to which a seed gives variety."""

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import UsageError
from credimus.sim.faults import (
    Accuse,
    BadLink,
    BitFlip,
    Bridge,
    Clamour,
    ClockDrift,
    ClockJump,
    CloseTwice,
    Crash,
    DoubleVote,
    Expulsion,
    FalseEvidence,
    FalseFrontier,
    FalseState,
    Flapping,
    Flood,
    Forge,
    Fork,
    FullDisk,
    Garbage,
    Hail,
    Impersonate,
    OneWay,
    Overreach,
    Partition,
    Pause,
    Ragged,
    Replay,
    Reunite,
    Rotation,
    Slander,
    Slow,
    Stack,
    Torrent,
    TwoStates,
    Withhold,
)
from credimus.sim.faults.lies import Lie
from credimus.sim.network import Weather
from credimus.sim.scenario import Scenario, altered
from credimus.state.member_operations import CategoryLimit

_LOSSY = Weather(delay_us_max=20_000, slow_ppm=30_000, loss_ppm=100_000, duplicate_ppm=50_000)
_LIARS_SHARE = 3
"""Liars are the most that there may be: less than one in this many."""

PROFILES: dict[str, Scenario] = {
    profile.name: profile
    for profile in (
        Scenario(name="calm"),
        Scenario(name="lossy", weather=_LOSSY),
        Scenario(
            name="partition",
            faults=(Partition(every_ms=2_000), Ragged(every_ms=5_000)),
        ),
        Scenario(
            name="apart",
            duration_ms=30_000,
            left_out_ppm=1_000_000,
            faults=(
                Partition(from_ms=1_500, every_ms=0, lasts_ms=(9_000, 12_000)),
                Partition(from_ms=16_000, every_ms=0, lasts_ms=(9_000, 12_000)),
            ),
        ),
        Scenario(
            name="reunions",
            duration_ms=20_000,
            left_out_ppm=1_000_000,
            faults=(
                Partition(from_ms=1_500, every_ms=0, lasts_ms=(8_000, 10_000)),
                Reunite(from_ms=12_000, every_ms=1_500),
                Crash(from_ms=12_500, every_ms=2_500, down_ms=(50, 500)),
            ),
        ),
        Scenario(
            name="lopsided",
            weather=Weather(delay_us_max=10_000, long_tail=True),
            faults=(
                OneWay(every_ms=2_500),
                Bridge(every_ms=4_000),
                Flapping(every_ms=1_000),
                BadLink(every_ms=1_000),
            ),
        ),
        Scenario(
            name="crowd",
            nodes=16,
            statements=24,
            weather=_LOSSY,
            faults=(Crash(every_ms=3_000), OneWay(every_ms=4_000), BadLink(every_ms=1_000)),
        ),
        Scenario(name="churn", faults=(Crash(every_ms=600),)),
        Scenario(name="absent", faults=(Crash(every_ms=2_000, down_ms=(6_000, 8_000)),)),
        Scenario(
            name="disk",
            faults=(Crash(every_ms=2_000), FullDisk(every_ms=2_000), BitFlip(every_ms=2_500)),
        ),
        Scenario(
            name="recovery",
            faults=(
                Partition(every_ms=3_000),
                Crash(every_ms=1_500),
                BitFlip(every_ms=1_500, most=4, recovers=True),
                BitFlip(every_ms=4_000, recovers=True, names_lost=True),
                BitFlip(every_ms=100, most=64, recovers=True, scarce=True, found_ms=(0, 50)),
            ),
        ),
        Scenario(
            name="checkpoints",
            checkpoint_ms=1_500,
            faults=(
                Partition(every_ms=2_500),
                Crash(every_ms=3_000, down_ms=(2_000, 4_000)),
            ),
        ),
        Scenario(
            name="rotation",
            faults=(
                Rotation(every_ms=1_200),
                Partition(every_ms=3_000),
                Crash(every_ms=1_500, down_ms=(50, 1_500)),
            ),
        ),
        Scenario(
            name="tickets",
            joiners=3,
            leavers=2,
            liars=1,
            vouch_ms=100,
            weather=Weather(delay_us_max=10_000, loss_ppm=20_000),
            faults=(
                DoubleVote(every_ms=700, from_ms=1_500),
                Expulsion(every_ms=500, from_ms=3_000),
                Rotation(every_ms=2_500, from_ms=1_000),
                Partition(every_ms=2_500, lasts_ms=(500, 2_000)),
                Crash(every_ms=2_500, down_ms=(50, 1_500)),
            ),
        ),
        Scenario(
            name="clock",
            skew_accepted_ms=2_000,
            faults=(
                ClockJump(every_ms=1_500, jump_ms_max=10_000),
                ClockDrift(every_ms=1_500, drift_ppm_max=100_000),
            ),
        ),
        Scenario(
            name="byzantine",
            liars=1,
            weather=Weather(delay_us_max=10_000, loss_ppm=20_000),
            faults=(
                DoubleVote(every_ms=300),
                CloseTwice(every_ms=900),
                Fork(every_ms=3_000, from_ms=1_000),
                Forge(every_ms=300),
                Withhold(every_ms=4_000),
                FalseFrontier(every_ms=500),
                Replay(every_ms=500),
                Garbage(every_ms=500),
                Stack(every_ms=400),
            ),
        ),
        Scenario(
            name="slander",
            liars=1,
            led=True,
            weather=Weather(delay_us_max=10_000, loss_ppm=20_000),
            faults=(
                Slander(every_ms=300),
                DoubleVote(every_ms=700, from_ms=1_000),  # before nobody hears them any more
                FalseEvidence(every_ms=300, from_ms=2_000),
                Overreach(every_ms=400, from_ms=2_000),
                Fork(every_ms=3_000, from_ms=5_000),
                Expulsion(every_ms=1_000),
            ),
        ),
        Scenario(
            name="expulsion",
            liars=1,
            weather=Weather(delay_us_max=10_000, loss_ppm=20_000),
            faults=(
                DoubleVote(every_ms=300),
                Expulsion(every_ms=500, from_ms=500),
                Pause(every_ms=1_000),
                Partition(every_ms=3_000, from_ms=1_000),
            ),
        ),
        Scenario(
            name="deceit",
            liars=1,
            weather=Weather(delay_us_max=10_000, loss_ppm=20_000),
            faults=(
                FalseState(every_ms=1_500),
                TwoStates(every_ms=4_000, from_ms=4_000),
                Accuse(every_ms=300),
                Impersonate(every_ms=500),
                Withhold(every_ms=4_000),
                Replay(every_ms=500),
            ),
        ),
        Scenario(
            name="flood",
            liars=1,
            units_per_s_max=100,
            category_limits=(CategoryLimit("observation", 18_000, 20),),
            take_us=20,
            faults=(
                Clamour(every_ms=400),
                Torrent(every_ms=500),
                Hail(every_ms=300),
                Flood(every_ms=3_000),
            ),
        ),
        Scenario(name="stacked", liars=1, weather=_LOSSY, faults=(Stack(every_ms=150),)),
        Scenario(
            name="storm",
            liars=1,
            weather=_LOSSY,
            skew_accepted_ms=2_000,
            faults=(
                Partition(every_ms=4_000),
                OneWay(every_ms=4_000),
                Ragged(every_ms=6_000),
                Flapping(every_ms=3_000),
                BadLink(every_ms=3_000),
                Crash(every_ms=1_200),
                Pause(every_ms=2_000),
                Slow(every_ms=3_000),
                Flood(every_ms=4_000),
                FullDisk(every_ms=4_000),
                BitFlip(every_ms=6_000),
                ClockJump(every_ms=3_000, jump_ms_max=4_000),
                ClockDrift(every_ms=4_000, drift_ppm_max=10_000),
                DoubleVote(every_ms=800),
                Fork(every_ms=5_000, from_ms=2_000),
                Forge(every_ms=1_000),
                Withhold(every_ms=5_000),
                FalseFrontier(every_ms=1_500),
                Replay(every_ms=1_500),
                Garbage(every_ms=2_000),
                Stack(every_ms=1_500),
            ),
        ),
    )
}


def profile_named(name: str) -> Scenario:
    """The profile of that name.

    Raises:
        UsageError: `unknown-profile`.
    """
    found = PROFILES.get(name)
    if found is None:
        raise UsageError("unknown-profile", f"{name!r} is no profile; use {', '.join(PROFILES)}")
    return found


def scenario_of(
    profile: str,
    seed: int,
    nodes: int | None = None,
    duration_ms: int | None = None,
    statements: int | None = None,
    checkpoint_ms: int = 0,
) -> Scenario:
    """A profile, with what the seed makes of it: how nodes vote, who comes and who goes.

    As many lie as may, and in a fleet of three nobody.

    Args:
        statements: groups of commands; when None as many for the time as usual, but not so many
            that a large fleet or a long run takes for ever.
        checkpoint_ms: from checkpoint to checkpoint where the profile takes none; 0 for none.

    Raises:
        UsageError: `unknown-profile`, `bad-scenario`.
    """
    base = profile_named(profile)
    size = base.nodes if nodes is None else nodes
    lasting_ms = base.duration_ms if duration_ms is None else duration_ms
    liars = max(0, (size - 1) // _LIARS_SHARE) if base.liars else 0
    draws = Entropy(f"variety {seed}".encode()).stream("scenario")
    callers = Entropy(f"variety {seed}".encode()).stream("callers")
    return altered(
        base,
        seed=seed,
        nodes=size,
        duration_ms=lasting_ms,
        statements=_usual(base, size, lasting_ms) if statements is None else statements,
        liars=liars,
        checkpoint_ms=base.checkpoint_ms or checkpoint_ms,
        faults=[one for one in base.faults if liars or not isinstance(one, Lie)],
        moody=draws.happens(750_000),
        joiners=max(base.joiners, int(draws.happens(400_000))),
        leavers=max(base.leavers, int(draws.happens(250_000))),
        members_per_node=2 if draws.happens(250_000) else 1,
        waited_ppm=base.waited_ppm or 500_000 * callers.happens(250_000),
    )


def repeat_line(scenario: Scenario) -> str:
    """The command that repeats a run: by its profile when it is one, else from its file."""
    seed, nodes = scenario.seed, scenario.nodes
    if scenario.name in PROFILES:
        asked = (scenario.name, seed, nodes, scenario.duration_ms, scenario.statements)
        between_ms = scenario.checkpoint_ms
        if scenario_of(*asked, between_ms) == scenario:
            added = not PROFILES[scenario.name].checkpoint_ms and between_ms
            return (
                f"credimus sim --profile {scenario.name} --seed {seed} --nodes {nodes} "
                f"--duration {scenario.duration_ms}ms --statements {scenario.statements}"
            ) + (f" --checkpoints {between_ms}ms" if added else "")
    return f"credimus sim --scenario {scenario.name}.toml --seed {seed}"


def _usual(base: Scenario, nodes: int, duration_ms: int) -> int:
    """The cost of a statement grows with the square of the fleet: each vote goes to everybody."""
    for_the_time = max(1, base.statements * duration_ms // base.duration_ms)
    return min(for_the_time, 10 * base.statements, max(10, _VOTES_MAX // max(1, nodes * nodes)))


_VOTES_MAX = 200_000
"""Deliveries of votes that a run is planned with. [guess: a minute or two]"""
