"""What dissemination says to peers, what it listens to, what it tells, and what it looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Protocol, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.ids import ID_BYTES, BlockId, NodeId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.protocol.dissemination.urgency import Strategy, Urgency, seed_strategies


class DisseminationConfig(msgspec.Struct, frozen=True, kw_only=True):
    """When an overlay is used, how wide it is, how blocks travel on it, and how far relays go."""

    direct_count_max: int = limits.SMALL_FLEET_MAX
    """Nodes up to which every block is pushed straight to all. Range 1 and up. [guess: one hop, and
    one copy to each, as long as a node can send to all]"""
    degree_min: int = 6
    """Neighbours below which more are sought at once. [design: 6 to 10]"""
    degree_wanted: int = 8
    """Neighbours that a node seeks. Range degree_min to degree_max. [guess: the middle]"""
    degree_max: int = 10
    """Neighbours that a node never exceeds. [design: 6 to 10]"""
    look_period_ns: int = SECOND
    """Between two looks who is there. Range above 0. [guess: as beacons]"""
    keep_period_ns: int = 6 * SECOND
    """Between two signs of life to each neighbour. [guess: who is dead is known sooner anyway]"""
    silence_ns: int = 20 * SECOND
    """A neighbour that was silent so long is one no more. [guess: three signs of life lost]"""
    ask_ns: int = 500 * MILLISECOND
    """How long an answer to a request to be neighbours is waited for. [guess]"""
    avoid_ns: int = 5 * SECOND
    """How long nobody is asked again who declined, left or did not answer. [guess]"""
    grafts_max: int = 4
    """Announcers asked for one block; then it is left to sync. [guess]"""
    nearer_hops: int = 3
    """An announcer by so many hops nearer to the author takes the place of the parent. [paper:
    Plumtree, 3.8; 7 there, for trees that all authors share]"""
    forward_count_max: int = 64
    """Blocks taken at once that are passed on; more are catching up, and others have them. [guess]
    """
    push_ppm: int = 700_000
    """With which chance the selection `probabilistic` takes a neighbour. [seed]"""
    pull_ppm: int = 500_000
    """With which chance a node pulls from a random member with each look. [seed]"""
    relay_ppm: int = 800_000
    """With which chance what is critical takes a second, disjoint way through relays. [seed]"""
    relay_hops_max: int = 4
    """Nodes that a relayed message passes at most, its target included. Range 2 to 8. [guess]"""
    relay_life_ms: int = 2_000
    """A relayed message is let go when the clock of a node on its way shows that it is older.
    [guess: by then sync has brought it]"""
    critical: Strategy = seed_strategies()[Urgency.CRITICAL]
    normal: Strategy = seed_strategies()[Urgency.NORMAL]
    low: Strategy = seed_strategies()[Urgency.LOW]

    def __post_init__(self) -> None:
        if not 2 <= self.degree_min <= self.degree_wanted <= self.degree_max:
            raise ValueError("degree_min, degree_wanted, degree_max: from 2, in this order")
        if self.degree_max > limits.NEIGHBOURS_MAX:
            raise ValueError(f"degree_max: at most {limits.NEIGHBOURS_MAX}")
        if not 2 <= self.relay_hops_max <= limits.RELAY_PATH_MAX:
            raise ValueError(f"relay_hops_max: 2 to {limits.RELAY_PATH_MAX}")
        if min(self.direct_count_max, self.look_period_ns, self.ask_ns) < 1:
            raise ValueError("direct_count_max, look_period_ns, ask_ns: above 0")

    def strategy(self, urgency: Urgency) -> Strategy:
        """How blocks of that urgency travel."""
        return (self.low, self.normal, self.critical)[urgency]


# --- messages between peers

Hops: TypeAlias = Annotated[int, Meta(ge=1, le=limits.PUSH_HOPS_MAX)]
Identifier: TypeAlias = Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
ShortId: TypeAlias = Annotated[bytes, Meta(min_length=8, max_length=8)]
"""The first 8 bytes of a block's id: enough to tell apart what was said in the last minutes."""
SHORT_BYTES = 8


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays, of messages [tag, ...]."""


class Carried(Message, frozen=True):
    """A block on its way."""

    wire: bytes
    urgency: Urgency
    hops: Hops
    """Links passed from its author to the receiver."""
    extra: bool
    """Whether it is sent beside the author's tree, for redundancy: then a second copy is no reason
    to prune."""


class Announced(Message, frozen=True):
    """A block that the sender holds."""

    id: ShortId
    urgency: Urgency
    hops: Hops
    """As many as it would have passed, were it pushed to the receiver."""


class TreeName(Message, frozen=True):
    """Blocks of one author and one urgency travel along one tree."""

    author: Identifier
    urgency: Urgency


class Push(Message, frozen=True, tag=9):
    """Blocks to a neighbour, which passes on what is new to it."""

    items: Annotated[tuple[Carried, ...], Meta(max_length=limits.BLOCK_OPERATIONS_MAX)]


class IHave(Message, frozen=True, tag=10):
    """Blocks that were not pushed to this neighbour: it asks for those that do not come."""

    items: Annotated[tuple[Announced, ...], Meta(max_length=limits.ANNOUNCED_MAX)]


class Graft(Message, frozen=True, tag=11):
    """Asks to be pushed to, from now on, in the trees of these blocks."""

    ids: Annotated[tuple[ShortId, ...], Meta(max_length=limits.ANNOUNCED_MAX)]
    deliver: bool
    """Whether the blocks themselves are wanted too."""


class Prune(Message, frozen=True, tag=12):
    """Asks to be told, not pushed to, from now on: these trees reach the sender by another way."""

    trees: Annotated[tuple[TreeName, ...], Meta(max_length=limits.ANNOUNCED_MAX)]


class Relay(Message, frozen=True, tag=13):
    """A message for somebody whom its origin can not reach straight."""

    origin: Identifier
    target: Identifier
    path: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=limits.RELAY_PATH_MAX)]
    """Who had it, the origin first: whoever stands in it never gets it again."""
    hops_left: Annotated[int, Meta(ge=0, le=limits.RELAY_PATH_MAX)]
    expires_ms: Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]
    """On the origin's wall clock."""
    payload: Annotated[bytes, Meta(max_length=limits.RELAY_BYTES_MAX)]
    """Blocks, a Pull, an Envelope or an Answer."""


class Wish(IntEnum):
    """What a neighbour, or who would be one, wants."""

    ASK = 0
    ACCEPT = 1
    DECLINE = 2
    KEEP = 3
    LEAVE = 4


class Neighbour(Message, frozen=True, tag=14):
    """Asks to be neighbours, answers, shows that the link still works, or ends it."""

    wish: Wish
    needed: bool
    """Whether the sender needs the link: for a ring, which holds the fleet together, or because it
    has too few."""


DisseminationMessage: TypeAlias = Push | IHave | Graft | Prune | Relay | Neighbour


class Enveloped(msgspec.Struct, frozen=True, gc=False):
    """Not on the wire: the driver turns it into a `Relay` with the bytes of the message inside."""

    target: NodeId
    path: tuple[NodeId, ...]
    hops_left: int
    expires_ms: int
    message: object


# --- inputs


class Fresh(msgspec.Struct, frozen=True, gc=False):
    """A block that was not held before."""

    id: BlockId
    author: NodeId
    wire: bytes


class OwnSealed(msgspec.Struct, frozen=True, gc=False):
    """Blocks of this node's members are to be spread."""

    blocks: tuple[Fresh, ...]
    urgency: Urgency


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A pushed block that passed ingress, or waits there for predecessors."""

    id: BlockId
    author: NodeId
    urgency: Urgency
    hops: int
    extra: bool
    news: bool
    """Whether it was neither held nor waiting."""


class BlocksCame(msgspec.Struct, frozen=True, gc=False):
    """A message of a peer with blocks was taken in."""

    peer: NodeId
    arrivals: tuple[Arrival, ...]
    """What was pushed; empty for the answer to a pull."""
    taken: tuple[Fresh, ...]
    """What is held since, with what had waited for it."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """A message whose prefix names this peer; nobody vouches for the name."""

    peer: NodeId
    message: IHave | Graft | Prune | Relay | Neighbour


class NeighboursGiven(msgspec.Struct, frozen=True, gc=False):
    """Whom to spread to from now on: a topology from outside. Nobody is asked to, or leaves."""

    peers: tuple[NodeId, ...]


DisseminationInput: TypeAlias = OwnSealed | BlocksCame | Told | NeighboursGiven

# --- events


class PullWanted(msgspec.Struct, frozen=True, gc=False):
    """It is time to pull from this peer, whatever it has shown."""

    peer: NodeId


class RelayArrived(msgspec.Struct, frozen=True, gc=False):
    """A message came through others, and is to be taken as if it had come straight."""

    origin: NodeId
    payload: bytes


DisseminationEvent: TypeAlias = PullWanted | RelayArrived

# --- looking


class Matrix(Protocol):
    """Who hears whom."""

    def hears(self, hearer: NodeId, speaker: NodeId) -> bool:
        """Whether messages come straight from one to the other."""
        ...

    def heard_by(self, speaker: NodeId) -> tuple[NodeId, ...]:
        """Who hears a member, sorted; itself left out."""
        ...


class Surroundings(Protocol):
    """What is known of the other nodes; membership knows it."""

    def there(self) -> tuple[NodeId, ...]:
        """The other nodes that are heard of and not dead, sorted."""
        ...

    def trip_us(self, peer: NodeId) -> int | None:
        """The median round trip to a peer, in us; None when it was not measured."""
        ...

    def unheard(self) -> Sequence[NodeId]:
        """Those who are there, but to whom our messages may not come straight; sorted."""
        ...

    def matrix(self) -> Matrix:
        """Who hears whom, as far as is known."""
        ...


@dataclass(slots=True)
class Counts:
    """What happened since the start; only ever grows."""

    pushed: int = 0
    """Blocks pushed, once for each neighbour."""
    extra: int = 0
    """Those of them beside the tree."""
    duplicates: int = 0
    """Blocks that were pushed to us and held already."""
    announced: int = 0
    unannounced: int = 0
    """Blocks of which a neighbour is not told because too many announcements wait."""
    grafts: int = 0
    """Blocks asked for because only their announcement came."""
    prunes: int = 0
    relayed: int = 0
    """Messages passed on for others."""
    enveloped: int = 0
    """Our own messages that went through relays."""
    relays_refused: int = 0
    """Relayed messages let go: too old, too far, too many, no way on, or not to be relayed."""
