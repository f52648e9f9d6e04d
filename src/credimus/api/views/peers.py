"""Who can be reached, as the status and the metrics show it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from credimus.api.shapes.answers import PeerItem
from credimus.node.node import Node
from credimus.node.showing.queries import name_of
from credimus.protocol.membership.interface import Status


def peers_view(node: Node) -> list[PeerItem]:
    """The other members, in order of id."""
    return [
        PeerItem(
            id=one.peer.hex(),
            name=name_of(node.state, one.peer),
            status=one.word,
            incarnation=one.incarnation,
            rtt_us=one.trip_us_median,
            rtt_us_p90=one.trip_us_p90,
            through_others=one.through,
        )
        for one in node.membership.snapshot()
    ]


def peer_figures(node: Node) -> Iterator[Any]:
    """The metrics of membership."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    peers = node.membership.snapshot()
    counts = Counter(one.word for one in peers)
    statuses = GaugeMetricFamily("credimus_peers", "Other members, now", labels=["status"])
    for word in ("unknown", *(status.word for status in Status)):
        statuses.add_metric([word], counts[word])
    yield statuses
    trips = GaugeMetricFamily(
        "credimus_probe_rtt_seconds", "Median round trip of a peer's last answers", labels=["peer"]
    )
    for one in peers:
        if one.trip_us_median is not None:
            trips.add_metric([one.peer.hex()], one.trip_us_median / 1e6)
    yield trips
    for name, count in asdict(node.membership.counts).items():
        yield CounterMetricFamily(f"credimus_membership_{name}", _TEXTS[name], value=count)


_TEXTS = {
    "probes": "Members probed",
    "unanswered": "Probes that brought no answer on any way",
    "suspicions": "Times that a member came to be suspected",
    "deaths": "Times that a suspected member did not refute",
    "refutations": "Times that this node was suspected and refuted it",
    "late": "Steps of this node that came late",
}
