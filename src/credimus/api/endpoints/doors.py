"""What a node says of its doors: whom it leaves alone for now, and what it has refused."""

import time
from collections.abc import Iterator
from typing import Any

from credimus.api.shapes.doors import BreakerItem, CategoryDoor, Doors
from credimus.kernel.hlc import stamp_of
from credimus.kernel.instant import MILLISECOND, Instant
from credimus.lace.allowance import burst_of, left_before
from credimus.node.node import Node
from credimus.node.showing.queries import name_of
from credimus.protocol.guard.machine import STRANGERS
from credimus.runtime.daemon import Daemon

_STATES = {"closed": 0, "half-open": 1, "open": 2}


def doors_view(daemon: Daemon) -> Doors:
    """The doors of a node."""
    return Doors(
        ignored=daemon.node.guard.ignored_count,
        refused=daemon.rates.refused_count,
        units_per_s_max=daemon.node.state.roster.units_per_s_max,
        units_left=_units_left(daemon),
        categories=_categories(daemon),
        breakers=breakers(daemon),
    )


def breakers(daemon: Daemon) -> list[BreakerItem]:
    """Every circuit breaker that was ever open: of peers, and of evaluators."""
    return [*_of_peers(daemon), *_of_evaluators(daemon)]


def open_breakers(daemon: Daemon) -> list[str]:
    """Who is left alone at this moment, or heard on parole."""
    return [f"{one.kind} {one.name}" for one in breakers(daemon) if one.state != "closed"]


def door_figures(daemon: Daemon) -> Iterator[Any]:
    """The doors as metrics."""
    from prometheus_client.core import (  # noqa: PLC0415 - loaded when first asked for
        CounterMetricFamily,
        GaugeMetricFamily,
    )

    yield CounterMetricFamily(
        "credimus_messages_ignored", "Messages of peers that were not looked at",
        value=daemon.node.guard.ignored_count,
    )  # fmt: skip
    yield CounterMetricFamily(
        "credimus_requests_limited", "Requests and writes refused by a rate limit",
        value=daemon.rates.refused_count,
    )  # fmt: skip
    states = GaugeMetricFamily(
        "credimus_breaker", "0 closed, 1 half open, 2 open", labels=["kind", "subject"]
    )
    opened = CounterMetricFamily(
        "credimus_breaker_opened", "How often a breaker opened", labels=["kind", "subject"]
    )
    for one in breakers(daemon):
        states.add_metric([one.kind, one.subject], _STATES[one.state])
        opened.add_metric([one.kind, one.subject], one.opened)
    yield states
    yield opened


def _of_peers(daemon: Daemon) -> Iterator[BreakerItem]:
    state = daemon.node.state
    for one in daemon.node.guard:
        known = one.peer != STRANGERS
        yield BreakerItem(
            kind="peer",
            subject=one.peer.hex() if known else "strangers",
            name=(name_of(state, one.peer) or one.peer.hex()[:12]) if known else "strangers",
            state=one.state.value,
            opened=one.opened_count,
            spared=one.ignored_count,
            left_ms=one.left_ms,
        )


def _of_evaluators(daemon: Daemon) -> Iterator[BreakerItem]:
    now = Instant(time.monotonic_ns())
    for one in () if daemon.asking is None else daemon.asking.counts:
        if one.breaker.opened_count:
            yield BreakerItem(
                kind="evaluator",
                subject=one.name,
                name=one.name,
                state=one.breaker.state.value,
                opened=one.breaker.opened_count,
                spared=one.spared_count,
                left_ms=one.breaker.left_ns(now) // MILLISECOND,
            )


def _units_left(daemon: Daemon) -> int | None:
    """What this node may still write at once; None without a limit."""
    node = daemon.node
    rate = node.state.roster.units_per_s_max
    if not rate:
        return None
    stamp = _stamp(node)
    left = left_before(node.authors[0].place, stamp, rate) // 1_000
    return max(0, min(left, burst_of(rate)))


def _categories(daemon: Daemon) -> list[CategoryDoor]:
    """What this node may still state of each limited category."""
    node = daemon.node
    limits, place = node.state.roster.category_limits, node.authors[0].place
    if limits is None:
        return []
    stamp = _stamp(node)
    marks = () if place is None else place.marks
    return [
        CategoryDoor(
            category=one.category,
            per_hour=one.per_hour,
            burst=one.burst,
            left=limits.left(marks, one.category, stamp),
        )
        for one in limits.limits
    ]


def _stamp(node: Node) -> int:
    """The stamp of a block that the node would write now."""
    return max(node.clock.last, stamp_of(time.time_ns() // MILLISECOND))
