"""Conduct: how a member behaves in rounds, whatever is true: the seed's reputation.

    correct +0.01 · incorrect -0.005 · timely +0.005 · timeout -0.02 · byzantine -0.1, from 0.5

What raises and what lowers it are two sums (a PN-counter); they are put together, and held between
0 and 1, only when they are read. So the order in which anything came can not be seen, which it
could if each step were held between 0 and 1.

    correct     answered as a round was decided          incorrect   answered otherwise
    timely      answered by the stamp at which the last proposal's timeout had passed
    timeout     an elector of a closed round, past that stamp, that neither answered nor refused
    byzantine   gave two answers in a round, or closed it in two ways; or was exposed (for a fork,
                or for what these rounds do not show), which counts once

Who took a new key keeps its conduct: what all ids of a person did is put together.

An abstention is neither correct nor incorrect. A late answer turns a timeout into nothing.

Source: the requirement's section 2.2. Departs: a fleet younger than a day measures age against its
own, with an hour granted; by the seed nobody would have any weight on the first day.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from operator import add
from typing import NamedTuple

from credimus.kernel.fixed import MILLION
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import NodeId
from credimus.state.membership.law import EMPTY, Law
from credimus.state.voting.electorates import Electorate
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

INITIAL = 500_000
"""Conduct of who has done nothing yet, in millionths. [seed: 0.5]"""
CORRECT = 10_000
"""[seed: +0.01]"""
INCORRECT = -5_000
"""[seed: -0.005]"""
TIMELY = 5_000
"""[seed: +0.005]"""
TIMEOUT = -20_000
"""[seed: -0.02]"""
BYZANTINE = -100_000
"""[seed: -0.1]"""
BOOST_PER_VOTE = 1_000
"""Weight that each vote adds, for taking part. [seed: 0.001]"""
BOOST_MAX = 200_000
"""[seed: at most 0.2]"""
FULL_AGE_MS = 24 * 3_600_000
"""From this age on, in ms, conduct counts in full. [seed: 24 hours]"""
GRANTED_AGE_MS = 3_600_000
"""Added to every age in ms, so that minutes make no difference on the first day. [guess]"""


class Acts(NamedTuple):
    """What a member did in the rounds that are closed."""

    correct: int = 0
    incorrect: int = 0
    timely: int = 0
    timeout: int = 0
    byzantine: int = 0
    votes: int = 0
    """Answers of any kind, each round once."""

    @property
    def conduct(self) -> int:
        """In millionths, 0 to a million."""
        raised = self.correct * CORRECT + self.timely * TIMELY
        lowered = self.incorrect * INCORRECT + self.timeout * TIMEOUT + self.byzantine * BYZANTINE
        return min(max(INITIAL + raised + lowered, 0), MILLION)


NOTHING_DONE = Acts()


class Conduct(NamedTuple):
    """How members behaved, as of a stamp."""

    acts: Mapping[NodeId, Acts]
    stamp: int

    def of(self, member: NodeId) -> Acts:
        """What one member did."""
        return self.acts.get(member, NOTHING_DONE)


def conduct_of(rounds: Iterable[Round], stamp: int, law: Law = EMPTY) -> Conduct:
    """What everybody did in some rounds, as of a stamp.

    Args:
        law: tells who was exposed, and who took a new key.

    Cost: some 2 us a round, and a look at each elector of each pattern of answers.
    """
    patterns: Counter[_Pattern] = Counter()
    for found in rounds:
        if found.verdict is not Verdict.OPEN and found.opened_stamp <= stamp:
            patterns[_pattern(found, stamp)] += 1
    sums: dict[NodeId, list[int]] = {}
    for pattern, count in patterns.items():
        for member, position in pattern.electorate.position.items():
            acts = sums.setdefault(member, [0] * len(NOTHING_DONE))
            for kind, mask in enumerate(pattern[1:]):
                if mask >> position & 1:
                    acts[kind] += count
    done = {member: Acts(*acts) for member, acts in sums.items()}
    if law.successions:
        done = _by_person(done, law)
    return Conduct(_with_exposures(done, stamp, law) if law.exposed else done, stamp)


def voting_weight(acts: Acts, age_ms: int, oldest_ms: int) -> int:
    """The seed's voting weight in millionths: conduct, by age, and a boost for taking part.

    Args:
        age_ms: since the member was admitted.
        oldest_ms: the age of the member that was admitted first.
    """
    full_ms = min(oldest_ms, FULL_AGE_MS) + GRANTED_AGE_MS
    aged_ms = min(max(age_ms, 0) + GRANTED_AGE_MS, full_ms)
    boost = min(BOOST_MAX, BOOST_PER_VOTE * acts.votes)
    return acts.conduct * aged_ms // full_ms + boost


def voting_weights(conduct: Conduct, admitted: Mapping[NodeId, int]) -> dict[NodeId, int]:
    """Everybody's weight as of the stamp of what is known of their conduct.

    Args:
        admitted: the stamp of each member's admission.
    """
    ages = {one: max(0, _since_ms(stamp, conduct.stamp)) for one, stamp in admitted.items()}
    oldest_ms = max(ages.values(), default=0)
    return {one: voting_weight(conduct.of(one), ages[one], oldest_ms) for one in admitted}


class _Pattern(NamedTuple):
    """Who did what in a round, as sets of positions; many rounds have the same."""

    electorate: Electorate
    correct: int
    incorrect: int
    timely: int
    timeout: int
    byzantine: int
    votes: int


def _pattern(found: Round, stamp: int) -> _Pattern:
    accept, reject, abstain = found.accept, found.reject, found.abstain
    twice = (accept & reject) | (accept & abstain) | (reject & abstain)
    byzantine = twice | found.mask_of(found.closed_twice())
    correct = incorrect = 0
    if found.verdict is Verdict.ACCEPTED:
        correct, incorrect = accept & ~twice, reject & ~twice
    elif found.verdict is Verdict.REJECTED:
        correct, incorrect = reject & ~twice, accept & ~twice
    late = 0
    for position, voted in (found.late or {}).items():
        if voted > found.due_stamp:
            late |= 1 << position
    silent = 0
    if found.due_stamp < stamp:
        everybody = (1 << len(found.electorate)) - 1
        silent = everybody & ~found.voted & ~found.mask_of(who for who, _ in found.refusals)
    return _Pattern(
        found.electorate, correct, incorrect, found.voted & ~late, silent, byzantine, found.voted
    )


def _by_person(done: Mapping[NodeId, Acts], law: Law) -> dict[NodeId, Acts]:
    """For each id, what all ids of its person did."""
    sums: dict[NodeId, Acts] = {}
    for member, acts in done.items():
        person = law.person(member)
        sums[person] = Acts(*map(add, sums.get(person, NOTHING_DONE), acts))
    return {one: acts for person, acts in sums.items() for one in law.ids({person})}


def _with_exposures(done: dict[NodeId, Acts], stamp: int, law: Law) -> dict[NodeId, Acts]:
    """Whoever was exposed by a stamp did one byzantine thing at least: a fork is in no round."""
    culprits = {law.person(who) for who, spot in law.exposed.items() if spot.stamp <= stamp}
    for member in law.ids(culprits):
        acts = done.get(member, NOTHING_DONE)
        done[member] = acts._replace(byzantine=max(1, acts.byzantine))
    return done


def _since_ms(earlier: int, later: int) -> int:
    return wall_ms_of(later) - wall_ms_of(earlier)
