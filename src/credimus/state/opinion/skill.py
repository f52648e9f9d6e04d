"""Skill: how often each member accepts what is true and rejects what is false, and how credible
each belief is; both are worked out together from nothing but who answered what.

No truth is needed. Where members agree against one of them, that one was probably wrong; who is
seldom wrong counts for more, which tells better who was wrong, and so on until nothing changes.

Integers only: credences in billionths, skills in millionths, evidence in micro-nats. Sums of whole
numbers do not depend on the order of what is summed, so all nodes get the same to the last digit.

Source: Dawid and Skene, "Maximum likelihood estimation of observer error-rates", 1979; with the
prior skill of the design's section 6, that of a member drawn towards its own overall accuracy.
Departs: two rates for each member, each shrunk, and no confusion beyond true and false.
"""

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import NamedTuple

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import NodeId
from credimus.kernel.odds import BILLION, log_odds, probability
from credimus.state.operations import SKILL_MIN, Skill
from credimus.state.voting.electorates import UNKNOWN, evidence_of

TURNS = 40
"""How often credences and skills are worked out from each other, at most. [architecture.md]"""
ACCURACY_BEFORE = UNKNOWN.sensitivity
"""How often somebody is taken to be right of whom nothing is known, in millionths."""
ANSWERS_BEFORE = 2
"""Answers that this is worth. [architecture.md]"""
ANSWERS_OF_EACH_KIND_BEFORE = 4
"""Answers on true, and on false beliefs, that somebody's overall accuracy is worth. [likewise]"""


class Item(NamedTuple):
    """One belief's answers; whoever abstained or contradicted itself is in neither."""

    name: bytes
    accept: Sequence[NodeId]
    reject: Sequence[NodeId]


class Rated(NamedTuple):
    """What is known of one member."""

    skill: Skill
    answered: int
    """Its answers that skill was worked out from."""
    right: int
    """In billionths of an answer: the sum of the credences of what it said."""


class Skills(NamedTuple):
    """Members and beliefs, as some answers show them."""

    rated: Mapping[NodeId, Rated]
    prior: int
    """The share of beliefs that are true, in millionths."""
    log_odds: Mapping[bytes, int]
    """Of each item by name, in micro-nats."""
    echoes: Mapping[NodeId, int]
    """A number for each group of members that answer alike; alone in it who is not listed."""
    shared: bool
    """Whether those in a group share one voice."""

    def of(self, member: NodeId) -> Skill:
        """The skill of a member."""
        found = self.rated.get(member)
        return UNKNOWN if found is None else found.skill

    def credence(self, name: bytes) -> int:
        """How probable an item is, in billionths; as probable as any other when it is unknown."""
        return probability(self.log_odds.get(name, log_odds(self.prior)))


NOTHING_KNOWN = Skills({}, MILLION // 2, {}, {}, shared=False)


def estimated(
    items: Sequence[Item], echoes: Mapping[NodeId, int] | None = None, *, shared: bool = False
) -> Skills:
    """What the answers to some items show of those who gave them.

    Args:
        items: each with at least one answer, in any order.
        echoes: groups of members that answer alike.
        shared: whether each group has one voice in each item.

    Cost: 3 to 30 us an answer in all, by how many turns it takes and how few answers an item has;
    25,000 answers to 8,300 items take some 0.4 s. [measured]
    """
    if not items:
        return NOTHING_KNOWN
    fit = _Fit(items, echoes or {}, shared)
    before: list[int] = []
    for _ in range(TURNS):
        fit.rate()
        before, fit.credences = fit.credences, fit.judged()
        if fit.credences == before:  # whole numbers: nothing would ever change again
            break
    return fit.result()


class _Fit:
    """The state of one estimate. Members and items are numbers here."""

    def __init__(self, items: Sequence[Item], echoes: Mapping[NodeId, int], shared: bool) -> None:
        members = sorted({who for item in items for side in item[1:] for who in side})
        number = {member: i for i, member in enumerate(members)}
        self._members = members
        self._items = items
        self._echoes = echoes
        self._shared = shared
        self._accepted: list[list[int]] = [[] for _ in members]
        """The items that each member accepted."""
        self._rejected: list[list[int]] = [[] for _ in members]
        self._answers: list[list[int]] = []
        """By item: twice the member's number, and one more for a reject."""
        for i, item in enumerate(items):
            self._answers.append(
                [2 * number[who] for who in item.accept]
                + [2 * number[who] + 1 for who in item.reject]
            )
            for who in item.accept:
                self._accepted[number[who]].append(i)
            for who in item.reject:
                self._rejected[number[who]].append(i)
        self._shares = [self._shares_of(item) for item in items] if shared else []
        self._probability: dict[int, int] = {}
        self.prior = MILLION // 2
        self.log_odds: list[int] = []
        self.rated: list[Rated] = []
        self.credences = [self._share_of_accepts(i) for i in range(len(items))]

    def rate(self) -> None:
        """Work out prior and skills from the credences."""
        credence = self.credences.__getitem__
        count = len(self._items)
        self.rated = [
            _rated(
                sum(map(credence, accepted)), len(accepted),
                sum(map(credence, rejected)), len(rejected),
            )
            for accepted, rejected in zip(self._accepted, self._rejected, strict=True)
        ]  # fmt: skip
        total = sum(self.credences)
        self.prior = (BILLION + total) * MILLION // ((2 + count) * BILLION)

    def judged(self) -> list[int]:
        """The credences that prior and skills give."""
        evidence = [moved for one in self.rated for moved in evidence_of(one.skill)]
        start = log_odds(min(max(self.prior, 1), MILLION - 1))
        known = self._probability
        if self._shares:
            self.log_odds = [
                start + sum(evidence[answer] // share for answer, share in zip(*both, strict=True))
                for both in zip(self._answers, self._shares, strict=True)
            ]
        else:
            moved_by = evidence.__getitem__
            self.log_odds = [start + sum(map(moved_by, answers)) for answers in self._answers]
        for odds in self.log_odds:
            if odds not in known:
                known[odds] = probability(odds)
        return [known[odds] for odds in self.log_odds]

    def result(self) -> Skills:
        """What was found."""
        return Skills(
            dict(zip(self._members, self.rated, strict=True)),
            self.prior,
            {item.name: odds for item, odds in zip(self._items, self.log_odds, strict=True)},
            self._echoes,
            self._shared,
        )

    def _shares_of(self, item: Item) -> list[int]:
        """For each answer of an item, how many there share its voice."""
        groups = [self._echoes.get(who) for side in item[1:] for who in side]
        return [1 if group is None else groups.count(group) for group in groups]

    def _share_of_accepts(self, index: int) -> int:
        """Where it all begins: who accepts, out of all who answer."""
        answers = self._answers[index]
        if not self._shares:
            return sum(not answer & 1 for answer in answers) * BILLION // len(answers)
        voices = [BILLION // share for share in self._shares[index]]
        accepts = compress(voices, (not answer & 1 for answer in answers))
        return sum(accepts) * BILLION // sum(voices)


def _rated(accepted: int, accept_count: int, rejected: int, reject_count: int) -> Rated:
    """One member's skill.

    Args:
        accepted, rejected: the sums of the credences of what it accepted and rejected.
    """
    count = accept_count + reject_count
    right_of_false = reject_count * BILLION - rejected
    of_true, of_false = accepted + rejected, count * BILLION - accepted - rejected
    right = accepted + right_of_false
    accuracy = (right * MILLION + ANSWERS_BEFORE * ACCURACY_BEFORE * BILLION) // (
        (count + ANSWERS_BEFORE) * BILLION
    )
    before = ANSWERS_OF_EACH_KIND_BEFORE * BILLION
    skill = Skill(
        _bounded((accepted * MILLION + before * accuracy) // (of_true + before)),
        _bounded((right_of_false * MILLION + before * accuracy) // (of_false + before)),
    )
    return Rated(skill, count, right)


def _bounded(share: int) -> int:
    return min(max(share, SKILL_MIN), MILLION - SKILL_MIN)
