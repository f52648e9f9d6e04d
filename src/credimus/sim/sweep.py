"""Seeds times profiles: `python -m credimus.sim.sweep --seeds 20`."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from credimus.kernel.errors import UsageError
from credimus.sim.profiles import PROFILES, profile_named, scenario_of
from credimus.sim.run import Report, simulate
from credimus.sim.scenario import altered


def sweep(
    seeds: Iterable[int],
    profiles: Sequence[str],
    nodes: int = 5,
    statements: int = 60,
    checkpoint_ms: int = 0,
) -> Iterator[Report]:
    """The report of every seed under every profile, as they come.

    Args:
        checkpoint_ms: from checkpoint to checkpoint where a profile takes none; 0 for none.
    """
    for seed in seeds:
        for profile in profiles:
            made = scenario_of(profile, seed, nodes, statements=statements)
            if checkpoint_ms and not made.checkpoint_ms:
                made = altered(made, checkpoint_ms=checkpoint_ms)
            yield simulate(made)


def main(
    arguments: Sequence[str] | None = None, write: Callable[[str], object] | None = None
) -> int:
    """Sweep and tell; returns 1 when anything did not hold."""
    write = write or sys.stdout.write
    parser = argparse.ArgumentParser(prog="credimus.sim.sweep", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds (10)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--profiles", default=",".join(PROFILES), help="comma-separated (all)")
    parser.add_argument("--nodes", type=int, default=5, help="founding nodes (5)")
    parser.add_argument("--statements", type=int, default=60, help="groups of commands (60)")
    parser.add_argument(
        "--checkpoint-ms", type=int, default=0, help="take checkpoints in all profiles (0: no)"
    )
    parser.add_argument("--quiet", action="store_true", help="show failures and the end only")
    asked = parser.parse_args(arguments)
    try:
        profiles = [profile_named(name).name for name in asked.profiles.split(",")]
    except UsageError as problem:
        parser.error(problem.message)
    run_count = failed_count = decided_count = 0
    virtual_s = 0.0
    seeds = range(asked.first, asked.first + asked.seeds)
    for report in sweep(seeds, profiles, asked.nodes, asked.statements, asked.checkpoint_ms):
        run_count += 1
        failed_count += bool(report.violations)
        decided_count += report.decided
        virtual_s += report.node_s
        if report.violations or not asked.quiet:
            write(report.line + "\n")
        for violation in report.violations[:5]:
            write(
                f"    {violation.checker} at {violation.at_ns / 1e9:.3f} s: {violation.message}\n"
            )
        if report.violations:
            write(f"    repeat: {report.repeat}\n")
    write(
        f"{run_count} runs, {failed_count} failed, {decided_count} beliefs decided, "
        f"{virtual_s:.0f} simulated node-seconds\n"
    )
    return 1 if failed_count else 0


if __name__ == "__main__":
    sys.exit(main())
