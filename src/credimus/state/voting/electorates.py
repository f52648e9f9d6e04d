"""Electorates: fixed lists of members and weights, named by their fingerprint."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.errors import UsageError
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import ID_BYTES, ElectorateId, NodeId, RoundId, fingerprint
from credimus.kernel.odds import log_odds, log_of
from credimus.state.operations import (
    Aggregation,
    Choice,
    Elector,
    Propose,
    Publish,
    Rules,
    Scheme,
    Skill,
)

Gain = tuple[int, int]
"""What an answer adds to the value of accept, and to that of reject."""
UNKNOWN = Skill(700_000, 700_000)
"""The skill of somebody of whom nothing is known. [architecture.md: 0.7, measured on crowds, whose
answers are right in 62 to 82 of 100 cases]"""
_UNSAID = Publish((Elector(bytes(ID_BYTES), 0),))


class Electorate:
    """Who may vote in a round, and with what weight. Treat as frozen."""

    __slots__ = (
        "_bars", "_evidence", "balanced", "electors", "epoch", "id", "position", "prior", "said",
        "skills", "weight_sum",
    )  # fmt: skip

    def __init__(self, electors: tuple[Elector, ...], said: Publish = _UNSAID) -> None:
        self.electors = electors
        self.said = said if said is not _UNSAID else Publish(electors)
        """The operation that publishes it."""
        self.skills = said.skills
        self.prior = said.prior
        self.epoch = said.epoch
        self._bars: dict[Rules, tuple[int, int]] = {}
        self._evidence: tuple[tuple[int, int], ...] | None = None
        self.id = electorate_id(electors, said)
        self.position = {NodeId(elector.member): i for i, elector in enumerate(electors)}
        self.weight_sum = sum(elector.weight for elector in electors)
        heaviest = max((elector.weight for elector in electors), default=0)
        self.balanced = len(electors) == 1 or 2 * heaviest <= self.weight_sum
        """Whether nobody outweighs all others together; a round by reputation needs it."""

    def __len__(self) -> int:
        return len(self.electors)

    def members(self, mask: int) -> list[NodeId]:
        """The electors at the positions of a mask."""
        return [NodeId(e.member) for i, e in enumerate(self.electors) if mask >> i & 1]

    @property
    def evidence(self) -> tuple[tuple[int, int], ...]:
        """How far each elector's accept and its reject move the log-odds, in micro-nats."""
        if self._evidence is None:
            self._evidence = tuple(evidence_of(skill) for skill in self.skills)
        return self._evidence

    def value_most(self, position: int, aggregation: Aggregation) -> int:
        """The value of one elector's vote at full confidence; by skill, how far apart its two
        answers lie, and nothing for one that is more often wrong than right."""
        match aggregation:
            case Aggregation.EQUAL:
                return 1
            case Aggregation.CONFIDENCE:
                return MILLION
            case Aggregation.REPUTATION:
                return self.electors[position].weight
            case Aggregation.SKILL:
                accept, reject = self.evidence[position]
                return max(0, accept - reject)

    def value_max(self, rules: Rules) -> int:
        """The greatest value that a side can have."""
        if rules.scheme is Scheme.CREDENCE:
            spread = sum(abs(accept - reject) for accept, reject in self.evidence)
            return max(self.head_start(rules)) + spread
        match rules.aggregation:
            case Aggregation.EQUAL:
                return len(self.electors)
            case Aggregation.CONFIDENCE:
                return len(self.electors) * MILLION
            case Aggregation.REPUTATION:
                return self.weight_sum
            case Aggregation.SKILL:
                return sum(self.value_most(i, Aggregation.SKILL) for i in range(len(self)))

    def gain(self, position: int, choice: Choice) -> Gain:
        """Under credence, how far an answer takes each side from the worst that was possible."""
        accept, reject = self.evidence[position]
        moved = accept if choice is Choice.ACCEPT else reject if choice is Choice.REJECT else 0
        return moved - min(accept, reject, 0), max(accept, reject, 0) - moved

    def head_start(self, rules: Rules) -> Gain:
        """Under credence, the values of both sides before anybody votes."""
        accept, reject = self._credence_needed(rules)
        most = max(accept, reject)
        return most - accept, most - reject

    def _credence_needed(self, rules: Rules) -> Gain:
        """What the votes must gain for each side, whatever is still to come.

        The log-odds of the belief are those of the prior and the evidence of all answers. With the
        worst that each elector can answer in the place of what is missing, they reach the
        threshold, or the other way round its complement.
        """
        bar = log_of(rules.numerator) - log_of(rules.denominator - rules.numerator)
        prior = log_odds(self.prior)
        lowest = sum(min(accept, reject, 0) for accept, reject in self.evidence)
        highest = sum(max(accept, reject, 0) for accept, reject in self.evidence)
        return bar - prior - lowest, bar + prior + highest

    def bar(self, rules: Rules) -> tuple[int, int]:
        """The value that decides, and how many must have voted; kept for the next round."""
        found = self._bars.get(rules)
        if found is None:
            if len(self._bars) >= _BARS_KEPT:
                self._bars.clear()
            found = self._bars[rules] = self.value_needed(rules), self.quorum_count(rules)
        return found

    def quorum_count(self, rules: Rules) -> int:
        """How many electors must have voted, of any choice."""
        return -(-rules.quorum * len(self.electors) // MILLION)

    def value_needed(self, rules: Rules) -> int:
        """The least value of one side that decides; more than the most where nothing can.

        Source: the requirement's section 2.1, with ratios taken against the whole electorate.
        """
        if rules.scheme is Scheme.CREDENCE:
            return max(self._credence_needed(rules))
        most = self.value_max(rules)
        match rules.scheme:
            case Scheme.MAJORITY:
                return most // 2 + 1
            case Scheme.BYZANTINE:
                return 2 * most // 3 + 1
            case Scheme.SUPERMAJORITY:
                return max(1, -(-rules.numerator * most // rules.denominator))
            case Scheme.TURNOUT:
                return most + 1  # decided by the proposer's closing alone


def evidence_of(skill: Skill) -> tuple[int, int]:
    """How far an accept and a reject of somebody with this skill move the log-odds of a belief, in
    micro-nats, rounded down; those that share a voice share its evidence."""
    accept = log_of(skill.sensitivity) - log_of(MILLION - skill.specificity)
    reject = log_of(MILLION - skill.sensitivity) - log_of(skill.specificity)
    return accept // skill.echo, reject // skill.echo


_BARS_KEPT = 64


def left_out_most(left_out_max: int, member_count: int) -> int:
    """How many of so many members an electorate may leave out.

    Args:
        left_out_max: the fleet's policy, in millionths.
    """
    return left_out_max * member_count // MILLION


def is_fair(electorate: Electorate, members: Mapping[NodeId, object], left_out_max: int) -> bool:
    """Whether all electors are members that may vote, and few enough of those are left out.

    Args:
        members: those that may vote.
    """
    left_out = len(members) - len(electorate)
    return (
        left_out <= left_out_most(left_out_max, len(members))
        and electorate.position.keys() <= members.keys()
    )


@lru_cache(maxsize=256)
def suffices(rules: Rules, present: int, members: int) -> bool:
    """Whether so many members, all of one mind and sure, decide a round of all members.

    Where votes weigh by reputation or skill every member is taken to be like all others.
    """
    if rules.aggregation is Aggregation.REPUTATION:
        rules = msgspec.structs.replace(rules, aggregation=Aggregation.EQUAL)
    electors = tuple(Elector(number.to_bytes(ID_BYTES, "big"), 1) for number in range(members))
    electorate = Electorate(electors, Publish(electors, (UNKNOWN,) * members))
    enough = present >= electorate.quorum_count(rules)
    if rules.scheme is Scheme.TURNOUT:  # of the votes cast, and these are all for one side
        return members > 0 and enough
    if rules.scheme is Scheme.CREDENCE:
        gained = sum(electorate.gain(one, Choice.ACCEPT)[0] for one in range(present))
        return enough and electorate.head_start(rules)[0] + gained >= electorate.value_needed(rules)
    share = electorate.value_max(rules) * present // max(1, members)
    return enough and share >= electorate.value_needed(rules)


def electorate_id(electors: Iterable[Elector], said: Publish = _UNSAID) -> ElectorateId:
    """The fingerprint of electors sorted by member, and of what else their publication says."""
    if (said.skills, said.prior, said.epoch) == (_UNSAID.skills, _UNSAID.prior, _UNSAID.epoch):
        return ElectorateId(fingerprint(b"credimus electorate", encode(tuple(electors)))[:ID_BYTES])
    named = (tuple(electors), said.skills, said.prior, said.epoch)
    return ElectorateId(fingerprint(b"credimus skilled electorate", encode(named))[:ID_BYTES])


def electorate_of(
    weights: dict[NodeId, int],
    skills: Mapping[NodeId, Skill] | None = None,
    prior: int = _UNSAID.prior,
    epoch: int = 0,
) -> Publish:
    """The operation that publishes an electorate.

    Raises:
        UsageError: `empty-electorate`, `electorate-too-large`.
    """
    if not weights:
        raise UsageError("empty-electorate", "an electorate needs at least one member")
    if len(weights) > limits.ELECTORATE_MEMBERS_MAX:
        raise UsageError(
            "electorate-too-large",
            f"{len(weights)} electors; at most {limits.ELECTORATE_MEMBERS_MAX} vote in one round. "
            "Name some of them.",
        )
    members = sorted(weights)
    return Publish(
        tuple(Elector(member, weights[member]) for member in members),
        () if skills is None else tuple(skills[member] for member in members),
        prior,
        epoch,
    )


def round_id(said: Propose) -> RoundId:
    """The id of the round that a proposal opens: what electors agree to, not when or by whom."""
    named = (said.belief, said.attempt, said.rules, said.electorate)
    return RoundId(fingerprint(b"credimus round", encode(named))[:ID_BYTES])
