"""What one node holds, and its machines: made once, in the order in which they need each other."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from credimus.kernel.entropy import Entropy
from credimus.kernel.hlc import HybridClock
from credimus.kernel.ids import BeliefId, FleetId, NodeId
from credimus.lace.lace import Lace
from credimus.lace.seal import Signer
from credimus.node.config import Config
from credimus.node.recovering.compacting import Compacting
from credimus.node.recovering.wants import Wants
from credimus.node.saying.author import Author
from credimus.node.saying.enclosing import Discreet, Enclosing
from credimus.node.showing.reading import Reading
from credimus.node.taking.ingress import Ingress
from credimus.node.telling.copies import Copies
from credimus.node.telling.shielding import Shield
from credimus.node.telling.sight import Lookout, hears_us
from credimus.node.telling.spreading import Spreading
from credimus.protocol.delivery.machine import Delivery
from credimus.protocol.guard.machine import Guard
from credimus.protocol.machine import Machine
from credimus.protocol.membership.machine import Membership
from credimus.protocol.partition.interface import Level
from credimus.protocol.partition.machine import Partition
from credimus.protocol.partition.reconciling import Holdings
from credimus.protocol.recovery.interface import ProposeAgain, Sources
from credimus.protocol.recovery.machine import Recovery
from credimus.protocol.reunion.discovering import Holdings as Decided
from credimus.protocol.reunion.machine import Reunion
from credimus.protocol.reunion.machine import Sources as ReunionSources
from credimus.protocol.sync.machine import Sync
from credimus.protocol.vigilance.machine import Vigilance, Watched
from credimus.protocol.voting.interface import Evaluator, Say
from credimus.protocol.voting.knowledge import LocalKnowledge
from credimus.protocol.voting.machine import Voting
from credimus.protocol.vouching.machine import Vouching
from credimus.state.beliefs import Belief
from credimus.state.fleet import FleetState
from credimus.state.operations import Finding


class Parts:
    """The agreed state, the ways in and out, and the authors of one node."""

    def __init__(self, fleet: FleetId, signers: Sequence[Signer], config: Config) -> None:
        self.fleet = fleet
        self.config = config
        self.signers = signers
        self.lace = Lace()
        self.state = FleetState(fleet)
        self.clock = HybridClock(config.skew_ms_max)
        self.ingress = Ingress(fleet, self.lace, self.state, self.clock)
        self.authors = [Author(signer, fleet, self.lace, self.state.beliefs) for signer in signers]
        self.by_id = {author.id: author for author in self.authors}
        self.copies = Copies(self.id, self.lace, self.state.roster)
        self.reading = Reading(self.state, signers)
        self.enclosing = Enclosing(self.state, self.reading, signers)
        self.shield = Shield(self.state.roster, signers)

    @property
    def id(self) -> NodeId:
        """The node's own id."""
        return self.authors[0].id


class Machines:
    """Everything that a node does by itself; `all` gives them by the names of router.py."""

    def __init__(self, parts: Parts, entropy: Entropy, evaluator: Evaluator | None) -> None:
        config, state, lace = parts.config, parts.state, parts.lace
        own, stream = [author.id for author in parts.authors], entropy.stream
        votes_by = evaluator or LocalKnowledge(state, config.voting.unknown)
        discreet = Discreet(votes_by, parts.reading, parts.enclosing)
        self.voting = Voting(config.voting, state, discreet, own)
        self.membership = membership = Membership(config.membership, own, stream("membership"))
        self.spreading = Spreading(config, membership, parts.copies, parts.ingress, entropy)
        orphans, audience = parts.ingress.orphans, self.spreading.machine
        self.wants = Wants(orphans)
        self.sync = Sync(config.sync, lace, self.wants, stream("sync"), audience)
        self.delivery = Delivery(
            config.delivery, parts.fleet, parts.signers[0], state.roster, stream("delivery")
        )
        self.partition = Partition(
            config.partition,
            Holdings(parts.id, state, lace),
            Lookout(membership, state.roster, lace).look,
            Say,
        )
        self.guard = Guard(config.guard, state.roster.keys)
        watched = Watched(parts.fleet, lace, state, partial(hears_us, membership, parts.id))
        self.vigilance = Vigilance(
            config.vigilance, watched, parts.signers[0], own, stream("vigilance")
        )
        self.compacting = Compacting(config.checkpoints, lace, state, parts.clock, parts.id)
        parts.ingress.is_lacking = self.compacting.is_lacking
        sources = Sources(
            orphans.highest,
            self.compacting.read_durable,
            self.compacting.fetched,
            lambda: not any(author.is_held_back for author in parts.authors),
        )
        self.recovery = self.wants.recovery = Recovery(config.recovery, lace, state, own, sources)
        self.sync.held = self.recovery.held
        self.reunion = _reunion_of(parts, self.partition, self.recovery)
        self.partition.leave(self.reunion.has_planned)
        self.vouching = Vouching(config.vouching, state, lace, own)
        self.all: dict[str, Machine[Any]] = {
            "guard": self.guard,
            "voting": self.voting,
            "sync": self.sync,
            "membership": membership,
            "dissemination": self.spreading.machine,
            "vigilance": self.vigilance,
            "delivery": self.delivery,
            "partition": self.partition,
            **self.compacting.machines,
            "recovery": self.recovery,
            "reunion": self.reunion,
            "vouching": self.vouching,
        }
        self.every = tuple(self.all.values())


def _reunion_of(parts: Parts, partition: Partition, recovery: Recovery) -> Reunion:
    roster, copies, own = parts.state.roster, parts.copies, parts.authors[0]

    def bears(beliefs: list[Belief]) -> Iterable[tuple[BeliefId, BeliefId, Finding]]:
        return partition.similarity.pairs(beliefs)

    def is_whole() -> bool:
        can_write = parts.id in roster.current and not own.forked and not recovery.is_holding
        return can_write and partition.level < Level.PARTIAL

    def synchronized() -> tuple[int, int]:
        others = [one for one in roster.current.by_id if one not in parts.by_id]
        holders = copies.holders(own.sequence)
        return sum(one in holders for one in others), len(others)

    sources = ReunionSources(
        bears, Say, ProposeAgain, lambda: not own.is_held_back, is_whole, synchronized
    )
    decided = Decided(parts.id, parts.state, parts.lace)
    return Reunion(parts.config.reunion, decided, sources)
