"""Two further members that exist only as cores: they decide something while the node is away."""

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import BeliefId
from credimus.kernel.instant import Instant, Now
from credimus.node.commands import AdmitMember, AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.sync.interface import Blocks
from credimus.protocol.voting.interface import VotingConfig
from credimus.runtime.daemon import Daemon
from credimus.runtime.identity.credentials import NodeKey
from credimus.runtime.transport.interface import Received
from credimus.state.operations import Rules, Scheme

KEYS = [NodeKey(bytes([number]) * 32) for number in (1, 2)]
TIMEOUT_MS = 1


async def admit_them(daemon: Daemon) -> None:
    for key in KEYS:
        await daemon.driver.submit(AdmitMember(public_key=key.public, name="other")).local()


def decided_without(daemon: Daemon, content: str) -> tuple[BeliefId, int, list[Received]]:
    """A belief that the two decide, the moment (wall, ms) when its round ends, what they say."""
    node = daemon.node
    now = Now(Instant(0), wall_ms_of(node.clock.last) + 1)
    config = Config(voting=VotingConfig(timeout_ms=TIMEOUT_MS))
    one, other = (Node(node.fleet, [key], config, Entropy(b"elsewhere")) for key in KEYS)
    for each in (one, other):
        each.restore(block.wire for block in daemon.store.blocks())
    rules = Rules(scheme=Scheme.MAJORITY)
    written = one.execute(AssertBelief(content=content, rules=rules), now)
    proposed = _said(one, now)
    other.receive(one.id, proposed, now)
    assert written.belief is not None
    said = [(one.id, proposed), (other.id, _said(other, now))]
    return written.belief, now.wall_ms + TIMEOUT_MS, said


def _said(node: Node, now: Now) -> bytes:
    return encode(Blocks(tuple(block.wire for block in node.collect(now).persist)))
