"""What lost blocks come to: said once, and what was taken back not at all."""

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import BeliefId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.lace.block import Block
from credimus.node.commands import AdmitMember, AssertBelief, LeaveFleet, RelateBeliefs
from credimus.node.commands import RetractBelief as Retracted
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.recovery.interface import ProposeAgain, SayAgain
from credimus.protocol.recovery.repeating import answers_of, is_said, steps_of, void_proposals
from credimus.state.operations import Admit, Assert, Choice, Leave, Relate, Retract
from strategies import FLEET, FOUND, SIGNERS, WALL_MS

OWN = SIGNERS[0].node_id


class Speaker:
    """A node, each of whose commands is in a block of its own."""

    def __init__(self) -> None:
        self.node = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"speaker"))
        self.node.found(FOUND)
        self.blocks: list[Block] = []
        self.seal()

    @property
    def now(self) -> Now:
        return Now(Instant(len(self.blocks) * SECOND), WALL_MS + 1_000 * len(self.blocks))

    def seal(self) -> None:
        self.blocks += self.node.collect(self.now).persist

    def say(self, command: object) -> bytes:
        written = self.node.execute(command, self.now)
        self.seal()
        return written.belief or b""


def test_the_net_of_lost_blocks_is_said_again_in_order() -> None:
    speaker = Speaker()
    held = speaker.say(AssertBelief(content="held"))
    count = len(speaker.blocks)
    claims = speaker.node.state.beliefs.claims_made(OWN)
    speaker.say(AdmitMember(public_key=SIGNERS[1].public, name="n1"))
    kept = speaker.say(AssertBelief(content="kept"))
    gone = speaker.say(AssertBelief(content="gone", propose=False))
    speaker.say(RelateBeliefs(source=kept, relation=1, target=held))
    speaker.say(Retracted(belief=gone))
    speaker.say(Retracted(belief=held))
    speaker.say(LeaveFleet())
    steps = steps_of(speaker.blocks[count:], {OWN: claims})
    said = [one.operation for one in steps if isinstance(one, SayAgain)]
    assert [type(one) for one in said] == [Admit, Assert, Relate, Retract, Leave]
    assert isinstance(said[1], Assert)
    assert said[1].content == "kept"
    proposed = [one.belief for one in steps if isinstance(one, ProposeAgain)]
    assert proposed == [kept]
    assert is_said(SayAgain(OWN, said[1]), speaker.node.state)
    assert is_said(SayAgain(OWN, said[2]), speaker.node.state)
    assert not is_said(SayAgain(OWN, said[3]), speaker.node.state)


def test_a_round_that_counts_is_not_opened_again() -> None:
    speaker = Speaker()
    belief = speaker.say(AssertBelief(content="pump leaks"))
    fresh = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"fresh"))
    wires = [block.wire for block in speaker.blocks]
    assert void_proposals(wires, speaker.node.state) == []
    (void,) = void_proposals(wires, fresh.state)
    assert isinstance(void, ProposeAgain)
    assert void.belief == belief
    assert is_said(void, speaker.node.state), "a round is there"
    assert is_said(void, fresh.state), "nobody states it"


def test_retractions_of_what_nobody_holds_are_let_go() -> None:
    speaker = Speaker()
    first = speaker.say(AssertBelief(content="in the altered block"))
    count = len(speaker.blocks)
    speaker.say(Retracted(belief=first))
    assert steps_of(speaker.blocks[count:], {OWN: 0}) == []


def test_answers_are_found_by_who_gave_them() -> None:
    speaker = Speaker()
    belief = speaker.say(AssertBelief(content="pump leaks"))
    (opened,) = speaker.node.state.rounds.on(BeliefId(belief))
    ((author, vote),) = answers_of(speaker.blocks, {OWN})
    assert (author, vote.round, vote.choice) == (OWN, opened.id, Choice.ACCEPT)
    assert answers_of(speaker.blocks, set()) == ()
