"""Skill: who is right, from nothing but who answered what. Small made-up crowds."""

import random
from collections.abc import Sequence

import pytest

from credimus.kernel.odds import BILLION
from credimus.state.operations import SKILL_MIN
from credimus.state.opinion.echo import DISSENTS_MIN, echoes_of
from credimus.state.opinion.skill import NOTHING_KNOWN, UNKNOWN, Item, estimated

GOOD, FAIR, COIN, LIAR = 0.95, 0.7, 0.5, 0.05


def crowd(rights: Sequence[float], count: int, seed: int = 1) -> tuple[list[Item], list[bool]]:
    """Items that workers answer, each right so often; and what is true."""
    chance = random.Random(seed)
    truth = [chance.random() < 0.4 for _ in range(count)]
    items = []
    for number, holds in enumerate(truth):
        sides: tuple[list[bytes], list[bytes]] = [], []
        for worker, right in enumerate(rights):
            says = holds if chance.random() < right else not holds
            sides[not says].append(b"%02d" % worker)
        items.append(Item(b"%d" % number, *sides))
    return items, truth


def right_share(items: list[Item], truth: list[bool], **how: object) -> float:
    skills = estimated(items, **how)  # type: ignore[arg-type]
    judged = [2 * skills.credence(item.name) > BILLION for item in items]
    return sum(one is holds for one, holds in zip(judged, truth, strict=True)) / len(truth)


def majority_share(items: list[Item], truth: list[bool]) -> float:
    judged = [len(item.accept) > len(item.reject) for item in items]
    return sum(one is holds for one, holds in zip(judged, truth, strict=True)) / len(truth)


def test_who_is_right_more_often_is_found_out_and_counts_for_more() -> None:
    items, truth = crowd((GOOD, GOOD, COIN, COIN, COIN, COIN, COIN), 400)
    skills = estimated(items)
    for worker, right in ((b"00", GOOD), (b"01", GOOD), (b"02", COIN), (b"06", COIN)):
        skill = skills.of(worker)
        assert skill.sensitivity / 1_000_000 == pytest.approx(right, abs=0.09)
        assert skill.specificity / 1_000_000 == pytest.approx(right, abs=0.09)
    assert right_share(items, truth) > majority_share(items, truth) + 0.1


def test_the_answers_of_a_liar_are_turned_round() -> None:
    items, truth = crowd((GOOD, FAIR, FAIR, FAIR, LIAR), 300)
    liar = estimated(items).of(b"04")
    assert liar.sensitivity < 250_000
    assert right_share(items, truth) > 0.93


def test_the_order_of_items_and_answers_can_not_be_seen() -> None:
    items, _ = crowd((GOOD, FAIR, FAIR, COIN, LIAR), 60)
    first, chance = estimated(items), random.Random(7)
    echoes = echoes_of(items)
    for _ in range(100):
        mixed = [
            Item(item.name, *(chance.sample(side, len(side)) for side in item[1:]))
            for item in chance.sample(items, len(items))
        ]
        assert estimated(mixed) == first
        assert echoes_of(mixed) == echoes


def test_of_nobody_anything_is_known_at_first() -> None:
    assert estimated([]) is NOTHING_KNOWN
    assert NOTHING_KNOWN.of(b"x") is UNKNOWN
    assert NOTHING_KNOWN.credence(b"x") == BILLION // 2


def test_nobody_is_taken_to_be_always_right() -> None:
    items = [Item(b"%d" % one, [b"a", b"b"], []) for one in range(30_000)]
    skill = estimated(items).of(b"a")
    assert skill.sensitivity == 1_000_000 - SKILL_MIN


def echoing(count: int, liars: int, seed: int = 3) -> tuple[list[Item], list[bool]]:
    """Ten who are right in four of five cases, and some who repeat one coin."""
    items, truth = crowd([0.8] * 10, count, seed)
    chance = random.Random(seed + 1)
    copied = []
    for item in items:
        side = chance.random() < 0.5
        voices = [b"L%d" % one for one in range(liars)]
        copied.append(
            Item(
                item.name,
                [*item.accept, *(voices if side else [])],
                [*item.reject, *([] if side else voices)],
            )
        )
    return copied, truth


def test_an_echo_is_no_corroboration() -> None:
    items, truth = echoing(200, 5)
    echoes = echoes_of(items)
    assert sorted(echoes) == [b"L%d" % one for one in range(5)]
    assert len(set(echoes.values())) == 1
    assert right_share(items, truth, echoes=echoes) < 0.7  # they are found right, by each other
    assert right_share(items, truth, echoes=echoes, shared=True) > 0.9


def test_workers_that_are_only_good_do_not_echo() -> None:
    items, _ = crowd([GOOD] * 5 + [FAIR] * 5, 400)
    assert echoes_of(items) == {}


def test_a_few_common_dissents_are_not_enough() -> None:
    few, _ = echoing(DISSENTS_MIN - 1, 5)
    assert echoes_of(few) == {}


def test_only_so_many_members_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    items, _ = echoing(200, 5)
    monkeypatch.setattr("credimus.state.opinion.echo.MEMBERS_MAX", 3)
    assert len(echoes_of(items)) <= 3
