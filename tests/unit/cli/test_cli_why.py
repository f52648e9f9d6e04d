"""An explanation on the terminal: what a person reads, and what it leaves out."""

import msgspec
import pytest
from rich.console import Console

from credimus.cli.why import SHOWN_MAX, show, tree_of
from credimus.why.explanation import (
    Answer,
    Attempt,
    Cast,
    Change,
    Closing,
    Explanation,
    History,
    Item,
    ReconciledWith,
    Related,
    RoundExplained,
    Spare,
    Stated,
    Tally,
    Voter,
    Who,
)

NAMES = ("dispatch", "hydro", "medic", "depot", "drone")
MEMBERS = [Who(id=f"{number:032x}", name=name) for number, name in enumerate(NAMES)]


def voter(who: Who, *choices: str, reason: str = "", refusal: str | None = None) -> Voter:
    answers = [
        Answer(choice=one, value=1, confidence=0.9, reason=reason, voted_ms=1, block="b")  # type: ignore[arg-type]
        for one in choices
    ]
    return Voter(
        elector=who, weight=500_000, sensitivity=None, specificity=None, answers=answers,
        refusal=refusal,
    )  # fmt: skip


ROUND = RoundExplained(
    id="a" * 32, attempt=1, verdict="accepted", decides=True, scheme="byzantine",
    aggregation="equal", proposers=MEMBERS[:1], opened_ms=1_700_000_000_000,
    due_ms=1_700_000_005_000,
    tally=Tally(unit="votes", accept=4, reject=1, most=5, needed=4,
                threshold="more than two thirds of 5", answered=5, quorum=3, electors=5),
    spare=Spare(value=0, votes=0),
    voters=[*(voter(who, "accept", reason="seen") for who in MEMBERS[:4]),
            voter(MEMBERS[4], "reject", reason="a \x1b[31mred\x1b[0m [bold]roof[/bold]")],
    dissent=MEMBERS[4:], waiting=[], refused=[], culprits=[], closings=[], recorded=[], unread=0,
)  # fmt: skip
TOLD = Explanation(
    belief="3f9c02aa" * 4, content="the roof holds", category="observation", verdict="accepted",
    confidence=0.9, credence=0.972, votes=5, witnesses_effective=4,
    asserted_ms=1_700_000_000_000,
    assertions=[Stated(author=MEMBERS[0], confidence=0.9, asserted_ms=1, ttl_ms=0,
                       evidence=[Item(kind="camera", content="frame 81")])],
    rounds=[ROUND], rounds_left_out=0,
    history=History(leans_on=["c" * 32], leans_on_through=[], left_out=2, related=[
        Related(id="c" * 32, content="no snow", verdict=None, relations=["it depends on"],
                order="before")]),
    reconciled=[ReconciledWith(other="d" * 32, effect="superseded", strategy="last_writer",
                               by=MEMBERS[0], why="the other was put to the vote later")],
    changes=[Change(verdict="contested", round="a" * 32, outcome="contested", value=3, answers=0,
                    contradicting=3, closing=None, votes=[
                        Cast(elector=who, choice="reject", value=1, contradicts=True)
                        for who in MEMBERS[:3]])],
    next_attempt=Attempt(number=2, by=["proposal"], blocked=None),
)  # fmt: skip


def shown(told: Explanation) -> str:
    console = Console(width=160, color_system=None)
    with console.capture() as seen:
        console.print(tree_of(told))
    return seen.get()


def test_the_tree_says_who_what_and_why() -> None:
    text = shown(TOLD)
    for words in (
        "superseded beside dddddddddddd, accepted apart: the other was put to the vote later",
        "(last writer, by dispatch)",
        "accepted  the roof holds",
        "dispatch, confidence 0.90",
        "camera: frame 81",
        "attempt 1 by dispatch: accepted, 0 votes more than it needs",
        "4 accept, 1 reject; needs 4 to decide (byzantine: more than two thirds of 5)",
        "hydro: accept (0.90): seen",
        "leans on cccccccccccc (it depends on; before) not proposed no snow",
        "2 further ones, not looked at",
        "contested: 3 more to reject, contradicting themselves: dispatch, hydro, medic",
        "a new vote: attempt 2, by a proposal of anybody",
    ):
        assert words in text
    assert text.index("drone: reject") < text.index("hydro: accept"), "dissent comes first"


def test_what_a_peer_wrote_is_neither_code_nor_markup() -> None:
    text = shown(TOLD)
    assert "\x1b" not in text
    assert "[bold]roof[/bold]" in text


def test_a_large_electorate_is_cut_short_and_counted() -> None:
    many = [Who(id=f"{number:032x}", name=f"n{number}") for number in range(40)]
    one = msgspec.structs.replace(
        ROUND, voters=[voter(who, "accept") for who in many], dissent=[], waiting=many[:30]
    )
    text = shown(msgspec.structs.replace(TOLD, rounds=[one], changes=[]))
    assert text.count(": accept (") == SHOWN_MAX
    assert "and 28 more" in text
    assert "and 18 more" in text


def test_refusals_contradictions_closings_and_the_unread_are_told() -> None:
    refusing = voter(MEMBERS[1], refusal="electorate holds a stranger")
    one = msgspec.structs.replace(
        ROUND, verdict="open", spare=None, voters=[voter(MEMBERS[0], "accept", "reject"), refusing],
        culprits=MEMBERS[:1], waiting=MEMBERS[2:], unread=2,
    )  # fmt: skip
    expiry = Change(
        verdict="expired", round="a" * 32, outcome="expired", value=0, answers=0, contradicting=0,
        votes=[], closing=Closing(by=MEMBERS[:2], not_before_ms=1_700_000_005_000),
    )  # fmt: skip
    contest = msgspec.structs.replace(
        expiry, verdict="contested", closing=Closing(by=MEMBERS[:1], not_before_ms=0)
    )
    blocked = Attempt(number=2, by=[], blocked="round-open")
    text = shown(
        msgspec.structs.replace(
            TOLD, verdict="open", rounds=[one], changes=[expiry, contest], next_attempt=blocked
        )
    )
    for words in (
        "dispatch: accept (0.90) and reject (0.90)",
        "hydro: refused: electorate holds a stranger",
        "contradicted themselves: dispatch",
        "not answered: medic, depot, drone",
        "2 votes lie too far back",
        "by dispatch or hydro",
        "contested: a second, different closing by dispatch",
        "none while a round is open",
    ):
        assert words in text


def test_on_a_pipe_it_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    show(TOLD)
    seen = capsys.readouterr().out
    assert "accepted  the roof holds" in seen
    assert "\x1b" not in seen
