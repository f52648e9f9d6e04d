"""Rules: the first whose conditions all hold answers; chains: the first that answers gives it."""

import pytest
from by_hand import Fleet

from credimus.node.commands import AssertBelief
from credimus.protocol.voting.chain import Chain
from credimus.protocol.voting.interface import Answer, Ballot, Left, Question
from credimus.protocol.voting.rulebook import Rule, Rulebook, words_of
from credimus.state.identity import belief_id
from credimus.state.operations import Choice
from strategies import MEMBERS

NO = Ballot(Choice.REJECT, reason="by rule")
YES = Ballot(Choice.ACCEPT, reason="by rule")
TEXT = "The Arden rises: 6.84 m"
FLOOD = Question(MEMBERS[0], b"r" * 16, belief_id(TEXT, "water"), TEXT, "water")


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """The second of two nodes, without a name, says it with a confidence of 0.8."""
    two = Fleet(2)
    two.nodes[1].execute(AssertBelief(content=TEXT, category="water", confidence=800_000), two.now)
    two.settle()
    return two


def answer(fleet: Fleet, *rules: Rule, question: Question = FLOOD) -> Answer:
    return Rulebook(fleet.nodes[0].state, rules).consider(question)


def test_a_rule_without_conditions_always_holds(fleet: Fleet) -> None:
    assert answer(fleet, Rule(answer=NO)) is NO
    assert answer(fleet) is Left.NEXT


def test_the_first_match_wins(fleet: Fleet) -> None:
    other = Rule(answer=NO, categories=frozenset({"fire"}))
    assert answer(fleet, other, Rule(answer=YES), Rule(answer=NO)) is YES


@pytest.mark.parametrize(
    ("keywords", "holds"),
    [
        (("arden",), True),
        (("ARDEN rises",), True),
        (("fire", "arden"), True),
        (("ard",), False),
        (("rise",), False),
        (("6",), True),
        (("arden 6",), False),
    ],
)
def test_keywords_are_whole_words_in_any_case(
    fleet: Fleet, keywords: tuple[str, ...], holds: bool
) -> None:
    rule = Rule(answer=NO, keywords=tuple(words_of(word) for word in keywords))
    assert (answer(fleet, rule) is NO) is holds


def test_words_are_compared_in_composed_form_and_one_case() -> None:
    assert words_of("  Stra\u00dfe, Ha\u0308fen!") == " strasse h\u00e4fen "


@pytest.mark.parametrize(
    ("sources", "low", "high", "holds"),
    [
        ({MEMBERS[1].hex()}, 0, 1_000_000, True),
        ({MEMBERS[0].hex()}, 0, 1_000_000, False),
        ({"n0"}, 0, 1_000_000, False),
        (set(), 800_000, 900_000, True),
        (set(), 0, 799_999, False),
        ({MEMBERS[1].hex()}, 0, 500_000, False),
    ],
)
def test_source_and_confidence_speak_of_one_assertion(
    fleet: Fleet, sources: set[str], low: int, high: int, holds: bool
) -> None:
    rule = Rule(answer=NO, sources=frozenset(sources), confidence_min=low, confidence_max=high)
    assert (answer(fleet, rule) is NO) is holds


def test_what_the_elector_says_in_the_same_block_is_an_assertion(fleet: Fleet) -> None:
    rule = Rule(answer=NO, sources=frozenset({"n0"}), confidence_max=400_000)
    doubted = Question(MEMBERS[0], b"r" * 16, b"b" * 16, "new", "water", 300_000)
    assert answer(fleet, rule, question=doubted) is NO
    assert answer(fleet, rule) is Left.NEXT


def test_a_chain_stops_at_the_first_answer() -> None:
    def step(answer: Answer, heard: list[Answer]):
        return lambda _: heard.append(answer) or answer

    for answers, ballot in (
        ([Left.NEXT, YES, NO], YES),
        ([Left.NEXT, Left.OPEN, YES], None),
        ([Left.NEXT], None),
        ([], None),
    ):
        heard: list[Answer] = []
        assert Chain([step(one, heard) for one in answers]).evaluate(FLOOD) == ballot
        assert heard == answers[: len(heard)]
