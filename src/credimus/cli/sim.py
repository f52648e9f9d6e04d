"""`credimus sim`: run a whole fleet from one seed, trouble it, and say what did not hold."""

import shlex
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter

from credimus.cli.options import AsJson, seconds_of
from credimus.cli.output import FAILED, OK, Outcome, say, table
from credimus.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credimus.sim.run import Report
    from credimus.sim.scenario import Scenario

_PROFILE = "storm"


def sim(
    *,
    profile: Annotated[
        str | None,
        Parameter(
            help="Kind of trouble: calm, lossy, partition, apart, reunions, lopsided, crowd, "
            "churn, absent, disk, recovery, checkpoints, rotation, tickets, clock, byzantine, "
            "slander, expulsion, deceit, flood, stacked or storm (most at once). Default: storm."
        ),
    ] = None,
    scenario: Annotated[Path | None, Parameter(help="A scenario in TOML, instead.")] = None,
    seed: Annotated[int | None, Parameter(help="The same seed gives the same run.")] = None,
    nodes: Annotated[int | None, Parameter(help="Computers that found the fleet.")] = None,
    duration: Annotated[
        str | None, Parameter(help="Virtual time under faults, such as 10m.")
    ] = None,
    statements: Annotated[
        int | None, Parameter(help="Groups of commands. Default: by duration and nodes.")
    ] = None,
    checkpoints: Annotated[
        str | None,
        Parameter(help="From checkpoint to checkpoint where the profile takes none, as 1500ms."),
    ] = None,
    shrink: Annotated[
        bool, Parameter(negative="", help="On a violation, look for a smaller scenario.")
    ] = False,
    out: Annotated[Path | None, Parameter(help="Write the scenario, or the smaller one.")] = None,
    output: AsJson = AsJson(),
) -> Outcome:
    """Run a fleet of real nodes in virtual time, under faults and then without.

    While the faults rage nothing may go wrong (safety); once they end the fleet must come to rest
    (liveness). What must hold is checked all the while. Exit code 1 when something did not, with
    the line that repeats it. The same scenario gives the same run on every machine.
    Example: credimus sim --profile storm --seed 7 --duration 20s
    """
    from credimus.sim.run import simulate

    asked = _Asked(seed, nodes, duration, statements, checkpoints)
    chosen = _chosen(profile, scenario, asked)
    began = time.perf_counter()
    with _progress("simulated") as told:
        report = simulate(chosen, told=told)
    data = _figures(report, time.perf_counter() - began)
    if scenario is not None:
        data["repeat"] = _from_file(scenario, asked)
    smaller = _shrunk(chosen, report) if shrink and report.violations else None
    kept = chosen if smaller is None else smaller[0]
    if smaller is not None:
        data["shrunk"] = _smaller_figures(*smaller)
    if out is not None:
        if smaller is not None:
            data["shrunk"]["repeat"] = _from_file(out, _Asked())
        from credimus.sim.scenario import write_scenario

        out.write_text(write_scenario(kept))
    code = FAILED if report.violations else OK
    return Outcome(data, lambda: _show(chosen, report, data), code)


class _Asked(NamedTuple):
    """What is asked for beside the profile or the file, as it was given."""

    seed: int | None = None
    nodes: int | None = None
    duration: str | None = None
    statements: int | None = None
    checkpoints: str | None = None


def _chosen(profile: str | None, path: Path | None, asked: _Asked) -> "Scenario":
    """The scenario that is asked for."""
    from credimus.sim.profiles import scenario_of
    from credimus.sim.scenario import altered, read_scenario

    seed, nodes, _, statements, _ = asked
    duration_ms = _ms(asked.duration, "duration")
    checkpoint_ms = _ms(asked.checkpoints, "checkpoints")
    if path is None:
        name = profile or _PROFILE
        return scenario_of(name, seed or 0, nodes, duration_ms, statements, checkpoint_ms or 0)
    if profile is not None:
        raise UsageError("usage", "give a profile or a scenario, not both")
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError("no-scenario", f"{path} can not be read: {problem}") from None
    given = {
        "seed": seed,
        "nodes": nodes,
        "duration_ms": duration_ms,
        "statements": statements,
        "checkpoint_ms": checkpoint_ms,
    }
    return altered(
        read_scenario(text), **{name: one for name, one in given.items() if one is not None}
    )


def _ms(words: str | None, option: str) -> int | None:
    return None if words is None else round(seconds_of(words, option) * 1_000)


def _from_file(path: Path, asked: _Asked) -> str:
    """The command that repeats a run of a scenario's file."""
    options = [
        f"--{name} {shlex.quote(str(one))}"
        for name, one in asked._asdict().items()
        if one is not None
    ]
    return " ".join(["credimus sim --scenario", shlex.quote(str(path)), *options])


def _shrunk(chosen: "Scenario", report: "Report") -> "tuple[Scenario, Report] | None":
    """A smaller scenario that breaks the same sentence, and what it came to."""
    from credimus.sim.shrink import TRIES_MAX, shrink

    with _progress("runs to shrink it") as told:
        heard = None if told is None else lambda count, _best: told(count, TRIES_MAX)
        return shrink(chosen, report.violations[0].checker, told=heard)


def _figures(report: "Report", wall_s: float) -> dict[str, Any]:
    import msgspec

    data: dict[str, Any] = msgspec.to_builtins(report)
    data["wall_s"] = round(wall_s, 3)
    data["node_seconds_per_s"] = round(report.node_s / wall_s, 1)
    return data


def _smaller_figures(scenario: "Scenario", report: "Report") -> dict[str, Any]:
    from credimus.sim.scenario import write_scenario

    first = report.violations[0]
    return {
        "scenario": write_scenario(scenario),
        "checker": first.checker,
        "message": first.message,
        "trace_fingerprint": report.trace_fingerprint,
        "repeat": report.repeat,
    }


def _show(chosen: "Scenario", report: "Report", data: dict[str, Any]) -> None:
    say(
        f"{chosen.name}, seed {chosen.seed}: {chosen.nodes} nodes, {chosen.statements} statements, "
        f"{chosen.duration_ms / 1_000:g} s under faults\n"
    )
    rows = [
        (
            f"{one.until_s:.1f}",
            ", ".join(f"{n} {what}" if n > 1 else what for what, n in one.happened.items()),
            str(one.up),
            f"{one.decided}/{one.beliefs}",
            str(one.views),
        )
        for one in report.timeline
    ]
    table("", ("until s", "what happened", "up", "decided", "views"), rows)
    say("")
    names = ("healed_s", "virtual_s", "messages", "bytes", "strikes", "crashes", "disks_replaced")
    figures = [(name, str(data[name])) for name in (*names, "fingerprint", "trace_fingerprint")]
    table("", (), [*figures, ("node-seconds per s", str(data["node_seconds_per_s"]))])
    say("\neverything held" if not report.violations else "")
    for violation in report.violations[:10]:
        say(f"{violation.checker} at {violation.at_ns / 1e9:.3f} s: {violation.message}")
    if report.violations:
        say(f"repeat: {data['repeat']}")
    if "shrunk" in data:
        say(f"\nsmaller, and still breaks {data['shrunk']['checker']}:\n")
        say(data["shrunk"]["scenario"])
        say(f"repeat: {data['shrunk']['repeat']}")


@contextmanager
def _progress(what: str) -> "Iterator[Callable[[int, int], None] | None]":
    """A bar on stderr for who watches; a line now and then for who reads a log."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)
