"""Histories for tests: signed blocks of honest and lying authors, and replicas that take them in.

The pools are small on purpose, so that dots, rounds, stamps and places of chains collide: an author
in these tests may put anything in any field, as long as the bytes can be read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import BeliefId, BlockId, FleetId, NodeId, RoundId, fleet_id
from credimus.lace.block import NO_PREVIOUS, VERSION, Block, Header, root_of, write_predecessors
from credimus.lace.lace import Lace
from credimus.lace.seal import SeedSigner, pack_leaves, seal
from credimus.node.taking.ingress import Ingress, Taken
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Admit,
    Aggregation,
    Found,
    Operation,
    Propose,
    Publish,
    Rules,
    Scheme,
    Skill,
)
from credimus.state.outcomes import outcomes_of
from credimus.state.voting.electorates import electorate_id, electorate_of, round_id

Item = TypeVar("Item")

WALL_MS = 1_700_000_000_000
"""When the histories begin."""
LATER_MS = WALL_MS + 10_000_000
"""A reader's clock: no stamp of a history is ahead of it."""
NONCE = b"n" * 16
SIGNERS = tuple(SeedSigner(bytes([number + 1]) * 32) for number in range(6))
MEMBERS: tuple[NodeId, ...] = tuple(signer.node_id for signer in SIGNERS)
LEFT_OUT_MAX = 250_000
"""The policy of these fleets: an electorate may leave out one of four, none of three."""
FLEET: FleetId = fleet_id(SIGNERS[0].public, NONCE, LEFT_OUT_MAX)
TIMEOUT_MS = 5_000


def make_block(
    signer: SeedSigner,
    operations: Sequence[Operation],
    previous: Block | None = None,
    parents: Iterable[Block] = (),
    **fields: object,
) -> Block:
    """A signed block; its stamp is just past its predecessors.

    Args:
        fields: header fields to write instead, each by its name after `header_`.
    """
    others = {block.id: block for block in parents}
    before = [*others.values(), *([previous] if previous else [])]
    leaves = [encode(operation) for operation in operations]
    header: dict[str, object] = {
        "version": VERSION,
        "fleet": FLEET,
        "author": signer.node_id,
        "sequence": previous.header.sequence + 1 if previous else 1,
        "stamp": max((block.header.stamp for block in before), default=stamp_of(WALL_MS)) + 1,
        "previous": previous.id if previous else NO_PREVIOUS,
        "parents": tuple(sorted(others)),
        "operation_count": len(operations),
    }
    changed = {name.removeprefix("header_"): value for name, value in fields.items()}
    header |= {"root": b"", **changed}
    named = write_predecessors(header["previous"], header["parents"])  # type: ignore[arg-type]
    header["root"] = header["root"] or root_of(named, leaves)
    return seal(signer, Header(**header), pack_leaves(leaves))  # type: ignore[arg-type]


FOUND = Found("test fleet", NONCE, SIGNERS[0].public, "n0", "", LEFT_OUT_MAX)
GENESIS = make_block(
    SIGNERS[0],
    [FOUND, *(Admit(signer.public, f"n{i}", "") for i, signer in enumerate(SIGNERS[1:4], 1))],
)
"""The founder admits three more; the fifth and the sixth signer are strangers at first."""


@dataclass
class Replica:
    """A reader of blocks: the real door, the real folds."""

    lace: Lace = field(default_factory=Lace)
    state: FleetState = field(default_factory=lambda: FleetState(FLEET))
    clock: HybridClock = field(default_factory=lambda: HybridClock(60_000))
    log: list[Block] = field(default_factory=list)
    outcomes: dict[BlockId, str] = field(default_factory=dict)
    """`taken`, `waiting`, `let go`, or the code of the fault, by block."""

    def __post_init__(self) -> None:
        self.ingress = Ingress(FLEET, self.lace, self.state, self.clock)

    def take(self, block: Block) -> list[Taken]:
        """Take a block in, noting what became of it and of those that had waited for it."""
        try:
            taken = self.ingress.take(block.wire, LATER_MS)
        except PeerFault as fault:
            self.outcomes[block.id] = fault.code
            return []
        if not taken:
            known = block.id in self.ingress.orphans or block.id in self.lace
            self.outcomes.setdefault(block.id, "waiting" if known else "let go")
        for one in taken:
            self.log.append(one.block)
            self.outcomes[one.block.id] = "taken"
        for refused, fault in self.ingress.refused:
            self.outcomes[refused.id] = fault.code
        self.ingress.refused.clear()
        return taken

    def take_all(self, blocks: Iterable[Block]) -> "Replica":
        """Take blocks in, in this order; what was let go comes again, as a pull brings it."""
        waiting = list(blocks)
        while waiting:
            for block in waiting:
                self.take(block)
            let_go = [one for one in waiting if self.outcomes[one.id] == "let go"]
            if len(let_go) == len(waiting):
                break
            for one in let_go:
                self.outcomes.pop(one.id, None)
            waiting = let_go
        return self

    def restored(self) -> "Replica":
        """A new replica, from this one's log."""
        again = Replica()
        for block in self.log:
            again.ingress.restore(block.wire)
        return again

    def visible(self) -> dict[str, object]:
        """What a reader can see of the state beyond its fingerprint."""
        state = self.state
        return {
            "name": (state.roster.fleet_name, state.roster.founder),
            "members": dict(state.roster.current.by_id),
            "beliefs": {
                one.id: (
                    one.content, one.category, one.origin, one.origin_block,
                    state.beliefs.confidence(one.id), tuple(state.beliefs.history(one.id)),
                    tuple(state.beliefs.contradictions(one.id)), state.rounds.verdict(one.id),
                )
                for one in state.beliefs
            },
            "rounds": {
                one.id: (
                    one.verdict, tuple(one.culprits()), one.opened_stamp, one.timeout_ms,
                    one.accept_certified, one.reject_certified,
                )
                for one in state.rounds
            },
            "reconciled": {
                one.id: outcomes_of(state, self.lace, one.id) for one in state.beliefs
            },
            "counters": [state.beliefs.claims_made(member) for member in MEMBERS],
            "electorates": [one.id for one in state.rounds.published.newest()],
        }  # fmt: skip


# --- pools

STATEMENTS = ("Pump 3 leaks", "pump 3  LEAKS.", "Door 7 is open", "door 7 is open ..", "Fan 1 hums")
BELIEFS: tuple[BeliefId, ...] = tuple(
    dict.fromkeys(belief_id(content, "general") for content in STATEMENTS)
)
_KINDS = ((900_000, 800_000), (700_000, 700_000, 2), (999_900, 100), (300_000, 200_000, 2))
SKILLS = {who: Skill(*kind) for who, kind in zip(MEMBERS, _KINDS, strict=False)}
ELECTORATES: tuple[Publish, ...] = (
    electorate_of(dict.fromkeys(MEMBERS[:4], 500_000)),
    electorate_of(dict.fromkeys(MEMBERS[:3], 1)),
    electorate_of(dict(zip(MEMBERS[:4], (0, 1, 2, 3), strict=True))),
    electorate_of(dict(zip(MEMBERS[:5], (0, 1, 2, 3, 6), strict=True))),
    electorate_of(dict(zip(MEMBERS[:4], (1, 1, 1, 4), strict=True))),
    electorate_of(dict.fromkeys(MEMBERS[:2], 1)),
    electorate_of(dict.fromkeys(MEMBERS[:4], 500_000), SKILLS, 300_000, 2),
)
"""Fair at first are those of four and of three; the fifth is so but under reputation. That of five
needs the fifth admitted, that of two needs others to leave. The last tells skills: one of its
members is always right or always says yes, one is mostly wrong, two share a voice."""
RULES: tuple[Rules, ...] = (
    Rules(),
    Rules(Scheme.MAJORITY, quorum=0),
    Rules(Scheme.SUPERMAJORITY, 3, 4, Aggregation.REPUTATION),
    Rules(Scheme.MAJORITY, aggregation=Aggregation.CONFIDENCE),
    Rules(Scheme.TURNOUT, 2, 3),
    Rules(Scheme.TURNOUT, 3, 5, Aggregation.CONFIDENCE, 250_000),
    Rules(Scheme.TURNOUT, 1, 1, Aggregation.REPUTATION, 0),
    Rules(Scheme.CREDENCE, 4, 5, Aggregation.SKILL),
    Rules(Scheme.MAJORITY, aggregation=Aggregation.SKILL),
    Rules(Scheme.TURNOUT, 3, 5, Aggregation.SKILL),
)
PROPOSALS: tuple[Propose, ...] = tuple(
    Propose(
        BELIEFS[number % 2], attempt, rules, electorate_id(electorate.electors, electorate),
        TIMEOUT_MS,
    )
    for number, (attempt, rules, electorate) in enumerate(
        (
            (1, RULES[0], ELECTORATES[0]), (1, RULES[1], ELECTORATES[0]),
            (2, RULES[2], ELECTORATES[2]), (1, RULES[3], ELECTORATES[1]),
            (1, RULES[4], ELECTORATES[0]), (2, RULES[5], ELECTORATES[1]),
            (3, RULES[6], ELECTORATES[2]), (1, RULES[2], ELECTORATES[3]),
            (2, RULES[2], ELECTORATES[4]), (1, RULES[1], ELECTORATES[4]),
            (2, RULES[1], ELECTORATES[5]), (1, RULES[7], ELECTORATES[6]),
            (2, RULES[7], ELECTORATES[0]), (2, RULES[8], ELECTORATES[6]),
            (1, RULES[9], ELECTORATES[6]),
        )
    )
)  # fmt: skip
TURNOUTS: tuple[RoundId, ...] = tuple(
    round_id(one) for one in PROPOSALS if one.rules.scheme is Scheme.TURNOUT
)
ROUNDS: tuple[RoundId, ...] = (*(round_id(one) for one in PROPOSALS), RoundId(b"?" * 16))
