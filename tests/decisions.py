"""Small fleets that decide one belief, block by block: every order and every liar can be staged."""

from collections.abc import Callable, Sequence

from credimus.certificate import Archive, Trust, make_certificate
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import FleetId, NodeId, fleet_id
from credimus.lace.block import Block, Parts
from credimus.lace.lace import Lace
from credimus.node.taking.ingress import Ingress
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.member_operations import Vouch
from credimus.state.operations import (
    Admit,
    Aggregation,
    Assert,
    Choice,
    Close,
    Elector,
    Found,
    Leave,
    Operation,
    Propose,
    Publish,
    Rules,
    Scheme,
    Skill,
    Vote,
    Votes,
    mask_bytes,
)
from credimus.state.voting.electorates import electorate_id, round_id
from strategies import LATER_MS, NONCE, SIGNERS, WALL_MS, make_block

Scene = Callable[[], "History"]
YES, NO, SKIP = Choice.ACCEPT, Choice.REJECT, Choice.ABSTAIN
CONTENT, CATEGORY = "The north gate is  open.", "observation"
STATEMENT = "the north gate is open"
BELIEF = belief_id(CONTENT, CATEGORY)
TIMEOUT_MS = 1_000


class History:
    """A fleet founded by member 0, which admits the others one by one; all hold all blocks."""

    def __init__(self, members: int = 4, left_out_max: int = 0) -> None:
        self.fleet: FleetId = fleet_id(SIGNERS[0].public, NONCE, left_out_max)
        self.lace = Lace()
        self.state = FleetState(self.fleet)
        self.ingress = Ingress(self.fleet, self.lace, self.state, HybridClock(60_000))
        self.blocks: dict[bytes, Block] = {}
        self.heads: dict[int, Block] = {}
        self.ms = 0
        self.say(0, Found("harbour", NONCE, SIGNERS[0].public, "n0", "", left_out_max))
        for number in range(1, members):
            self.admit(0, number)

    @property
    def trust(self) -> Trust:
        return Trust(self.fleet, SIGNERS[0].public)

    @property
    def archive(self) -> Archive:
        def wires_of(ids: Sequence[bytes]) -> list[bytes]:
            return [self.blocks[one].wire for one in ids if one in self.blocks]

        return Archive(self.fleet, self.lace, self.state, wires_of)

    def make(self, number: int, *operations: Operation, **fields: object) -> Block:
        """A block of a member that has seen everything; nobody takes it yet."""
        signer = SIGNERS[number]
        self.ms += 1
        seen = [self.blocks[one] for one in self.lace.tips(signer.node_id)]
        given = {"header_fleet": self.fleet, "header_stamp": stamp_of(WALL_MS + self.ms), **fields}
        return make_block(signer, operations, self.heads.get(number), seen, **given)

    def take(self, number: int, block: Block) -> Block:
        assert self.ingress.take(block.wire, LATER_MS)
        self.blocks[block.id] = self.heads[number] = block
        return block

    def say(self, number: int, *operations: Operation) -> Block:
        return self.take(number, self.make(number, *operations))

    def admit(self, by: int, number: int, name: str = "") -> Block:
        return self.say(by, Admit(SIGNERS[number].public, name or f"n{number}", ""))

    def propose(
        self,
        number: int,
        rules: Rules | None = None,
        electors: Sequence[int] = (0, 1, 2, 3),
        weights: Sequence[int] = (),
        apart: int | None = None,
        skills: Sequence[Skill] = (),
    ) -> Propose:
        """A belief, its electorate and a proposal, in one block, or the electorate by itself.

        Args:
            apart: who publishes the electorate in a block of its own.
            skills: in order of the electors.
        """
        pairs = zip(electors, weights or [1] * len(electors), strict=True)
        by_id = sorted((SIGNERS[one].node_id, weight) for one, weight in pairs)
        known = {SIGNERS[one].node_id: skill for one, skill in zip(electors, skills, strict=False)}
        said = Publish(
            tuple(Elector(node, weight) for node, weight in by_id),
            tuple(known[NodeId(node)] for node, _ in by_id) if skills else (),
            400_000 if skills else 500_000,
            3 if skills else 0,
        )
        identifier = electorate_id(said.electors, said)
        proposal = Propose(BELIEF, 1, rules or Rules(), identifier, TIMEOUT_MS)
        if apart is None:
            self.say(number, claim(), said, proposal)
        else:
            self.say(apart, said)
            self.say(number, claim(), proposal)
        return proposal

    def vote(
        self, number: int, proposal: Propose, choice: Choice = YES, confidence: int = 900_000
    ) -> Block:
        return self.say(number, *votes(proposal, choice, confidence))

    def close(self, number: int, proposal: Propose, **given: object) -> Block:
        """A closing after the timeout; masks are given as lists of members."""
        self.ms += 2 * TIMEOUT_MS
        found = self.state.rounds.get(round_id(proposal))
        assert found is not None
        place = found.electorate.position
        masks = {
            name: mask_bytes(sum(1 << place[NodeId(SIGNERS[one].node_id)] for one in members))
            for name, members in given.items()
            if isinstance(members, list)
        }
        confidences = given.get("confidences", ())
        return self.say(number, Close(round_id(proposal), confidences=confidences, **masks))  # type: ignore[arg-type]

    def certificate(self) -> bytes:
        belief = self.state.beliefs.get(BELIEF)
        assert belief is not None
        return make_certificate(self.archive, belief)


SKILLED = tuple(
    Skill(*kind)
    for kind in ((990_000, 980_000), (900_000, 950_000), (200_000, 100_000), (700_000, 700_000, 2))
)


def claim() -> Assert:
    """The assertion of the belief."""
    return Assert(1, CONTENT, CATEGORY, 900_000)


def votes(proposal: Propose, choice: Choice, confidence: int = 900_000) -> tuple[Operation, ...]:
    """What an elector says who answers."""
    return (Votes((Vote(round_id(proposal), choice, confidence),)),)


def lengthened(number: int, block: Block) -> Block:
    """The same block with a header that writes its sequence in a longer form."""
    plain = block.header_bytes
    at = plain.index(block.author) + len(block.author)
    longer = plain[:at] + b"\xcc" + plain[at:]
    signature = SIGNERS[number].sign(longer)
    return Block(block.header, Parts(longer, signature, block.predecessors, block.body))


def accepted() -> History:
    """Three of four accept under byzantine; the electorate stands with the proposal."""
    history = History()
    proposal = history.propose(1)
    for number in (1, 2, 3):
        history.vote(number, proposal)
    return history


def rejected() -> History:
    """Three of four reject under majority; one accepts."""
    history = History()
    proposal = history.propose(2, Rules(Scheme.MAJORITY))
    for number, choice in enumerate((NO, YES, NO, NO)):
        history.vote(number, proposal, choice)
    return history


def by_quorum() -> History:
    """Two of three decide, and the quorum wants the third, who abstains."""
    history = History(3)
    proposal = history.propose(0, Rules(Scheme.MAJORITY, quorum=1_000_000), (0, 1, 2))
    for number, choice in enumerate((YES, SKIP, YES)):
        history.vote(number, proposal, choice)
    return history


def by_supermajority() -> History:
    """Three of four reach three quarters; the electorate was published by another."""
    history = History()
    proposal = history.propose(3, Rules(Scheme.SUPERMAJORITY, 3, 4), apart=1)
    for number in (0, 1, 3):
        history.vote(number, proposal)
    return history


def by_confidence() -> History:
    """Votes weigh by confidence; one elector raises its own."""
    history = History()
    proposal = history.propose(0, Rules(Scheme.MAJORITY, aggregation=Aggregation.CONFIDENCE))
    for number, confidence in ((0, 800_000), (1, 300_000), (2, 500_000), (1, 900_000), (3, 10)):
        history.vote(number, proposal, confidence=confidence)
    return history


def by_weight() -> History:
    """Votes weigh by the electorate's weights."""
    history = History()
    rules = Rules(Scheme.BYZANTINE, aggregation=Aggregation.REPUTATION)
    proposal = history.propose(0, rules, weights=(50, 30, 40, 10))
    for number in (0, 1, 2, 3):
        history.vote(number, proposal)
    return history


def by_skill() -> History:
    """Votes weigh by the evidence in them; two electors share a voice."""
    history = History()
    rules = Rules(Scheme.BYZANTINE, aggregation=Aggregation.SKILL)
    proposal = history.propose(0, rules, skills=SKILLED)
    for number in (0, 1, 3):
        history.vote(number, proposal)
    return history


def by_credence() -> History:
    """The reject of one who is mostly wrong speaks for the belief; one is not waited for."""
    history = History()
    rules = Rules(Scheme.CREDENCE, 19, 20, Aggregation.SKILL)
    proposal = history.propose(0, rules, skills=SKILLED)
    for number, choice in ((0, YES), (1, YES), (2, NO)):
        history.vote(number, proposal, choice)
    return history


def by_turnout() -> History:
    """The proposer's closing lists two accepts and an abstention."""
    history = History()
    proposal = history.propose(0, Rules(Scheme.TURNOUT, 3, 5))
    for number, choice in enumerate((YES, YES, SKIP)):
        history.vote(number, proposal, choice)
    history.close(0, proposal, accept=[0, 1], abstain=[2])
    return history


def by_turnout_of_confidence() -> History:
    """The closing lists confidences, one of them not the greatest."""
    history = History()
    rules = Rules(Scheme.TURNOUT, 3, 5, Aggregation.CONFIDENCE)
    proposal = history.propose(1, rules)
    for number, confidence in ((0, 100_000), (1, 900_000), (2, 800_000), (1, 400_000)):
        history.vote(number, proposal, NO, confidence)
    order = sorted(
        ((0, 100_000), (1, 400_000), (2, 800_000)), key=lambda one: SIGNERS[one[0]].node_id
    )
    history.close(1, proposal, reject=[0, 1, 2], confidences=tuple(one[1] for one in order))
    return history


def with_a_past() -> History:
    """The founder has left, members admitted each other, one has a new name, one came back."""
    history = History(2)
    history.admit(1, 2)
    history.admit(2, 3)
    history.say(0, Leave("done"))
    history.say(1, Admit(SIGNERS[1].public, "renamed", "127.0.0.1:1"))
    history.say(3, Leave("away"))
    history.admit(2, 3)
    proposal = history.propose(2, electors=(1, 2, 3))
    for number in (1, 2, 3):
        history.vote(number, proposal)
    return history


def with_one_left_out() -> History:
    """The policy lets an electorate leave out one of four; the founder is."""
    history = History(left_out_max=250_000)
    proposal = history.propose(1, electors=(1, 2, 3))
    for number in (1, 2, 3):
        history.vote(number, proposal)
    return history


def among_much_else() -> History:
    """Votes share operations and blocks with others."""
    history = History()
    others = [Vote(bytes([number]) * 16, YES) for number in range(7)]
    proposal = history.propose(1)
    for number in (0, 2, 3, 1):
        own = Vote(round_id(proposal), YES, 900_000, "seen")
        noise = [Assert(10 + one, f"noise {one} of {number}", "general", 1) for one in range(9)]
        shared = (own, others[0]) if number % 2 else (others[0], own)
        rest = [Votes((one,)) for one in others[1:]]
        history.say(number, *noise, *rest[:number], Votes(shared), *rest[number:])
    return history


def vouched(*members: int) -> tuple[Operation, ...]:
    """A word for each of these."""
    return tuple(Vouch(SIGNERS[one].public, f"n{one}") for one in members)


def electorate(*members: int) -> Publish:
    """All of these, alike."""
    return Publish(tuple(Elector(node, 1) for node in sorted(SIGNERS[m].node_id for m in members)))


def with_vouches() -> History:
    """The founder vouches for all, and publishes their electorate once more."""
    history = History(5)
    history.say(1, electorate(0, 1, 2, 3, 4))
    history.say(0, *vouched(1, 2, 3, 4), electorate(0, 1, 2, 3, 4))
    proposal = history.propose(1, electors=(0, 1, 2, 3, 4), apart=2)
    for number in (1, 2, 3, 4):
        history.vote(number, proposal)
    return history


def with_vouches_of_another() -> History:
    """The founder has left; another vouches for all, one of whom leaves, and one comes after."""
    history = History(5)
    history.say(0, Leave("done"))
    history.say(1, *vouched(2, 3, 4))
    history.say(4, Leave("away"))
    history.admit(2, 5)
    proposal = history.propose(3, electors=(1, 2, 3, 5))
    for number in (2, 3, 5):
        history.vote(number, proposal)
    return history


SCENES: tuple[Scene, ...] = (
    accepted, rejected, by_quorum, by_supermajority, by_confidence, by_weight, by_skill,
    by_credence, by_turnout,
    by_turnout_of_confidence, with_a_past, with_one_left_out, among_much_else, with_vouches,
    with_vouches_of_another,
)  # fmt: skip
