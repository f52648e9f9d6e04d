"""A fleet, block by block, in which the rules on members are staged."""

from collections.abc import Sequence

import pytest

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import FleetId, NodeId, fleet_id
from credimus.lace.block import Block
from credimus.lace.lace import Lace
from credimus.lace.seal import SeedSigner
from credimus.node.taking.ingress import Ingress
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.member_operations import (
    Charter,
    Exhibit,
    Expose,
    Rotate,
)
from credimus.state.membership.evidence import rotation_message
from credimus.state.membership.members import Members
from credimus.state.operations import (
    Admit,
    Found,
    Leave,
    Operation,
    Propose,
    Publish,
    Rules,
)
from credimus.state.voting.electorates import electorate_id, electorate_of
from strategies import LATER_MS, NONCE, WALL_MS, make_block

KEYS = tuple(SeedSigner(bytes([100 + number]) * 32) for number in range(9))
IDS: tuple[NodeId, ...] = tuple(key.node_id for key in KEYS)
DAY_MS = 86_400_000


class Stage:
    """A fleet whose members speak one after the other, each knowing all, unless told otherwise."""

    def __init__(self, charter: Charter | None = None) -> None:
        told = () if charter is None else (encode(charter),)
        self.fleet: FleetId = fleet_id(KEYS[0].public, NONCE, articles=told)
        self.lace = Lace()
        self.state = FleetState(self.fleet)
        self.ingress = Ingress(self.fleet, self.lace, self.state, HybridClock(60_000))
        self.heads: dict[int, Block] = {}
        self.blocks: list[Block] = []
        self.events: list[object] = []
        found = Found("stage", NONCE, KEYS[0].public, "n0", "")
        self.say(0, found, *([] if charter is None else [charter]))

    def say(
        self, who: int, *said: Operation, knows: Sequence[Block] | None = None, day: int = 0
    ) -> Block:
        """A block that knows all, or only these blocks and its author's last; taken at once."""
        block = self.make(who, said, knows, day)
        taken = self.ingress.take(block.wire, LATER_MS + 10 * DAY_MS)
        assert taken, "it was let go, or waits"
        self.events += [event for one in taken for event in one.events]
        self.heads[who] = block
        self.blocks.append(block)
        return block

    def make(
        self, who: int, said: Sequence[Operation], knows: Sequence[Block] | None, day: int = 0
    ) -> Block:
        """A block, not taken yet."""
        known = list(self.heads.values()) if knows is None else knows
        parents = {one.id: one for one in known if one.author != IDS[who]}
        before = [*parents.values(), *filter(None, [self.heads.get(who)])]
        last = max((one.header.stamp for one in before), default=stamp_of(WALL_MS))
        stamp = max(last + 1, stamp_of(WALL_MS + day * DAY_MS))
        return make_block(
            KEYS[who], said, self.heads.get(who), parents.values(),
            header_fleet=self.fleet, header_stamp=stamp,
        )  # fmt: skip

    def admit(self, by: int, *whom: int, day: int = 0) -> None:
        """Admissions by one member, in a block."""
        self.say(by, *(Admit(KEYS[one].public, f"n{one}", "") for one in whom), day=day)

    def refuses(self, who: int, *said: Operation) -> str:
        """The fault with which a block is refused."""
        with pytest.raises(PeerFault) as refusal:
            self.say(who, *said)
        return refusal.value.code

    @property
    def roster(self) -> Members:
        return self.state.roster.current

    @property
    def members(self) -> set[int]:
        return {number for number, one in enumerate(IDS) if one in self.roster}

    def fork_of(self, who: int) -> Expose:
        """Evidence that a member signs two blocks at one place."""
        shown = [self.make(who, [Leave(word)], []) for word in ("a", "b")]
        return Expose(
            KEYS[who].public, *(Exhibit(one.header_bytes, one.signature) for one in shown)
        )


def of(count: int, charter: Charter | None = None) -> Stage:
    """A fleet of so many."""
    stage = Stage(charter)
    stage.admit(0, *range(1, count))
    return stage


def electorate(*whom: int) -> Publish:
    return electorate_of(dict.fromkeys([IDS[one] for one in whom], 500_000))


def proposal(published: Publish, content: str, category: str) -> Propose:
    named = electorate_id(published.electors)
    return Propose(belief_id(content, category), 1, Rules(), named, 5_000)


def rotation(stage: Stage, who: int, to: int) -> Rotate:
    message = rotation_message(stage.fleet, IDS[who], KEYS[to].public)
    return Rotate(KEYS[to].public, KEYS[to].sign(message))
