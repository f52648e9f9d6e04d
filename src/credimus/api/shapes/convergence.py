"""What is asked and answered about convergence; light, for callers elsewhere."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from credimus.api.shapes.inputs import Input, UrgencyName
from credimus.protocol.dissemination.estimating import Estimate

TopologyName = Literal["full-mesh", "ring", "star", "random", "small-world"]
NODES_MAX = 1_000_000


class ConvergenceAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/convergence."""

    topology: TopologyName | None = None
    """As this fleet is when not given."""
    nodes: Annotated[int, Meta(ge=1, le=NODES_MAX)] | None = None
    """How many; as many as are there now when not given."""
    urgency: UrgencyName = "normal"
    """Of the blocks: it is fitted to what was measured of theirs."""


class MeasuredItem(msgspec.Struct, frozen=True, kw_only=True):
    """The last blocks of one urgency that carried proposals of this node."""

    urgency: str
    count: int
    """At most 1,000."""
    median_ms: float | None
    """From sealing to knowing that all others hold it, which their answers show; None of none."""
    p90_ms: float | None
    p99_ms: float | None


class ConvergenceView(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/convergence."""

    estimate: Estimate
    measured: list[MeasuredItem]
    unmeasured: int
    """Blocks of which it never became known that all hold them."""
