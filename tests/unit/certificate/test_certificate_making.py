"""Certificates of every kind of round; and what gets none."""

import msgspec
import pytest

import decisions
from credimus.certificate import Certificate, Trust, make_certificate, verify
from credimus.kernel import limits
from credimus.kernel.errors import Conflict
from credimus.state.operations import Rules, Scheme
from credimus.state.voting.verdict import Verdict
from decisions import BELIEF, CATEGORY, NO, SCENES, STATEMENT, YES, History


@pytest.mark.parametrize("scene", SCENES, ids=lambda one: one.__name__)
def test_a_verdict_is_proved_by_its_certificate_alone(scene: decisions.Scene) -> None:
    history = scene()
    verdict = history.state.rounds.verdict(BELIEF)
    verified = verify(history.certificate(), history.trust)
    stated = verified.certificate
    assert verdict is not None
    assert stated.outcome == verdict.word
    assert (stated.statement, stated.category) == (STATEMENT, CATEGORY)
    assert stated.belief == BELIEF.hex()
    assert stated.value >= stated.value_needed
    assert stated.voted >= stated.quorum
    assert verify(history.certificate(), Trust(history.fleet)) == verified


def test_what_a_certificate_says() -> None:
    history = decisions.accepted()
    text = history.certificate()
    stated = msgspec.json.decode(text, type=Certificate)
    assert msgspec.structs.asdict(stated) | {"round": "", "proof": ""} == {
        "certificate": 4,
        "fleet": history.fleet.hex(),
        "fleet_name": "harbour",
        "belief": BELIEF.hex(),
        "category": CATEGORY,
        "statement": STATEMENT,
        "round": "",
        "attempt": 1,
        "opened_ms": 1_700_000_000_005,
        "outcome": "accepted",
        "scheme": "byzantine",
        "threshold": "more than 2/3",
        "aggregation": "equal",
        "value": 3,
        "value_needed": 3,
        "value_max": 4,
        "voted": 3,
        "quorum": 3,
        "electors": 4,
        "proof": "",
    }
    assert text == make_certificate(history.archive, history.state.beliefs.get(BELIEF))  # type: ignore[arg-type]
    assert text.endswith(b"\n}\n")


def test_who_answered_is_told_by_name() -> None:
    verified = verify(decisions.accepted().certificate(), decisions.accepted().trust)
    assert sorted(one.name for one in verified.voters) == ["n1", "n2", "n3"]
    assert {one.choice for one in verified.voters} == {"accept"}
    assert {one.admitted_by for one in verified.voters} == {"n0"}
    past = decisions.with_a_past()
    told = verify(past.certificate(), past.trust).voters
    assert {one.name: one.admitted_by for one in told} == {
        "n1": past.heads[0].author[:6].hex(), "n2": "n1", "n3": "n2",
    }  # fmt: skip
    assert verified.silent == ["n0"]
    assert len(verified.unproved) == 4


def test_no_more_votes_are_shown_than_decide() -> None:
    history = decisions.accepted()
    proposal = history.propose(1)
    history.vote(0, proposal)
    assert len(verify(history.certificate(), history.trust).voters) == 3
    heavy = decisions.by_weight()  # two decide, the quorum wants a third
    voters = verify(heavy.certificate(), heavy.trust).voters
    assert sorted(one.name for one in voters) == ["n0", "n1", "n2"]


def test_what_the_proposer_decides_is_told() -> None:
    weighed, closed = decisions.by_weight(), decisions.by_turnout()
    assert "weights" in verify(weighed.certificate(), weighed.trust).unproved[-1]
    assert "closing" in verify(closed.certificate(), closed.trust).unproved[-1]
    stated = verify(closed.certificate(), closed.trust).certificate
    assert (stated.value, stated.value_needed, stated.value_max, stated.voted) == (2, 2, 3, 3)
    assert stated.threshold == "at least 3/5"


def test_every_node_makes_a_certificate_that_others_check() -> None:
    """The builder reads what it holds, in whatever order that came."""
    first, second = decisions.accepted(), History(members=1)
    second.ingress.take(next(iter(first.blocks.values())).wire, decisions.LATER_MS)
    for block in reversed(first.blocks.values()):
        second.ingress.take(block.wire, decisions.LATER_MS)
    for block in list(first.blocks.values()):
        second.ingress.take(block.wire, decisions.LATER_MS)
        second.blocks[block.id] = block
    assert second.state.fingerprint() == first.state.fingerprint()
    assert verify(second.certificate(), first.trust)


def refused(history: History) -> Conflict:
    with pytest.raises(Conflict) as told:
        history.certificate()
    return told.value


def test_what_is_not_decided_has_none() -> None:
    history = History()
    history.say(0, decisions.claim())
    assert (refused(history).code, "never proposed" in refused(history).message) == (
        "not-decided", True,
    )  # fmt: skip
    proposal = history.propose(1)
    history.vote(1, proposal)
    assert "is open" in refused(history).message
    history.close(1, proposal)
    assert history.state.rounds.verdict(BELIEF) is Verdict.EXPIRED
    assert "expired" in refused(history).message


def test_what_is_contested_has_none() -> None:
    history = History()
    proposal = history.propose(1, Rules(Scheme.MAJORITY))
    for number in (0, 1, 2):
        history.vote(number, proposal, YES)
        history.vote(number, proposal, NO)
    assert refused(history).code == "contested"
    assert "propose it again" in refused(history).message


def test_a_certificate_wins_over_an_expiry() -> None:
    history = decisions.accepted()
    proposal = history.propose(1)
    history.close(1, proposal)
    assert verify(history.certificate(), history.trust)


@pytest.mark.parametrize("place", [0, 1, 4, 5])
def test_blocks_that_are_gone_are_told(place: int) -> None:
    """The founding, an admission, the proposal, a vote that nothing can stand in for."""
    history = decisions.accepted()
    del history.blocks[list(history.blocks)[place]]
    told = refused(history)
    assert told.code == "not-certifiable"
    assert "another node" in told.message


def test_a_vote_that_is_gone_is_replaced() -> None:
    history = decisions.accepted()
    proposal = history.propose(1)
    history.vote(0, proposal)
    del history.blocks[list(history.blocks)[5]]
    assert verify(history.certificate(), history.trust)


def test_reading_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    history = decisions.among_much_else()
    for bound in ("CERTIFICATE_READS_MAX", "CERTIFICATE_SEARCH_MAX"):
        with monkeypatch.context() as patch:
            patch.setattr(limits, bound, 2 if bound == "CERTIFICATE_READS_MAX" else 0)
            assert refused(history).code == "not-certifiable"


def test_headers_written_in_another_form_are_passed_over() -> None:
    """Such blocks are legal; an excerpt could not give their bytes back."""
    history = decisions.accepted()
    proposal = history.propose(1)
    honest = history.make(0, *decisions.votes(proposal, YES))
    longer = decisions.lengthened(0, honest)
    history.take(0, longer)
    assert longer.header == honest.header
    assert longer.header_bytes != honest.header_bytes
    voters = verify(history.certificate(), history.trust).voters
    assert sorted(one.name for one in voters) == ["n1", "n2", "n3"]
