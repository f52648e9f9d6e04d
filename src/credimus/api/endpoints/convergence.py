"""How long a block takes to reach all: what was measured here, and an estimate for any fleet; and
what dissemination counts, for the metrics."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from credimus.api.commands import urgency_of
from credimus.api.message import Request
from credimus.api.shapes.convergence import ConvergenceAsked, ConvergenceView, MeasuredItem
from credimus.node.node import Node
from credimus.protocol.dissemination.estimating import Topology, percentile_us
from credimus.protocol.dissemination.urgency import Urgency
from credimus.runtime.daemon import Daemon


def convergence(daemon: Daemon, asked: ConvergenceAsked, _: Request) -> ConvergenceView:
    """GET /v1/convergence: how long a block takes to reach all, measured and estimated."""
    return convergence_view(daemon.node, asked)


def convergence_view(node: Node, asked: ConvergenceAsked) -> ConvergenceView:
    """The view of a node."""
    spreading = node.spreading
    topology = None if asked.topology is None else Topology(asked.topology)
    return ConvergenceView(
        estimate=spreading.estimate(topology, asked.nodes, urgency_of(asked.urgency)),
        measured=[_measured(node, urgency) for urgency in reversed(Urgency)],
        unmeasured=spreading.convergence.unmeasured_count,
    )


def spreading_figures(node: Node) -> Iterator[Any]:
    """The metrics of dissemination."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    machine = node.spreading.machine
    yield GaugeMetricFamily(
        "credimus_overlay_neighbours",
        "Neighbours that blocks are spread to; 0 while they go to all",
        value=len(machine.overlay),
    )
    yield GaugeMetricFamily(
        "credimus_unheard_peers",
        "Peers that may not hear this node straight",
        value=len(machine.unheard),
    )
    for name, count in asdict(machine.counts).items():
        yield CounterMetricFamily(f"credimus_spread_{name}", _TEXTS[name], value=count)
    median = GaugeMetricFamily(
        "credimus_convergence_seconds",
        "Median time until all others were known to hold a block",
        labels=["urgency"],
    )
    for urgency in Urgency:
        took_us = percentile_us(node.spreading.convergence.measured(urgency), 50)
        if took_us is not None:
            median.add_metric([urgency.word], took_us / 1e6)
    yield median


def _measured(node: Node, urgency: Urgency) -> MeasuredItem:
    measured = node.spreading.convergence.measured(urgency)

    def ms(percent: int) -> float | None:
        took_us = percentile_us(measured, percent)
        return None if took_us is None else took_us / 1_000

    return MeasuredItem(
        urgency=urgency.word,
        count=len(measured),
        median_ms=ms(50),
        p90_ms=ms(90),
        p99_ms=ms(99),
    )


_TEXTS = {
    "pushed": "Blocks pushed to a neighbour",
    "extra": "Those of them beside the tree, for redundancy",
    "duplicates": "Blocks that were pushed here and held already",
    "announced": "Blocks announced to a neighbour",
    "unannounced": "Blocks not announced because too many announcements waited",
    "grafts": "Blocks asked for because only their announcement came",
    "prunes": "Trees that a neighbour was asked not to push",
    "relayed": "Messages passed on for others",
    "enveloped": "Own messages that went through relays",
    "relays_refused": "Relayed messages let go",
}
