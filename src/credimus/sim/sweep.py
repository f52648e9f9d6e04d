"""Seeds times profiles: `python -m credimus.sim.sweep --seeds 20`."""

import argparse
import itertools
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from credimus.kernel.errors import UsageError
from credimus.sim.profiles import PROFILES, profile_named, scenario_of
from credimus.sim.run import Report, simulate


def sweep(
    seeds: Iterable[int],
    profiles: Sequence[str],
    nodes: int | None = None,
    statements: int | None = None,
    checkpoint_ms: int = 0,
    jobs: int = 1,
) -> Iterator[Report]:
    """The report of every seed under every profile, in this order, as they come.

    Args:
        nodes: founding nodes; None for as many as each profile has.
        statements: groups of commands; None for as many as each profile has.
        checkpoint_ms: from checkpoint to checkpoint where a profile takes none; 0 for none.
        jobs: processes that simulate, each one run at a time; with 1, this one does.
    """
    runs = itertools.product(seeds, profiles)
    simulated = partial(_simulated, nodes=nodes, statements=statements, checkpoint_ms=checkpoint_ms)
    if jobs == 1:
        yield from map(simulated, runs)
        return
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))
    try:
        yield from pool.map(simulated, runs)
    finally:
        pool.shutdown(cancel_futures=True)


def _simulated(
    run: tuple[int, str], nodes: int | None, statements: int | None, checkpoint_ms: int
) -> Report:
    seed, profile = run
    return simulate(scenario_of(profile, seed, nodes, None, statements, checkpoint_ms))


def main(
    arguments: Sequence[str] | None = None, write: Callable[[str], object] | None = None
) -> int:
    """Sweep and tell; returns 1 when anything did not hold."""
    write = write or sys.stdout.write
    parser = argparse.ArgumentParser(prog="credimus.sim.sweep", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds (10)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--profiles", default=",".join(PROFILES), help="comma-separated (all)")
    parser.add_argument("--nodes", type=int, help="founding nodes (as the profile says)")
    parser.add_argument("--statements", type=int, help="groups of commands (as the profile says)")
    parser.add_argument(
        "--checkpoint-ms", type=int, default=0, help="take checkpoints in all profiles (0: no)"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="runs at a time (as many as processors)",
    )
    parser.add_argument("--quiet", action="store_true", help="show failures and the end only")
    asked = parser.parse_args(arguments)
    try:
        profiles = [profile_named(name).name for name in asked.profiles.split(",")]
    except UsageError as problem:
        parser.error(problem.message)
    if asked.jobs < 1:
        parser.error("--jobs is the number of runs at a time: at least 1")
    run_count = failed_count = decided_count = 0
    virtual_s = 0.0
    seeds = range(asked.first, asked.first + asked.seeds)
    jobs = min(asked.jobs, max(1, len(seeds) * len(profiles)))
    for report in sweep(seeds, profiles, asked.nodes, asked.statements, asked.checkpoint_ms, jobs):
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
