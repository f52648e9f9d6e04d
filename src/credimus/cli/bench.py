"""Commands that measure: bench decide, bench http, bench orset, bench maelstrom, and others."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from credimus.cli.options import AsJson
from credimus.cli.output import FAILED, OK, Outcome, complain, table


def decide(
    *,
    nodes: Annotated[int, Parameter(help="Processes, 1 to 50.")] = 5,
    in_flight: Annotated[int, Parameter(help="Beliefs under way at once.")] = 64,
    seconds: Annotated[float, Parameter(help="Length of the measured phase.")] = 5.0,
    link: Literal["tls", "quic", "tcp"] = "tls",
    output: AsJson = AsJson(),
) -> Outcome:
    """Measure decided beliefs per second on real processes, links and disks.

    Example: credimus bench decide --nodes 5 --in-flight 64 --seconds 5
    """
    from credimus.bench.decide import bench_decide

    figures = bench_decide(nodes, in_flight, seconds, link, complain)
    return Outcome(figures, lambda: _show(figures), OK if figures["agree"] else FAILED)


def http(
    *,
    connections: Annotated[int, Parameter(help="Requests under way at once.")] = 32,
    seconds: Annotated[float, Parameter(help="Length of each phase.")] = 3.0,
    output: AsJson = AsJson(),
) -> Outcome:
    """Measure requests per second that one node answers over HTTP on loopback.

    Example: credimus bench http --seconds 3
    """
    from credimus.bench.http_load import bench_http

    figures = bench_http(seconds, connections)
    return Outcome(figures, lambda: _show_phases(figures))


def orset(
    *,
    size: Annotated[int, Parameter(help="Elements of the set.")] = 100_000,
    output: AsJson = AsJson(),
) -> Outcome:
    """Measure the OR-Set: speed, bytes, memory.

    Example: credimus bench orset --size 100000
    """
    from credimus.bench.orset import bench_orset

    figures = bench_orset(size)
    return Outcome(figures, lambda: _show(figures))


def maelstrom(
    *,
    mode: Annotated[
        Literal["efficient", "fast"], Parameter(help="Fewer messages, or sooner everywhere.")
    ] = "fast",
    nodes: Annotated[int, Parameter(help="Nodes of the fleet.")] = 25,
    latency: Annotated[int, Parameter(help="Of each link, in ms.")] = 100,
    rate: Annotated[int, Parameter(help="Requests per second of all clients.")] = 100,
    seconds: Annotated[int, Parameter(help="Length of the load, in virtual time.")] = 20,
    partitions: Annotated[bool, Parameter(negative="", help="Split the fleet twice.")] = False,
    seed: Annotated[int, Parameter(help="The same seed gives the same run.")] = 0,
    output: AsJson = AsJson(),
) -> Outcome:
    """Measure broadcast in virtual time: messages per operation, and the time until all have it.

    Exit code 1 when an acknowledged value is not in every final read.
    Example: credimus bench maelstrom --mode efficient --seconds 2
    """
    from credimus.bench.maelstrom import Trial, bench_maelstrom
    from credimus.maelstrom.modes import Mode

    trial = Trial(
        mode=Mode[mode.upper()], nodes=nodes, latency_ms=latency, rate=rate, seconds=seconds,
        partitions=partitions, seed=seed,
    )  # fmt: skip
    figures = bench_maelstrom(trial)
    return Outcome(
        figures, lambda: _show(figures), FAILED if figures["lost"] or figures["invented"] else OK
    )


def certificate(
    *,
    nodes: Annotated[int, Parameter(help="Processes, 1 to 50.")] = 5,
    in_flight: Annotated[int, Parameter(help="Beliefs under way at once, when busy.")] = 64,
    seconds: Annotated[float, Parameter(help="Length of each phase.")] = 3.0,
    joined: Annotated[
        Literal["together", "tickets"],
        Parameter(help="How members were admitted; from five on, one then vouches for all."),
    ] = "together",
    output: AsJson = AsJson(),
) -> Outcome:
    """Measure the size of certificates, of a fleet that idles and of one that is busy.

    Example: credimus bench certificate --nodes 5
    """
    from credimus.bench.certificate import bench_certificate

    figures = bench_certificate(nodes, in_flight, seconds, complain, joined)
    return Outcome(figures, lambda: _show(figures))


def _show(figures: dict[str, Any]) -> None:
    rows = [(name, _figure(value)) for name, value in figures.items() if not _nested(value)]
    rows += [
        (f"time: {name}", f"{share:.1%}") for name, share in figures.get("time_shares", {}).items()
    ]
    table("", ("figure", "value"), rows)


def _show_phases(figures: dict[str, Any]) -> None:
    phases = {name: found for name, found in figures.items() if _nested(found)}
    columns = ("requests", *next(iter(phases.values())))
    rows = [(name, *(_figure(one) for one in found.values())) for name, found in phases.items()]
    table("", columns, rows)


def _nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def _figure(value: Any) -> str:
    return (
        f"{value:,.4g}"
        if isinstance(value, float) and value < 1_000
        else f"{value:,}"
        if (isinstance(value, int | float) and not isinstance(value, bool))
        else str(value)
    )
