"""A replay on real processes: the same plan as in virtual time, over mutual TLS and real disks."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from credimus.harness.local_fleet import LocalFleet
from credimus.kernel.errors import InternalError
from credimus.sim.replay.plan import Outcome, ReplayOptions, ReplayPlan, ReplayReport
from credimus.state.voting.verdict import Verdict


def replay_on_processes(
    answers: Path,
    truth: Path | None = None,
    options: ReplayOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """Let the workers of a file decide about its items, spread over node processes.

    Args:
        answers, truth: CSV files, see `credimus.sim.replay.answers`.
        progress: told how many items have all their votes on every node, and of how many.

    Raises:
        UsageError: a file or option is wrong; see `ReplayPlan`.
        InternalError: `node-died`, `replay-stuck`.
    """
    began = time.perf_counter()
    options = options or ReplayOptions()
    plan = ReplayPlan(answers, truth, options)
    hosted = [[plan.seeds[name] for name in plan.workers_at(node)] for node in range(options.nodes)]
    job = {"answers": str(answers.absolute()), "options": msgspec.to_builtins(options)}
    with LocalFleet(
        "credimus.harness.replay_node", options.nodes, voting=plan.voting, hosted=hosted, job=job
    ) as fleet:
        total = len(plan.contents)
        for first, last in plan.chunks():
            order = {"first": first, "last": last}
            if not all(one["voted"] for one in fleet.ask([order] * options.nodes)):
                raise InternalError("replay-stuck", "not every vote came to every node in time")
            if progress:
                progress(last, total)
        ends = fleet.ask([{"end": True}] * options.nodes)
    outcome = Outcome(
        verdicts={item: Verdict(rank) for item, rank in ends[0]["verdicts"].items()},
        credences=ends[0]["credences"],
        fingerprints=tuple(one["fingerprint"] for one in ends),
        blocks=ends[0]["blocks"],
        messages=sum(one["messages"] for one in ends),
    )
    return plan.report(outcome, time.perf_counter() - began)
