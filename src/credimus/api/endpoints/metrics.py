"""GET /metrics: what the node counts anyway, in the text form of Prometheus."""

from collections.abc import Iterator
from typing import Any

from credimus.api.endpoints.convergence import spreading_figures
from credimus.api.endpoints.doors import door_figures
from credimus.api.endpoints.partitions import partition_figures
from credimus.api.endpoints.violations import conduct_figures
from credimus.api.message import Answer, Request
from credimus.api.views.peers import peer_figures
from credimus.node.node import Node
from credimus.node.showing.queries import faults_of, round_counts
from credimus.runtime.daemon import Daemon
from credimus.runtime.evaluating.asking import Asking


def metrics(daemon: Daemon, _: None, __: Request) -> Answer:
    """GET /metrics: the node's figures for Prometheus.

    The library is loaded when they are first asked for.
    """
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(daemon))
    return Answer(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def figures(daemon: Daemon) -> Iterator[Any]:
    """Every metric of a node, as Prometheus's families."""
    return _Figures(daemon).collect()


class _Figures:
    """Reads a daemon's counts when it is scraped."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def collect(self) -> Iterator[Any]:
        """Every metric, once."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        daemon = self._daemon
        node, counts = daemon.node, daemon.links.counts
        gauges = (
            ("blocks", "Blocks held", len(node.lace)),
            ("orphans", "Blocks that wait for others", node.orphan_count),
            ("members", "Members in the roster", len(node.state.roster.current)),
            ("neighbours", "Peers connected now", len(daemon.links.neighbours())),
            ("beliefs", "Beliefs known", len(node.state.beliefs)),
            ("checkpoint", "Number of the last checkpoint", node.state.checkpoints.number),
            ("blocks_to_drop", "Blocks still to be dropped", len(daemon.driver.pruning.gone)),
            ("streams", "Callers who follow the events", daemon.streams.count),
            ("recovering", "1 while the node recovers", int(node.recovery.is_busy)),
            (
                "recovery_holding",
                "1 while it writes nothing, because of a damaged store",
                int(node.recovery.is_holding),
            ),
            ("writing", "1 while the store takes writes", int(daemon.driver.failure is None)),
        )
        for name, text, value in gauges:
            yield GaugeMetricFamily(f"credimus_{name}", text, value=value)
        totals = (
            ("steps", "Steps of the core", daemon.driver.step_count),
            ("streams_cut", "Callers whose stream was ended: too slow", daemon.streams.cut_count),
            ("messages_sent", "Messages sent to peers", counts.sent),
            ("messages_received", "Messages received from peers", counts.received),
            ("sent_bytes", "Bytes sent to peers", counts.sent_bytes),
            ("received_bytes", "Bytes received from peers", counts.received_bytes),
            (
                "messages_dropped",
                "Messages let go because an inbox was full",
                counts.dropped + daemon.driver.inbox_dropped_count,
            ),
        )
        for name, text, value in totals:
            yield CounterMetricFamily(f"credimus_{name}", text, value=value)
        rounds = GaugeMetricFamily("credimus_rounds", "Rounds by verdict", labels=["verdict"])
        for verdict, count in round_counts(node.state).items():
            rounds.add_metric([verdict], count)
        yield rounds
        faults = CounterMetricFamily("credimus_faults", "Faults of peers", labels=["peer", "code"])
        for peer, code, count in faults_of(node):
            faults.add_metric([peer.hex(), code], count)
        yield faults
        yield from peer_figures(node)
        yield from spreading_figures(node)
        yield from _deliveries(node)
        yield from partition_figures(node)
        yield from door_figures(daemon)
        yield from conduct_figures(daemon)
        if daemon.asking is not None:
            yield from _evaluations(daemon.asking)


def _deliveries(node: Node) -> Iterator[Any]:
    """What became of messages of applications."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    delivery = node.delivery
    gauges = (
        ("outbox", "Messages of this node's application that are not settled", delivery.open_count),
        ("inbox", "Messages that wait for this node's application", delivery.waiting_count),
    )
    for name, text, value in gauges:
        yield GaugeMetricFamily(f"credimus_application_{name}", text, value=value)
    counts = delivery.counts
    for name, text, value in (
        ("posted", "Messages that this node's application sent", counts.posted),
        ("sendings", "Copies of these that went out, repetitions included", counts.sendings),
        ("done", "Copies of these that receivers finished", counts.done),
        ("unacknowledged", "Copies of these that were given up", counts.unacknowledged),
        ("arrived", "Messages of others that were let in", counts.arrived),
        ("repeated", "Further copies of these, not handed out again", counts.repeated),
        ("finished", "Messages of others that this node's application finished", counts.finished),
        ("overloaded", "Messages of others for which there was no room", counts.overloaded),
        ("strange", "Messages and answers for others, or of no member", counts.strange),
    ):
        yield CounterMetricFamily(f"credimus_application_messages_{name}", text, value=value)


def _evaluations(asking: Asking) -> Iterator[Any]:
    """What became of the questions to slow evaluators."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    states = GaugeMetricFamily(
        "credimus_evaluations", "Questions to slow evaluators, now", labels=["state"]
    )
    states.add_metric(["waiting"], asking.waiting_count)
    states.add_metric(["running"], asking.running_count)
    yield states
    lost = CounterMetricFamily(
        "credimus_evaluations_lost", "Questions that came to no vote", labels=["cause"]
    )
    lost.add_metric(["overflow"], asking.overflow_count)
    lost.add_metric(["late"], asking.late_count)
    lost.add_metric(["uncast"], asking.uncast_count)
    yield lost
    outcomes = CounterMetricFamily(
        "credimus_evaluator_outcomes", "Outcomes of asking", labels=["evaluator", "outcome"]
    )
    for one in asking.counts:
        outcomes.add_metric([one.name, "answered"], one.answered_count)
        outcomes.add_metric([one.name, "left"], one.left_count)
        for code, count in sorted(one.failures.items()):
            outcomes.add_metric([one.name, code], count)
    yield outcomes
