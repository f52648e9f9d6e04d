"""GET /v1/checkpoints: what the fleet let go, when, and who signed for it."""

from collections.abc import Sequence

import msgspec

from credimus.api.message import Request
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import NodeId
from credimus.node.node import Node
from credimus.node.showing.queries import name_of
from credimus.runtime.daemon import Daemon
from credimus.state.keeping.checkpoints import Checkpoint


class ReleasedView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one checkpoint let go of the state."""

    beliefs: int
    rounds: int
    assertions: int
    other: int
    """Words about rounds that nobody opened, and retractions."""
    root: str
    """Merkle root over the sorted ids of those beliefs and rounds, in hex."""


class HeadView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last block of a chain below the cut."""

    author: str
    name: str
    sequence: int
    block: str


class CheckpointItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A certified checkpoint that is in force."""

    id: str
    number: int
    at_ms: int
    """Its own time: the greatest stamp below its cut, as Unix milliseconds."""
    retention_ms: int
    released: ReleasedView
    cut: list[HeadView]
    """Of the last one; empty for those before it."""
    witnesses: list[str]
    """Who certifies the last one, by their signatures; empty for those before it."""


def checkpoints(daemon: Daemon, _: None, __: Request) -> list[CheckpointItem]:
    """GET /v1/checkpoints: what was let go, when, and who signed for it; newest first."""
    node = daemon.node
    told = list(node.state.checkpoints)
    ids = [one.base for one in told[1:]] + [node.state.checkpoints.id] * bool(told)
    items = [_item(node, one, identifier) for one, identifier in zip(told, ids, strict=True)]
    return items[::-1]


def _item(node: Node, one: Checkpoint, identifier: bytes) -> CheckpointItem:
    newest = identifier == node.state.checkpoints.id
    witnesses: Sequence[NodeId] = node.compacting.witnesses if newest else ()
    gone = one.released
    return CheckpointItem(
        id=identifier.hex(),
        number=one.number,
        at_ms=wall_ms_of(one.stamp),
        retention_ms=one.retention_ms,
        released=ReleasedView(
            beliefs=gone.beliefs,
            rounds=gone.rounds,
            assertions=gone.assertions,
            other=gone.other,
            root=gone.root.hex(),
        ),
        cut=[
            HeadView(
                author=head.author.hex(),
                name=name_of(node.state, head.author),
                sequence=head.sequence,
                block=head.block.hex(),
            )
            for head in one.cut
        ],
        witnesses=[member.hex() for member in witnesses],
    )
