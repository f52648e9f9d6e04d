"""`credimus convergence`: how long a block takes to reach all, measured and estimated."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common
from credimus.cli.output import Outcome, say, table

Shape = Literal["full-mesh", "ring", "star", "random", "small-world"]
OfUrgency = Annotated[Literal["critical", "normal", "low"], Parameter(help="Of the blocks.")]


def convergence(
    *,
    topology: Annotated[Shape | None, Parameter(help="As the fleet is, if not given.")] = None,
    nodes: Annotated[int | None, Parameter(help="As many as are there, if not given.")] = None,
    urgency: OfUrgency = "normal",
    common: Common = Common(),
) -> Outcome:
    """Show how long a block takes to reach all, and estimate it for another fleet.

    The estimate is a formula fitted to what this node has measured of blocks of that urgency; its
    error is shown.
    Example: credimus convergence --topology ring --nodes 50
    """
    client = Client(home_of(common.home))
    found = client.get("/v1/convergence", topology=topology, nodes=nodes, urgency=urgency)
    return Outcome(found, lambda: _show(found))


def _show(found: dict[str, Any]) -> None:
    one = found["estimate"]
    say(
        f"expected {one['expected_ms']:.1f} ms for {one['nodes']} nodes in a {one['topology']}, "
        f"{one['urgency']} urgency, "
        f"19 of 20 times {one['low_ms']:.1f} to {one['high_ms']:.1f} ms"
    )
    say(
        f"{one['delay_factor']:.3f} x (base {one['base_ms']} ms + network "
        f"{one['network_delay_ms']:.1f} ms) + {one['merge_factor']:.3f} x merging "
        f"{one['merge_ms']:.1f} ms"
    )
    if one["error_ms"] is None:
        say("Nothing of it was measured yet: the factors are 1, the range is half to twice.")
    else:
        say(
            f"off by {one['error_ms']:.1f} ms on average ({one['error_percent']:.0f} %) over "
            f"{one['measured_count']} measured blocks"
        )
    rows = [
        (row["urgency"], str(row["count"]), *(_ms(row[name]) for name in _PERCENTILES))
        for row in found["measured"]
    ]
    table("", ("urgency", "measured", "median", "p90", "p99"), rows)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"


_PERCENTILES = ("median_ms", "p90_ms", "p99_ms")
