"""Beliefs for some members' eyes: who reads, who votes, who can let others in."""

from collections.abc import Sequence

import pytest
from by_hand import Fleet

from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict, NotFound, UsageError
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId
from credimus.lace.enclosing import BOX_BYTES, enclose, is_enclosed, key_name, name_in
from credimus.lace.seal import SeedSigner
from credimus.node.commands import (
    AdmitMember,
    AssertBelief,
    CastVote,
    RetractBelief,
    RotateKey,
    ShareBelief,
)
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.voting.interface import Ballot, Question
from credimus.state.keeping_operations import Enclose, ReaderBox
from credimus.state.membership.evidence import rotation_message
from credimus.state.operations import (
    Choice,
    Evidence,
)
from credimus.state.voting.verdict import Verdict
from strategies import FLEET, SIGNERS

SECRET = "The patient in bed 4 is allergic"
ALL = ("all",)


class Asked:
    """Accepts everything, and remembers what it was asked."""

    def __init__(self) -> None:
        self.contents: list[str] = []

    def evaluate(self, question: Question) -> Ballot:
        self.contents.append(question.content)
        return Ballot(Choice.ACCEPT, MILLION, f"because {question.content}")


def readers(*numbers: int) -> tuple[str, ...]:
    return tuple(SIGNERS[number].node_id.hex() for number in numbers)


def said(fleet: Fleet, number: int, names: Sequence[str], content: str = SECRET) -> BeliefId:
    """The belief that a node asserts for some readers, known to all."""
    command = AssertBelief(
        content=content, readers=tuple(names), evidence=(Evidence("chart", "page 7"),)
    )
    written = fleet.nodes[number].execute(command, fleet.now)
    fleet.settle()
    assert written.belief is not None
    return written.belief


def read(fleet: Fleet, number: int, belief: BeliefId) -> str | None:
    """What a node reads of a belief."""
    node = fleet.nodes[number]
    found = node.state.beliefs.get(belief)
    assert found is not None
    return node.reading.read(found.content, belief)


def test_readers_read_and_others_hold_it_closed() -> None:
    fleet = Fleet()
    belief = said(fleet, 0, readers(1))
    assert [read(fleet, number, belief) for number in range(4)] == [SECRET, SECRET, None, None]
    ((_, _, claim),) = fleet.nodes[1].state.beliefs.assertions(belief)
    assert is_enclosed(claim.evidence[0].content)
    assert fleet.nodes[1].reading.read(claim.evidence[0].content) == "page 7"
    assert fleet.nodes[2].reading.read(claim.evidence[0].content) is None
    everything = b"".join(block.wire for store in fleet.stores for block in store)
    assert b"allergic" not in everything
    assert b"page 7" not in everything
    assert len({node.state.fingerprint() for node in fleet.nodes}) == 1


def test_readers_vote_by_what_it_says_and_others_abstain() -> None:
    asked = [Asked() for _ in range(4)]
    fleet = Fleet(4, evaluators=asked)
    belief = said(fleet, 0, readers(1, 2))
    assert [one.contents for one in asked] == [[SECRET], [SECRET], [SECRET], []]
    (found,) = fleet.nodes[3].state.rounds.on(belief)
    assert (found.accept.bit_count(), found.abstain.bit_count()) == (3, 1)
    assert found.verdict is Verdict.ACCEPTED
    everything = b"".join(block.wire for block in fleet.stores[3])
    assert b"because" not in everything


def test_the_same_words_for_the_same_readers_are_one_belief() -> None:
    fleet = Fleet()
    first = said(fleet, 0, ALL)
    again = said(fleet, 2, ALL, SECRET.lower() + ".")
    assert again == first
    assert len(fleet.nodes[3].state.beliefs.assertions(first)) == 2
    narrower = said(fleet, 1, readers(2))
    assert narrower != first, "who is to read it may not be more than were named"
    assert read(fleet, 3, narrower) is None


def test_wider_readers_are_let_into_the_belief_that_is() -> None:
    fleet = Fleet()
    first = said(fleet, 0, readers(1))
    assert said(fleet, 1, readers(0, 2)) == first
    assert read(fleet, 2, first) == SECRET
    assert read(fleet, 3, first) is None


def test_sharing_lets_further_members_read() -> None:
    fleet = Fleet()
    belief = said(fleet, 0, readers(1))
    fleet.nodes[1].execute(ShareBelief(belief=belief, readers=readers(3)), fleet.now)
    fleet.settle()
    assert read(fleet, 3, belief) == SECRET
    assert read(fleet, 2, belief) is None
    before = len(fleet.nodes[1].lace)
    fleet.nodes[1].execute(ShareBelief(belief=belief, readers=readers(3)), fleet.now)
    fleet.settle()
    assert len(fleet.nodes[1].lace) == before, "who can read it already needs no further box"


def test_who_comes_later_reads_what_is_shared_with_it_only() -> None:
    fleet = Fleet(3)
    belief = said(fleet, 0, ALL)
    fleet.nodes[0].execute(AdmitMember(public_key=SIGNERS[3].public, name="new"), fleet.now)
    fleet.settle()
    node = fleet.nodes[0]
    content = node.state.beliefs.get(belief).content  # type: ignore[union-attr]
    assert SIGNERS[3].node_id not in node.state.enclosures.readers(key_name_of(content))
    node.execute(ShareBelief(belief=belief, readers=("new",)), fleet.now)
    fleet.settle()
    assert SIGNERS[3].node_id in node.state.enclosures.readers(key_name_of(content))


def key_name_of(content: str) -> bytes:
    name = name_in(content)
    assert name is not None
    return name


def test_only_a_reader_lets_others_in_and_gives_reasons() -> None:
    fleet = Fleet()
    belief = said(fleet, 0, readers(1))
    outsider = fleet.nodes[2]
    with pytest.raises(Conflict, match="not given its key"):
        outsider.execute(ShareBelief(belief=belief, readers=ALL), fleet.now)
    vote = CastVote(belief=belief, choice=Choice.REJECT, reason="heard so")
    with pytest.raises(Conflict, match="not given its key"):
        outsider.execute(vote, fleet.now)
    open_one = said(fleet, 0, ())
    with pytest.raises(UsageError, match="open belief"):
        outsider.execute(ShareBelief(belief=open_one, readers=ALL), fleet.now)
    with pytest.raises(NotFound, match="'nobody' is no member"):
        fleet.nodes[0].execute(ShareBelief(belief=belief, readers=("nobody",)), fleet.now)


def test_reasons_are_enclosed_too() -> None:
    fleet = Fleet()
    belief = said(fleet, 0, readers(1))
    reason = "the chart of bed 4 was wrong"
    fleet.nodes[0].execute(RetractBelief(belief=belief, reason=reason), fleet.now)
    fleet.settle()
    assert b"chart of bed" not in b"".join(block.wire for block in fleet.stores[0])
    long = "x" * (limits.ENCLOSED_REASON_BYTES_MAX + 1)
    said(fleet, 0, readers(1))
    with pytest.raises(UsageError, match="at most 319 bytes"):
        fleet.nodes[0].execute(RetractBelief(belief=belief, reason=long), fleet.now)


@pytest.mark.parametrize("most", [0, 1])
def test_what_does_not_fit_is_refused(most: int) -> None:
    fleet = Fleet(2)
    command = AssertBelief(content="x" * (limits.ENCLOSED_BYTES_MAX + most), readers=ALL)
    if not most:
        fleet.nodes[0].execute(command, fleet.now)
        return
    with pytest.raises(UsageError, match="at most 700 can be enclosed"):
        fleet.nodes[0].execute(command, fleet.now)
    assert not fleet.nodes[0].authors[0].has_open


def test_forged_boxes_do_no_harm() -> None:
    fleet = Fleet()
    belief = said(fleet, 0, readers(1))
    content = fleet.nodes[0].state.beliefs.get(belief).content  # type: ignore[union-attr]
    for number in range(limits.BOXES_TRIED_MAX + 8):
        forged = ReaderBox(SIGNERS[1].node_id, number.to_bytes(BOX_BYTES, "big"))
        fleet.nodes[2].authors[0].say(
            Enclose(belief, key_name_of(content), SIGNERS[2].public, (forged,))
        )
    fleet.nodes[2].seal_soon()
    fleet.settle()
    node = fleet.nodes[1]
    node.reading._keys.take((key_name_of(content), node.id))
    assert read(fleet, 1, belief) == SECRET


def test_a_text_that_only_looks_enclosed_stays_what_it_is() -> None:
    fleet = Fleet()
    belief = said(fleet, 0, (), "enclosed:not really")
    assert read(fleet, 1, belief) is None
    assert fleet.nodes[1].reading.shown("enclosed:not really") == "(enclosed for others)"
    stolen = enclose("own words", bytes(32), bytes(24))
    assert key_name(bytes(32)) == key_name_of(stolen)
    assert fleet.nodes[1].reading.read(stolen) is None


def test_a_new_key_reads_with_the_old_one_what_was_closed_for_that() -> None:
    fleet = Fleet(3)
    belief = said(fleet, 0, readers(1))
    new = SeedSigner(b"\x55" * 32)
    proof = new.sign(rotation_message(FLEET, SIGNERS[1].node_id, new.public))
    fleet.nodes[1].execute(RotateKey(public_key=new.public, proof=proof), fleet.now)
    fleet.settle()
    node = Node(FLEET, [new], Config(), Entropy(b"again"))
    node.restore(block.wire for block in fleet.stores[1])
    found = node.state.beliefs.get(belief)
    assert found is not None
    assert node.reading.read(found.content, belief) is None
    node.reading.lend([SIGNERS[2], SIGNERS[1]])
    assert node.reading.read(found.content, belief) == SECRET
    again = AssertBelief(content=SECRET, readers=readers(0))
    assert node.execute(again, fleet.now).belief == belief, "the same words for the same persons"
