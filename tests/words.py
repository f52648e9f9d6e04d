"""Words on checkpoints that say nothing true: what is said of them is folded all the same."""

from collections.abc import Sequence

import msgspec

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import NodeId
from credimus.lace.block import Block
from credimus.lace.frontier import CutHead
from credimus.state.keeping.checkpoints import checkpoint_id
from credimus.state.keeping_operations import Attest, Certify


def word(stream: Stream, members: Sequence[NodeId], genesis: Block) -> Attest | Certify:
    """An attestation or a certification, of one of few checkpoints and attempts."""
    base, count = stream.choose(((b"", 4), (b"", 1), (b"?" * 32, 3)))
    cut = (CutHead(members[0], 1, genesis.header.stamp, 0, genesis.id),)
    said = Attest(base, 0, cut, tuple(sorted(members[:count])), 86_400_000, bytes(32))
    attempt = stream.below(2)
    if stream.happens(500_000):
        return msgspec.structs.replace(said, attempt=attempt)
    return Certify(base, attempt, checkpoint_id(said))
