"""Every operation becomes an entry that says what it did."""

from typing import get_args

from credimus.kernel.ids import BlockId, FleetId, NodeId
from credimus.lace.frontier import CutHead
from credimus.runtime.audit.entries import entries_of
from credimus.runtime.audit.kinds import Kind
from credimus.state.fleet import FleetState
from credimus.state.keeping_operations import Attest, Certify, Enclose, Quote, ReaderBox
from credimus.state.member_operations import (
    AdmissionRule,
    Appoint,
    CategoryLimit,
    Charter,
    Exhibit,
    Expel,
    Expose,
    Limit,
    Powers,
    Rotate,
    Vouch,
)
from credimus.state.operations import (
    Admit,
    Assert,
    Choice,
    Close,
    Conclude,
    Conclusion,
    Elector,
    Found,
    Leave,
    Propose,
    Publish,
    Reconcile,
    Refuse,
    Relate,
    Relation,
    Retract,
    Rules,
    Strategy,
    Vote,
    Votes,
    Withdraw,
)

ID, OTHER = b"\x01" * 16, b"\x02" * 16
OPERATIONS = [
    Found("harbour", ID, bytes(32), "n0", ""),
    Admit(bytes(32), "n1", "10.0.0.7:7447"),
    Leave("retired"),
    Charter(AdmissionRule.QUORUM, 3, 5),
    Appoint(bytes(32), "n2", "", Powers(admit=False)),
    Rotate(bytes(32), bytes(64)),
    Expose(bytes(32), Exhibit(b"", bytes(64)), Exhibit(b"", bytes(64))),
    Expel(ID, "stolen", by_evidence=True),
    Assert(1, "it rains " * 40, "observation", 900_000),
    Relate(2, ID, Relation.DEPENDS_ON, OTHER),
    Retract((1, 2), "wrong gauge"),
    Publish((Elector(ID, 1),)),
    Propose(ID, 1, Rules(), OTHER, 5_000),
    Votes((Vote(ID, Choice.ACCEPT), Vote(OTHER, Choice.REJECT, 500_000, "the gauge is broken"))),
    Refuse(ID, "not the fleet"),
    Close(ID),
    Quote(bytes(32), Exhibit(b"", bytes(64))),
    Conclude((Conclusion(ID, Choice.REJECT, b"", b"", b""),)),
    Reconcile((ID, OTHER), (ID, OTHER), Strategy.LAST_WRITER),
    Withdraw((ID, OTHER), (ID, OTHER), Strategy.LAST_WRITER),
    Enclose(ID, OTHER, bytes(32), (ReaderBox(ID, bytes(48)),)),
    Attest(b"", 0, (CutHead(NodeId(ID), 1, 1, 0, BlockId(bytes(32))),), (ID,), 0, bytes(32)),
    Certify(b"", 0, bytes(32)),
    Limit((CategoryLimit("alarm", 60, 5),)),
    Vouch(bytes(32), "n1"),
]


def test_every_kind_of_operation_has_an_entry() -> None:
    found = entries_of(OPERATIONS, FleetState(FleetId(bytes(16))))
    assert {one.kind for one in found} == set(get_args(Kind))
    assert [one.place for one in found] == list(range(len(OPERATIONS) + 1))
    assert [one.index for one in found] == sorted([*range(len(OPERATIONS)), 13])
    said = [one.summary for one in found]
    assert said[1].startswith("admitted n1 (")
    assert said[2] == "left the fleet: retired"
    assert said[3] == "admission by quorum of 3, at most 5 a day each"
    assert said[7] == "said that 010101010101 is to go, by evidence: stolen"
    assert said[8].endswith("…")
    assert "depends on" in said[9]
    assert said[10] == "took back 2 claims: wrong gauge"
    assert said[14] == "voted reject, confidence 0.5: the gauge is broken"
    assert said[-9].startswith("quoted ")
    assert said[-8] == "recorded the verdict: rejected"
    assert said[-7].endswith("accepted apart: last writer")
    assert said[-6].startswith("took back how it had reconciled")
    assert (found[-6].belief, found[-6].other) == (ID, OTHER)
    assert said[-5] == "let 1 member read an enclosed belief"
    assert said[-2] == "limited what each member states: alarm 60 an hour, 5 at once"
    assert said[-1].startswith("vouched that n1 (")
    assert all(len(text) < 200 for text in said)


def test_a_relation_is_of_both_beliefs_and_rounds_are_named() -> None:
    found = entries_of(OPERATIONS, FleetState(FleetId(bytes(16))))
    assert (found[9].belief, found[9].other) == (ID, OTHER)
    assert found[12].round is not None
    assert found[12].belief == ID
    assert (found[13].round, found[13].belief) == (ID, None), "the round is not known here"
