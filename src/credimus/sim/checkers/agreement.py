"""What must hold of verdicts and of what nodes hold, as sentences; each is proven by a saboteur.

Checked while faults rage where it is cheap, and on the whole at the end.
"""

from credimus.certificate import Archive, make_certificate
from credimus.kernel.codec import encode
from credimus.kernel.entropy import Stream
from credimus.kernel.errors import Conflict
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BlockId, RoundId, short
from credimus.lace.block import Block, block_id
from credimus.node.node import Node, NodeEffects
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.checkers.recount import (
    Rosters,
    credence_contestable,
    least_value,
    recount,
    value_of,
    whole_value,
)
from credimus.sim.checkers.refold import fold_blocks
from credimus.sim.host import Host
from credimus.sim.watcher import Done
from credimus.state.events import RoundContested, RoundDecided
from credimus.state.operations import Aggregation, Scheme
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict, join


class same_blocks_same_state(Checker):  # noqa: N801 - a sentence
    """Nodes that hold the same blocks have the same state, whatever the order of arrival."""

    def sample(self) -> None:
        """Compare the nodes that hold the same blocks at this moment."""
        by_frontier: dict[bytes, list[Node]] = {}
        for host in self.watch.honest:
            node = host.running
            if not _knows_more(node):
                by_frontier.setdefault(encode(node.lace.frontier()), []).append(node)
        for nodes in by_frontier.values():
            if len(nodes) > 1 and len({node.state.fingerprint() for node in nodes}) > 1:
                self.fail(f"{len(nodes)} nodes hold {len(nodes[0].lace)} same blocks, not a state")

    def started(self, host: Host) -> None:
        """A restored node has the state that its blocks give in another order."""
        self._fold_anew(host, None)

    def finish(self, stream: Stream) -> None:
        """Fold the blocks of each in random orders that only keep causes before effects."""
        self.sample()
        seen: set[bytes] = set()
        for host in self.watch.honest:
            frontier = encode(host.running.lace.frontier())
            if frontier not in seen:
                seen.add(frontier)
                self._fold_anew(host, stream)
                self._fold_anew(host, stream)

    def _fold_anew(self, host: Host, stream: Stream | None) -> None:
        if host.running.state.checkpoints.number:
            return  # `pruned_and_whole_nodes_agree` looks at those
        places = list(host.running.lace.in_causal_order())
        if any(place.id not in self.watch.record.blocks for place in places):
            return  # something taken is not durable yet
        folded = fold_blocks(
            self.watch.fleet.id, self.watch.record, [one.id for one in places], stream
        )
        if folded.fingerprint() != host.running.state.fingerprint():
            self.fail(
                f"node {host.place}: {len(places)} blocks give another state in another order"
            )


def _knows_more(node: Node) -> bool:
    """Whether a node began from a checkpoint by a certificate, and does not hold all blocks yet in
    which that was certified: then it knows something that its blocks do not say."""
    base = node.compacting.base
    return base is not None and any(
        block_id(word.header) not in node.lace for word in base.proof.words
    )


_CERTIFIED_MAX = 200
"""Beliefs of one run that are certified; each costs a fold of its past. [guess]"""


class no_two_certificates_conflict(Checker):  # noqa: N801 - a sentence
    """No two nodes hold opposite decisions of one round, unless its double voters weigh enough."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._decided: dict[RoundId, Verdict] = {}
        self._told: set[RoundId] = set()

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Look at every round that climbed."""
        for event in effects.emit:
            if isinstance(event, RoundDecided | RoundContested):
                self._look(host, event.round)

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:  # noqa: ARG002
        """What was decided by votes on one disk alone may be decided anew; what any node holds is
        compared in the end."""
        if gone:
            self._decided.clear()

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look at every round of every node."""
        for host in self.watch.honest:
            for found in host.running.state.rounds:
                if found.verdict.decided:
                    self._look(host, found.id)

    def _look(self, host: Host, identifier: RoundId) -> None:
        found = host.running.state.rounds.get(identifier)
        if found is None:
            return
        known = join(self._decided.get(identifier, Verdict.OPEN), found.verdict)
        self._decided[identifier] = known
        if known is Verdict.CONTESTED and identifier not in self._told:
            excuse = self._excused(found)
            if not excuse:
                self._told.add(identifier)
                self.fail(f"round {short(identifier)} is accepted and rejected, by nobody's fault")

    def _excused(self, found: Round) -> bool:
        """Two certificates need double voters of twice the threshold less the whole."""
        electorate = found.electorate  # the record may not hold it yet
        culprits = self.watch.record.double_voters(found.belief, found.attempt)
        for host in self.watch.honest:  # who is known to some node and not durable anywhere yet
            held = host.running.state.rounds.get(found.id)
            culprits |= set(held.double_voters()) if held is not None else set()
        if found.rules.scheme is Scheme.TURNOUT:
            return True  # rests on its proposer; several of them may list different votes
        guilty = [one for one in electorate.electors if one.member in culprits]
        if found.rules.scheme is Scheme.CREDENCE:
            return credence_contestable(found.rules, electorate, guilty)
        value = sum(
            value_of(found.rules.aggregation, electorate, elector, MILLION) for elector in guilty
        )
        whole = whole_value(found.rules.aggregation, electorate)
        return value >= 2 * least_value(found.rules, whole) - whole


class a_durable_vote_is_never_contradicted(Checker):  # noqa: N801 - a sentence
    """Once a vote is on any disk, its voter never signs another answer to that attempt."""

    def noted(self, host: Host, block: Block) -> None:  # noqa: ARG002
        """Compare each new vote with what the voter said before."""
        for voter, vote, ballots in self.watch.record.note(block):
            if len(ballots.by_choice) > 1 and voter not in self.watch.liars:
                said = " and ".join(choice.name.lower() for choice in ballots.by_choice)
                self.fail(f"{short(voter)} said {said} in round {short(vote.round)}")

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:  # noqa: ARG002
        """Votes that are on no disk any more, and never were on another, bind nobody."""
        if gone:
            self.watch.record = self.watch.record.of(self.watch.record.blocks.keys() - alone)


def _counts(node: Node, block: Block) -> bool:
    """Whether a node holds a block, or a checkpoint covers it; a liar may keep some for itself."""
    return block.id in node.lace or node.lace.is_below(block.author, block.header.sequence)


class a_verdict_follows_from_its_votes(Checker):  # noqa: N801 - a sentence
    """A round is certified exactly when a recount of all votes ever cast says so."""

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Recount every round, by the votes that did not go with a disk; under turnout the
        proposer's closing decides what counts."""
        node = self.watch.honest[0].running
        compacted = node.state.checkpoints.number > 0
        blocks = self.watch.record.blocks.values()
        record = self.watch.record.of({one.id for one in blocks if _counts(node, one)})
        for found in node.state.rounds:
            if compacted and found.id not in record.proposals:
                continue  # it went with a disk, and a checkpoint had taken it in before
            proposal, electorate = record.proposals[found.id], record.electorate_of(found.id)
            if electorate is None or proposal.rules.scheme is Scheme.TURNOUT:
                continue
            counted = recount(proposal.rules, electorate, record.cast.get(found.id, {}))
            if counted != (found.accept_certified, found.reject_certified):
                self.fail(f"round {short(found.id)} is {found.verdict.word}, recounted {counted}")


class a_round_is_of_the_whole_fleet(Checker):  # noqa: N801 - a sentence
    """Somebody proposed each round with all members of its own past, none outweighing the rest;
    where the fleet lets nobody be left out."""

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look at every round of a node, and at all blocks that propose it."""
        if self.watch.fleet.config.left_out_max:
            return
        record = self.watch.record
        rosters = Rosters(record)
        node = self.watch.honest[0].running
        state, lace = node.state, node.lace
        ended = rosters.ended_in(
            one.id
            for one in record.blocks.values()
            if lace.is_below(one.author, one.header.sequence)
        )
        for found in state.rounds:
            electorate, proposed_in = found.electorate, record.proposed_in.get(found.id, ())
            if state.checkpoints.number and not proposed_in:
                continue  # it went with a disk, and a checkpoint had taken it in before
            try:
                pasts = [rosters.before(block) for block in proposed_in]
            except KeyError:
                if state.checkpoints.number:  # part of its past went with a disk, and is in none
                    continue
                raise
            # Who began from a snapshot knows of members whose admission, or end, its blocks may not
            # descend from; it leaves nobody else out, and by that checkpoint all see the same.
            if state.checkpoints.number:
                is_whole = any(past - ended <= electorate.position.keys() for past in pasts)
            else:
                is_whole = any(past == electorate.position.keys() for past in pasts)
            if not is_whole:
                self.fail(f"round {short(found.id)} has {len(electorate)} electors of somebody's")
            heaviest = max(elector.weight for elector in electorate.electors)
            alone = len(electorate) == 1
            if found.rules.aggregation is Aggregation.REPUTATION and (
                2 * heaviest > electorate.weight_sum and not alone
            ):
                self.fail(f"round {short(found.id)} has an elector that outweighs all others")


class a_decided_belief_stays_decided(Checker):  # noqa: N801 - a sentence
    """What a node told its callers to be decided stays so, also over a restart; verdicts climb.

    After a loss of power the node may have to hear it from its peers again (decision 0009): then it
    is owed at the end. What rested on a vote that was on one disk only goes with that disk.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._told: dict[int, dict[RoundId, Verdict]] = {}
        self._owed: dict[int, dict[RoundId, Verdict]] = {}

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Remember what callers were told."""
        told = self._told.setdefault(host.place, {})
        rounds = host.running.state.rounds
        for event in effects.emit:
            if isinstance(event, RoundDecided | RoundContested):
                found = rounds.get(event.round)
                if found is not None:
                    told[event.round] = max(found.verdict, told.get(event.round, Verdict.OPEN))

    def started(self, host: Host) -> None:
        """Look at once after a restart."""
        if host.disk.lost_count:
            self._owed.setdefault(host.place, {}).update(self._told.pop(host.place, {}))
        self._look(host)

    def replaced(self, host: Host, lost: frozenset[BlockId]) -> None:
        """What rested on a disk alone went with it; all else has to be heard again."""
        told = self._told.pop(host.place, {})
        if lost:
            self._owed.pop(host.place, None)
        else:
            self._owed.setdefault(host.place, {}).update(told)

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:
        """Likewise, of votes that can not come back, whoever had heard them: what was altered, and
        what is given up behind it."""
        alone = alone if gone else frozenset()
        self.replaced(host, alone)
        lost = [vote.round for _, vote in self.watch.record.votes_in(gone | alone)]
        for rounds in (*self._told.values(), *self._owed.values()):
            for one in lost:
                rounds.pop(RoundId(one), None)

    def sample(self) -> None:
        """Look at everybody."""
        for host in self.watch.honest:
            self._look(host)

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look at everybody, and at what is owed."""
        for place, owed in self._owed.items():
            told = self._told.setdefault(place, {})
            for identifier, verdict in owed.items():
                told[identifier] = join(verdict, told.get(identifier, verdict))
        self.sample()

    def _look(self, host: Host) -> None:
        rounds = host.running.state.rounds
        for identifier, before in self._told.get(host.place, {}).items():
            found = rounds.get(identifier)
            now = found.verdict if found is not None else Verdict.OPEN
            if join(now, before) is not now:
                self.fail(
                    f"node {host.place}: round {short(identifier)} was {before.word}, is {now.word}"
                )
            elif found is not None and rounds.verdict(found.belief) in (None, Verdict.OPEN):
                self.fail(f"node {host.place}: belief {short(found.belief)} is open again")


class healed_fleet_converges(Checker):  # noqa: N801 - a sentence
    """After the last fault all nodes come to the same blocks and state, and no round stays open.

    Judged in the liveness phase of `run.py`.
    """


class every_verdict_has_a_certificate(Checker):  # noqa: N801 - a sentence
    """What a node holds as decided, its disk can prove to a stranger."""

    def finish(self, stream: Stream) -> None:
        """Certify beliefs of one node; whatever is certified was verified."""
        host = stream.choose(self.watch.honest)
        node = host.running
        archive = Archive(node.fleet, node.lace, node.state, host.disk.wires_of)
        for belief in stream.sample(list(node.state.beliefs), _CERTIFIED_MAX):
            try:
                make_certificate(archive, belief)
            except Conflict as problem:
                if problem.code == "not-certifiable":
                    self.fail(f"node {host.place}: {problem.message}")
