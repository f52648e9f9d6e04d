"""Who can decide a statement at once, and whom it has to wait for."""

import pytest

from credimus.demo.foresight import TOO_FEW, Absence, votes_needed, waits_for
from credimus.demo.reading import example_path, read_scenario
from credimus.demo.scenario import Member, Scenario, Statement

NAMES = ("a", "b", "c", "d", "e")
DEAD = (Absence(node="b", why="b is dead", begin=1.0, end=3.0),)


def scenario(known: str = "", denied: str = "", confidence: float = 1.0) -> Scenario:
    statement = Statement(
        id="gate", says="The gate is open", by=("a",), at=2.0, confidence=confidence,
        known=dict.fromkeys(known, "seen"), denied=dict.fromkeys(denied, "seen"),
        expect="accepted",
    )  # fmt: skip
    node = tuple(Member(name=name, role="one") for name in NAMES)
    return Scenario(title="small", fleet="small", node=node, statement=(statement,))


@pytest.mark.parametrize(
    ("nodes", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5)]
)
def test_more_than_two_thirds_decide(nodes: int, needed: int) -> None:
    made = scenario()
    members = tuple(Member(name=f"n{i}", role="one") for i in range(nodes))
    made = Scenario(title="s", fleet="s", node=members, statement=made.statement)
    assert votes_needed(made) == needed


@pytest.mark.parametrize(
    ("made", "absences", "why"),
    [
        (scenario(known="bcd"), (), None),
        (scenario(known="bc"), (), TOO_FEW),
        (scenario(known="bcd"), DEAD, "b is dead"),
        (scenario(known="bcde"), DEAD, None),
        (scenario(known="cde"), DEAD, None),
        (scenario(denied="bcde"), DEAD, "b is dead"),
        (scenario(denied="cde", confidence=0.2), DEAD, None),
        (scenario(known="bcd"), (Absence(node="b", why="", begin=5.0),), None),
        (
            scenario(known="bcd"),
            (Absence(node="a", why="a is cut off", begin=1.0),),
            "a is cut off",
        ),
    ],
)
def test_a_statement_waits_for_who_is_away(
    made: Scenario, absences: tuple[Absence, ...], why: str | None
) -> None:
    assert waits_for(made, made.statement[0], absences) == why


def test_most_of_the_incident_is_decided_at_once() -> None:
    incident = read_scenario(example_path())
    reasons = [waits_for(incident, one) for one in incident.statement]
    assert reasons.count(TOO_FEW) == len([one for one in incident.statement if one.expect ==
                                          "expired"]) + 2  # fmt: skip
