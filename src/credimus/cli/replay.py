"""`credimus replay`: let the workers of a crowd-labelling file decide about its items."""

import csv
import io
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from credimus.cli.options import AsJson
from credimus.cli.output import FAILED, OK, Outcome, complain, say, table
from credimus.cli.progress import progress

if TYPE_CHECKING:
    from credimus.sim.replay.plan import ReplayReport


Scheme = Annotated[
    Literal["majority", "supermajority", "byzantine", "turnout", "credence"] | None,
    Parameter(help="How much decides: credence by skill, else majority, if not given."),
]
Aggregation = Annotated[
    Literal["equal", "confidence", "weighted", "reputation", "skill"],
    Parameter(help="What a vote is worth; weighted is confidence."),
]
Reevaluate = Annotated[
    bool,
    Parameter(negative="", help="Report what all answers together show, not the first verdicts."),
]
Independence = Annotated[
    bool, Parameter(negative="", help="By skill: workers who answer alike share one voice.")
]
OrderSeed = Annotated[
    int | None, Parameter(help="Draws another order of the items than the file's.")
]


def replay(
    answers: Annotated[Path, Parameter(help="CSV: item (or task), worker, label 1, 0 or -1.")],
    *,
    truth: Annotated[Path | None, Parameter(help="CSV: item (or task), label.")] = None,
    scheme: Scheme = None,
    aggregation: Aggregation = "equal",
    reevaluate: Reevaluate = False,
    independence: Independence = False,
    order_seed: OrderSeed = None,
    nodes: Annotated[int, Parameter(help="Replicas, 1 to 64.")] = 5,
    seed: Annotated[int, Parameter(help="The same seed gives the same run.")] = 0,
    out: Annotated[
        Path | None, Parameter(help="Write item, verdict and, reevaluated, credence there.")
    ] = None,
    processes: Annotated[
        bool, Parameter(negative="", help="Real node processes, mutual TLS and disks.")
    ] = False,
    strict: Annotated[bool, Parameter(negative="", help="End at the first bad line.")] = False,
    output: AsJson = AsJson(),
) -> Outcome:
    """Decide a crowd's answers with the real core, and compare with the truth.

    Each worker is a member with its own key, each item a belief; the electorate of an item is the
    workers who answered it. In virtual time in this process, or with --processes on real nodes
    over which the workers are spread. Bad lines are left out and reported.
    Example: credimus replay answers.csv --truth truth.csv --out verdicts.csv
    """
    from credimus.sim.replay.plan import ReplayOptions
    from credimus.sim.replay.replay import replay

    options = ReplayOptions(
        scheme=scheme,
        aggregation=aggregation,
        nodes=nodes,
        seed=seed,
        order_seed=order_seed,
        reevaluate=reevaluate,
        independence=independence,
        strict=strict,
    )
    with progress("items") as told:
        if processes:
            from credimus.harness.replay import replay_on_processes

            report = replay_on_processes(answers, truth, options, told)
        else:
            report = replay(answers, truth, options, time.perf_counter, told)
    for bad in report.bad_lines:
        complain(f"line {bad.line} left out: it {bad.reason}")
    if out is not None:
        _write(out, report)
    figures = _figures(report)
    return Outcome(figures, lambda: _show(figures, out), OK if report.agree else FAILED)


def _figures(report: "ReplayReport") -> dict[str, Any]:
    import msgspec

    built: dict[str, Any] = msgspec.to_builtins(report)
    del built["verdicts"], built["credences"]
    return {**built, "agree": report.agree}


def _show(figures: dict[str, Any], out: Path | None) -> None:
    rows = [
        (name, f"{value:.4f}" if isinstance(value, float) else str(value))
        for name, value in figures.items()
        if not isinstance(value, list | tuple) and value is not None
    ]
    table("", (), [*rows, ("fingerprint", figures["fingerprints"][0])])
    if out is not None:
        say(f"verdicts in {out}")


def _write(path: Path, report: "ReplayReport") -> None:
    from credimus.runtime.identity.credentials import write_file

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("item", "verdict", "credence") if report.reevaluated else ("item", "verdict"))
    for item, verdict in report.verdicts.items():
        credence = [f"{report.credences[item]:.6f}"] if report.reevaluated else []
        writer.writerow((item, verdict, *credence))
    write_file(path, text.getvalue().encode())
