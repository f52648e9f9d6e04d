"""Certificates of liars: each is stopped by one check of the verifier, and passes without it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

import credimus.state.voting.rounds
from credimus.certificate import Trust, excerpt, verify, verifying
from credimus.certificate.abbreviating import Known
from credimus.certificate.document import describe, write_certificate
from credimus.certificate.excerpt import PROOF_VERSION, Excerpt, Proof, excerpt_of
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import FleetId, NodeId, fleet_id, node_id
from credimus.lace.block import Block
from credimus.state.member_operations import Appoint, Vouch
from credimus.state.membership.roster import Roster
from credimus.state.operations import (
    Admit,
    Assert,
    Elector,
    Found,
    Leave,
    Operation,
    Propose,
    Publish,
    Rules,
    Vote,
    Votes,
    read_operations,
)
from credimus.state.voting.electorates import electorate_id, round_id
from decisions import BELIEF, CATEGORY, STATEMENT, YES
from strategies import NONCE, SIGNERS, WALL_MS, make_block

FLEET = fleet_id(SIGNERS[0].public, NONCE)
TRUST = Trust(FLEET, SIGNERS[0].public)
TOLD = b"r" * 16, BELIEF
"""What a text tells of the round stands first among the ids that are left out; no forger does."""


class Forger:
    """Makes a proof of whatever blocks it likes; no fleet ever took them."""

    def __init__(self, members: int = 3) -> None:
        self.blocks: list[Block] = []
        self.heads: dict[int, Block] = {}
        self.say(0, Found("harbour", NONCE, SIGNERS[0].public, "n0", ""))
        for number in range(1, members):
            self.admit(0, number)

    def say(self, number: int, *operations: Operation, stamp: int = 0) -> None:
        before = self.heads.get(number)
        at = stamp or (WALL_MS + len(self.blocks)) << 16
        block = make_block(SIGNERS[number], operations, before, header_fleet=FLEET, header_stamp=at)
        self.heads[number] = block
        self.blocks.append(block)

    def admit(self, by: int, number: int) -> None:
        self.say(by, Admit(SIGNERS[number].public, f"n{number}", ""))

    def propose(self, *electors: int, stamp: int = 0) -> Operation:
        """Opens a round; returns the vote that accepts."""
        nodes = sorted(SIGNERS[one].node_id for one in electors)
        said = Publish(tuple(Elector(node, 1) for node in nodes))
        proposal = Propose(BELIEF, 1, Rules(), electorate_id(said.electors), 1_000)
        self.say(electors[0], said, proposal, stamp=stamp)
        return Votes((Vote(round_id(proposal), YES),))

    def proof(self) -> Proof:
        before = 0
        known = Known(TOLD)
        nodes: list[NodeId] = []
        excerpts: list[Excerpt] = []
        for block in self.blocks:
            author = nodes.index(block.author) if nodes else 0
            places = range(block.header.operation_count)
            excerpts.append(excerpt_of(block, places, author, before, known))
            before = block.header.stamp
            nodes += [
                node_id(one.public_key)
                for one in read_operations(block.body)
                if isinstance(one, Found | Admit | Appoint | Vouch)
            ]
        return Proof(PROOF_VERSION, tuple(excerpts))


class Forgery(NamedTuple):
    """A proof, what a liar writes around it, and what stops it."""

    code: str
    place: Any
    check: str
    without: Any
    """Stands in for the check when it is taken away."""
    proof: Proof
    fields: dict[str, Any] | None = None
    trust: Trust = TRUST

    def text(self) -> bytes:
        """The certificate; can be made only where the check is away."""
        state = verifying.fold(self.proof, FLEET, TOLD, CATEGORY)
        (found,) = list(state.rounds)
        stated = describe(state, found, (CATEGORY, STATEMENT), self.proof)
        return write_certificate(msgspec.structs.replace(stated, **(self.fields or {})))


def nothing(*_: Any, **__: Any) -> None:
    """A check that never refuses."""


def honest() -> Proof:
    """Three members, all of whom accept."""
    forger = Forger()
    vote = forger.propose(0, 1, 2)
    for number in range(3):
        forger.say(number, vote)
    return forger.proof()


def another_fleet() -> Forgery:
    trust = Trust(FleetId(b"f" * 16))
    return Forgery("wrong-fleet", verifying, "check_fleet", nothing, honest(), None, trust)


def another_founder() -> Forgery:
    trust = Trust(FLEET, SIGNERS[3].public)
    return Forgery("wrong-fleet", verifying, "check_founder", nothing, honest(), None, trust)


def a_signature_of_another_block() -> Forgery:
    proof = honest()
    first, *_, last = proof.excerpts
    seal = last.seal[:-64] + first.seal[-64:]
    forged = msgspec.structs.replace(last, seal=seal)
    proof = msgspec.structs.replace(proof, excerpts=(*proof.excerpts[:-1], forged))
    return Forgery("bad-signature", verifying, "check_signature", nothing, proof)


def few_votes() -> Forgery:
    forger = Forger()
    vote = forger.propose(0, 1, 2)
    forger.say(1, vote)
    return Forgery(
        "certificate-unproved", verifying, "decided_round",
        lambda state, _: next(iter(state.rounds)), forger.proof(), {"outcome": "rejected"},
    )  # fmt: skip


def other_words() -> Forgery:
    words = {"statement": "the south gate is open"}
    return Forgery("certificate-altered", verifying, "check_statement", nothing, honest(), words)


def words_in_capitals() -> Forgery:
    words = {"statement": STATEMENT.upper()}
    return Forgery("certificate-altered", verifying, "statement_of", str, honest(), words)


def a_higher_tally() -> Forgery:
    words = {"value": 4, "voted": 4, "electors": 4}
    return Forgery("certificate-altered", verifying, "check_stated", nothing, honest(), words)


def an_electorate_without_others() -> Forgery:
    """One member alone decides; the founder, whom the proof must show, is left out."""
    forger = Forger(2)
    forger.say(1, forger.propose(1))
    return Forgery(
        "certificate-unproved",
        credimus.state.voting.rounds,
        "is_fair",
        lambda *_: True,
        forger.proof(),
    )


def an_elector_who_came_later() -> Forgery:
    """Its admission is shown before the proposal, and was made after it."""
    forger = Forger(2)
    forger.say(0, Admit(SIGNERS[2].public, "n2", ""), stamp=(WALL_MS + 100) << 16)
    vote = forger.propose(1, 0, 2)
    for number in (0, 1, 2):
        forger.say(number, vote, stamp=(WALL_MS + 200 + number) << 16)
    return Forgery("certificate-disordered", verifying, "check_order", nothing, forger.proof())


def an_admission_by_one_who_left() -> Forgery:
    forger = Forger(2)
    forger.say(1, Leave("gone"))
    forger.admit(1, 2)
    vote = forger.propose(0, 2)
    forger.say(0, vote)
    forger.say(2, vote)
    true_check = Roster.check

    def check(self: Roster, header: Any, operations: Any, past: Any) -> bytes:
        return self.keys.get(header.author) or true_check(self, header, operations, past)

    return Forgery("not-a-member", Roster, "check", check, forger.proof())


def operations_in_another_order() -> Forgery:
    """The electorate is published behind the proposal, and not before it as was signed."""
    proof = honest()
    at = next(at for at, one in enumerate(proof.excerpts) if len(one.shown) == 4)
    shown = proof.excerpts[at].shown
    forged = msgspec.structs.replace(proof.excerpts[at], shown=(*shown[2:], *shown[:2]))
    excerpts = (*proof.excerpts[:at], forged, *proof.excerpts[at + 1 :])
    proof = msgspec.structs.replace(proof, excerpts=excerpts)
    return Forgery("malformed", excerpt, "check_places", nothing, proof)


FORGERIES: tuple[Callable[[], Forgery], ...] = (
    another_fleet, another_founder, a_signature_of_another_block, few_votes, other_words,
    words_in_capitals, a_higher_tally, an_electorate_without_others, an_elector_who_came_later,
    an_admission_by_one_who_left, operations_in_another_order,
)  # fmt: skip


def test_what_is_honest_passes() -> None:
    plain = Forgery("", verifying, "", nothing, honest())
    assert verify(plain.text(), TRUST).certificate.outcome == "accepted"


def test_a_founding_is_the_first_operation_of_its_block() -> None:
    found = Found("harbour", NONCE, SIGNERS[0].public, "n0", "")
    block = make_block(SIGNERS[0], [Assert(1, "x", "general", 1), found], header_fleet=FLEET)
    for places in ((1,), (0, 1)):
        shown = excerpt_of(block, places, 0, 0, Known(TOLD))
        with pytest.raises(PeerFault) as told:
            verifying.fold(Proof(PROOF_VERSION, (shown,)), FLEET, TOLD, CATEGORY)
        assert told.value.code == "not-a-member"
    with pytest.raises(PeerFault) as told:
        verifying.fold(
            Proof(PROOF_VERSION, (Excerpt(0, 1, 1, 0, 0, (), b""),)), FLEET, TOLD, CATEGORY
        )
    assert told.value.code == "malformed"


def test_who_leaves_after_voting_has_voted() -> None:
    forger = Forger()
    vote = forger.propose(0, 1, 2)
    for number in range(3):
        forger.say(number, vote)
    forger.say(2, Leave("gone"))
    text = Forgery("", verifying, "", nothing, forger.proof()).text()
    left = SIGNERS[2].node_id
    assert {one.node: one.admitted_by for one in verify(text, TRUST).voters}[left] == ""


def test_one_member_can_make_up_others() -> None:
    """What no certificate can tell (docs/protocol/certificates.md): whom a member should not have
    admitted. Its reader sees who vouched for whom."""
    forger = Forger(2)
    for number in (2, 3, 4, 5):
        forger.admit(1, number)
    vote = forger.propose(1, 0, 2, 3, 4, 5)
    for number in (1, 2, 3, 4, 5):
        forger.say(number, vote)
    text = Forgery("", verifying, "", nothing, forger.proof()).text()
    voters = verify(text, TRUST).voters
    assert sorted(one.admitted_by for one in voters) == ["n0", "n1", "n1", "n1", "n1"]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda one: one.__name__)
def test_a_forgery_is_stopped_by_its_check_and_by_no_other(
    forge: Callable[[], Forgery], monkeypatch: pytest.MonkeyPatch
) -> None:
    forgery = forge()
    with monkeypatch.context() as patch:
        patch.setattr(forgery.place, forgery.check, forgery.without)
        text = forgery.text()
        if forgery.check == "check_fleet":  # the founding would stop it too, in other words
            with pytest.raises(PeerFault, match="founds another fleet"):
                verify(text, forgery.trust)
        else:
            assert verify(text, forgery.trust)
    with pytest.raises(PeerFault) as told:
        verify(text, forgery.trust)
    assert told.value.code == forgery.code


def test_every_check_of_the_verifier_has_its_forgery() -> None:
    checks = {name for name in (*vars(verifying), *vars(excerpt)) if name.startswith("check_")}
    assert checks <= {forge().check for forge in FORGERIES}
