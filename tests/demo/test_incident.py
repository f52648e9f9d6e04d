"""The incident that ships: what it promises follows from who knows what, in any weather."""

from collections import Counter

import pytest
from rehearsal import ROUGH, Rehearsal

from credimus.demo.reading import example_path, read_scenario
from credimus.state.categories import CATEGORIES

INCIDENT = read_scenario(example_path())


def test_the_incident_is_as_rich_as_promised() -> None:
    statements = INCIDENT.statement
    verdicts = Counter(one.expect for one in statements)
    asserting = {name for one in statements for name in one.by}
    assert len(statements) >= 60
    assert min(verdicts.values()) >= 5
    assert len(verdicts) == 3
    assert {one.category for one in statements} >= set(CATEGORIES)
    assert asserting == set(INCIDENT.names)
    assert len(asserting) == 5
    assert any(len(one.by) > 1 for one in statements)
    assert any(one.later for one in statements)
    assert INCIDENT.kill
    assert INCIDENT.cut
    assert INCIDENT.retraction
    assert INCIDENT.relation


@pytest.mark.parametrize("weather", [None, ROUGH], ids=["calm", "rough"])
@pytest.mark.parametrize("seed", [b"1", b"2", b"3"])
def test_every_expected_verdict_follows_from_what_the_nodes_know(seed: bytes, weather) -> None:
    played = Rehearsal(INCIDENT, seed, weather)
    played.play()
    assert played.fleet.agree()
    assert played.fleet.refused == {}
    expected = {one.id: one.expect for one in INCIDENT.statement}
    for place in played.fleet.places:
        assert played.verdicts(place) == expected
    for handle in INCIDENT.retracted():
        belief = played.belief(INCIDENT.find(handle))
        assert not played.node(0).state.beliefs.assertions(belief)
