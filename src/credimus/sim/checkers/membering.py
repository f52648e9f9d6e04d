"""What must hold of who speaks and who is shut out, as sentences; each is proven by a saboteur.

The evidence is judged here a second time, by its own means.
"""

from nacl import bindings, exceptions

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BlockId, NodeId, node_id, short
from credimus.lace.block import Block, read_header
from credimus.node.node import Node
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.checkers.recount import Rosters
from credimus.sim.host import Host
from credimus.state.member_operations import AdmissionRule, Appoint, Expel, Expose, Rotate
from credimus.state.operations import Admit, Close, Found, Operation, Votes, read_operations


class an_honest_member_is_never_expelled(Checker):  # noqa: N801 - a sentence
    """However liars slander: no honest member is expelled or exposed, in nobody's view."""

    def sample(self) -> None:
        """Look at everybody's roster."""
        honest = [one.id for one in self.watch.fleet.hosts if not one.lies]
        for host in self.watch.honest:
            roster = host.running.state.roster.current
            for one in honest:
                if one in roster.sidelined or one in roster.expulsions:
                    self.fail(f"node {host.place} holds {short(one)} for expelled or exposed")

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look once more."""
        self.sample()


class an_equivocator_is_exposed_to_all(Checker):  # noqa: N801 - a sentence
    """Whoever is seen to fork its chain, or to answer or close a round in two ways, is exposed in
    everybody's roster."""

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look for equivocations in all that is held."""
        for host in self.watch.honest:
            missed = unexposed(host.running)
            if missed:
                self.fail(f"node {host.place} has not exposed {[short(one) for one in missed]}")


class nothing_unauthorised_is_folded(Checker):  # noqa: N801 - a sentence
    """No honest disk holds an admission, exposure or expulsion that its author may not say, but
    below a checkpoint, where a block counts by its name alone."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._seen: set[BlockId] = set()

    def noted(self, host: Host, block: Block) -> None:
        """Judge each block once, by what it descends from."""
        is_name = host.running.lace.is_below(block.author, block.header.sequence)
        if host.lies or is_name or block.id in self._seen:
            return
        self._seen.add(block.id)
        operations = self.watch.record.operations.get(block.id) or read_operations(block.body)
        exposed: frozenset[NodeId] | None = None
        for operation in operations:
            if isinstance(operation, Expel) and operation.by_evidence:
                if exposed is None:
                    exposed = Rosters(self.watch.record).exposed_before(block.id)
                if operation.member not in exposed:
                    self.fail(f"{block!r} expels {short(operation.member)} without evidence")
            elif not self._may(block, operation):
                self.fail(f"{block!r} says what it may not: {type(operation).__name__}")

    def _may(self, block: Block, operation: Operation) -> bool:
        charter = self.watch.fleet.config.charter
        if isinstance(operation, Expose):
            return _proves(operation)
        if isinstance(operation, Admit) and charter is not None:
            founder = self.watch.fleet.founder
            own = node_id(operation.public_key) == block.author
            return own or charter.rule is not AdmissionRule.FOUNDER or block.author == founder
        return True


class every_member_was_admitted(Checker):  # noqa: N801 - a sentence
    """Each member has its place by an operation that makes members; nobody by a mere word for it,
    which could bring back who has left or was expelled meanwhile."""

    def sample(self) -> None:
        """Look at everybody's roster."""
        said = self.watch.record.operations
        for host in self.watch.honest:
            roster = host.running.state.roster.current
            for node in roster.by_id:
                for block, place in roster.admissions(node):
                    if block in said and not _admits(said[block][place], node):
                        name = f"{short(node)} by operation {place} of {short(block)}"
                        self.fail(f"node {host.place} has {name} for a member")

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look once more."""
        self.sample()


class an_expelled_member_gets_nothing_more(Checker):  # noqa: N801 - a sentence
    """What is written in the knowledge of an expulsion never reaches the disk of who was expelled;
    where no member that lies could pass it on."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._closed_for: dict[BlockId, frozenset[NodeId]] = {}

    def noted(self, host: Host, block: Block) -> None:
        """Remember for whom each honest block is not; look what the others have."""
        if not host.lies and block.author == host.id:
            roster = host.running.state.roster.current
            if roster.expelled:
                self._closed_for[block.id] = frozenset(roster.expelled)
        elif (
            host.lies
            and len(self.watch.liars) == 1
            and self._closed_for.get(block.id, frozenset()).issuperset(
                one.node_id for one in host.signers
            )
        ):
            self.fail(f"node {host.place} was expelled, and holds {short(block.id)} of later")


def unexposed(node: Node) -> set[NodeId]:
    """Who else equivocated in what a node holds and is not exposed in its roster."""
    seen = {who for who, _, _ in node.lace.forks()}
    for found in node.state.rounds:
        seen |= set(found.culprits())
    own = {author.id for author in node.authors}  # nobody proves its own wrong
    return seen - node.state.roster.current.exposed - own


def _admits(said: Operation, node: NodeId) -> bool:
    return isinstance(said, Found | Admit | Appoint | Rotate) and node_id(said.public_key) == node


def _proves(said: Expose) -> bool:
    """Whether two signed headers stand at one place, cast two answers in one round, or close one
    in two ways."""
    for testimony in (said.one, said.other):
        try:
            bindings.crypto_sign_open(testimony.signature + testimony.header, said.public_key)
        except (exceptions.BadSignatureError, exceptions.ValueError):
            return False
    one, other = read_header(said.one.header), read_header(said.other.header)
    if said.one.header != said.other.header and one.sequence == other.sequence:
        return one.author == other.author == node_id(said.public_key)
    cast: set[tuple[bytes, int]] = set()
    closings: list[Close] = []
    for testimony in (said.one, said.other):
        for votes in read_operations(b"\x91" + testimony.leaf):
            if isinstance(votes, Votes):
                cast |= {(vote.round, int(vote.choice)) for vote in votes.votes}
            elif isinstance(votes, Close):
                closings.append(votes)
    if len(closings) == 2 and closings[0].round == closings[1].round:
        return closings[0] != closings[1]
    return len({identifier for identifier, _ in cast}) < len(cast)


MEMBERING: tuple[type[Checker], ...] = (
    an_honest_member_is_never_expelled,
    an_equivocator_is_exposed_to_all,
    nothing_unauthorised_is_folded,
    every_member_was_admitted,
    an_expelled_member_gets_nothing_more,
)
