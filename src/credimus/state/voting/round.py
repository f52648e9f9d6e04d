"""One voting round: the votes so far and the verdict that they certify.

The votes are three sets of elector positions, kept as integers; an equivocator stands in several
and counts on both sides. Sets only grow, so a certificate once there stays.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from credimus.kernel.codec import encode
from credimus.kernel.hlc import LOGICAL_BITS
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.state.operations import Aggregation, Choice, Close, Conclusion, Rules, Scheme
from credimus.state.voting.electorates import Electorate
from credimus.state.voting.verdict import Verdict, join, turnout_verdict

Entry = TypeVar("Entry")
Opening = tuple[int, NodeId, int]
"""Stamp, proposer and timeout (ms) of one proposal."""


class Round:
    """A proposal, its electorate and what they answered. Changed by the fold of rounds only."""

    __slots__ = (
        "abstain", "accept", "accept_certified", "accept_value", "attempt", "belief", "closings",
        "conclusions", "confidences", "due_stamp", "electorate", "epoch", "id", "late", "openings",
        "plain", "quorum_count", "refusals", "reject", "reject_certified", "reject_value", "rules",
        "value_needed", "verdict", "voted",
    )  # fmt: skip

    def __init__(
        self, identifier: RoundId, belief: BeliefId, attempt: int, rules: Rules, voters: Electorate
    ) -> None:
        self.id = identifier
        self.belief = belief
        self.attempt = attempt
        self.rules = rules
        self.electorate = voters
        self.value_needed, self.quorum_count = voters.bar(rules)
        self.plain = rules.aggregation is Aggregation.EQUAL and rules.scheme is not Scheme.TURNOUT
        self.accept = self.reject = self.abstain = 0
        self.voted = 0
        """The positions of all who gave any answer: the three above together."""
        self.accept_value = self.reject_value = 0
        if rules.scheme is Scheme.CREDENCE:
            self.accept_value, self.reject_value = voters.head_start(rules)
        self.accept_certified = self.reject_certified = False
        self.verdict = Verdict.OPEN
        self.openings: tuple[Opening, ...] = ()
        self.due_stamp = 0
        """When the last of the proposals' timeouts has passed."""
        self.late: dict[int, int] | None = None
        """The least stamp of a vote by position, where all its votes came after that."""
        self.epoch = -1
        """The least epoch that somebody recorded a verdict in; -1 before that."""
        self.closings: tuple[tuple[NodeId, int, Close], ...] = ()
        self.conclusions: tuple[tuple[NodeId, int, Conclusion], ...] = ()
        self.refusals: tuple[tuple[NodeId, str], ...] = ()
        self.confidences: dict[tuple[int, Choice], tuple[int, ...]] | None = None

    # --- asking

    @property
    def opened_stamp(self) -> int:
        """The smallest stamp among the proposals."""
        return self.openings[0][0]  # they are kept sorted

    @property
    def timeout_ms(self) -> int:
        """The largest timeout among the proposals."""
        openings = self.openings
        return openings[0][2] if len(openings) == 1 else max(one[2] for one in openings)

    @property
    def proposers(self) -> list[NodeId]:
        """Everyone who proposed this round, sorted."""
        openings = self.openings
        if len(openings) == 1:
            return [openings[0][1]]
        return sorted({opening[1] for opening in openings})

    def concerns(self, member: NodeId) -> bool:
        """Whether a member is an elector or a proposer: what others conclude removes nothing."""
        return member in self.electorate.position or any(one[1] == member for one in self.openings)

    def culprits(self) -> list[NodeId]:
        """Who gave two different answers, or closed it in two ways."""
        return sorted({*self.double_voters(), *self.closed_twice()})

    def double_voters(self) -> list[NodeId]:
        """The electors who gave two different answers."""
        both = (
            (self.accept & self.reject) | (self.accept & self.abstain)
            | (self.reject & self.abstain)
        )  # fmt: skip
        return self.electorate.members(both) if both else []

    def closed_twice(self) -> set[NodeId]:
        """Whose closings contradict each other; only under turnout does it show in the verdict."""
        twice: set[NodeId] = set()
        if len(self.closings) > 1:
            first: dict[NodeId, Close] = {}
            for author, _, closing in self.closings:
                if first.setdefault(author, closing) != closing:
                    twice.add(author)
        return twice

    def mask_of(self, members: Iterable[NodeId]) -> int:
        """The positions of those among some members who are electors."""
        mask = 0
        for member in members:
            position = self.electorate.position.get(member)
            if position is not None:
                mask |= 1 << position
        return mask

    def choices(self, position: int) -> list[Choice]:
        """The answers of one elector: none, one, or an equivocator's several."""
        masks = ((Choice.ACCEPT, self.accept), (Choice.REJECT, self.reject),
                 (Choice.ABSTAIN, self.abstain))  # fmt: skip
        return [choice for choice, mask in masks if mask >> position & 1]

    def deciding_closing(self) -> tuple[NodeId, int, Close] | None:
        """Under turnout, the first closing that gives the verdict; None when none does."""
        proposers, due_stamp = self.proposers, self._due_stamp()
        for author, stamp, closing in self.closings:
            counts = author in proposers and stamp >= due_stamp
            if counts and self._turnout_of(closing) is self.verdict:
                return author, stamp, closing
        return None

    def values_listed(self, closing: Close) -> list[int] | None:
        """The value of the listed accepts, rejects and abstentions; None for values not shown."""
        electors = self.electorate.electors
        choices = (Choice.ACCEPT, Choice.REJECT, Choice.ABSTAIN)
        listed = [
            (i, choice)
            for mask, choice in zip(listed_masks(closing), choices, strict=True)
            for i in range(len(electors))
            if mask >> i & 1
        ]
        sums = dict.fromkeys(choices, 0)
        if self.rules.aggregation is Aggregation.CONFIDENCE:
            shown = self.confidences or {}
            if len(closing.confidences) != len(listed):
                return None
            for vote, confidence in zip(listed, closing.confidences, strict=True):
                if confidence not in shown.get(vote, ()):
                    return None
                sums[vote[1]] += confidence
        else:
            for position, choice in listed:
                sums[choice] += self.electorate.value_most(position, self.rules.aggregation)
        return [sums[choice] for choice in choices]

    # --- folding; each returns whether the verdict climbed

    def count(self, position: int, choice: Choice, confidence: int) -> bool:
        """Add one elector's answer."""
        bit = 1 << position
        if self.plain:
            return self.count_plain(bit, choice)
        self.voted |= bit
        if self.rules.scheme is Scheme.CREDENCE:
            return self._weigh(position, choice)
        mask = (
            self.accept if choice is Choice.ACCEPT
            else self.reject if choice is Choice.REJECT else self.abstain
        )  # fmt: skip
        aggregation = self.rules.aggregation
        if mask & bit and aggregation is not Aggregation.CONFIDENCE:
            return False
        value = self._value_added(position, choice, confidence, bool(mask & bit))
        if choice is Choice.ACCEPT:
            self.accept |= bit
            self.accept_value += value
        elif choice is Choice.REJECT:
            self.reject |= bit
            self.reject_value += value
        else:
            self.abstain |= bit
        if self.rules.scheme is Scheme.TURNOUT:
            return bool(self.closings) and self._settle()
        return self._settle_if_decided()

    def count_plain(self, bit: int, choice: Choice) -> bool:
        """`count` where a vote is worth 1 and decides by itself (`plain`): in nearly all rounds.

        Args:
            bit: of the elector's position.
        """
        self.voted |= bit
        if choice is Choice.ACCEPT:
            if self.accept & bit:
                return False
            self.accept |= bit
            self.accept_value += 1
        elif choice is Choice.REJECT:
            if self.reject & bit:
                return False
            self.reject |= bit
            self.reject_value += 1
        else:
            self.abstain |= bit
        if self.accept_value >= self.value_needed and not self.accept_certified:
            return self._settle()
        if self.reject_value >= self.value_needed and not self.reject_certified:
            return self._settle()
        return False

    def note_late(self, position: int, stamp: int, again: bool) -> None:
        """Remember that an elector answered after its time.

        Args:
            again: whether it had answered before.
        """
        if self.late is None:
            self.late = {}
        if not again or position in self.late:
            self.late[position] = min(stamp, self.late.get(position, stamp))

    def open_by(self, opening: Opening) -> bool:
        """Add a proposal."""
        if opening not in self.openings:
            self.openings = tuple(sorted((*self.openings, opening)))
            self.due_stamp = max(self.due_stamp, opening[0] + (opening[2] << LOGICAL_BITS))
        return bool(self.closings) and self._settle()

    def close_by(self, author: NodeId, stamp: int, closing: Close) -> bool:
        """Add a closing."""
        self.closings = with_entry(self.closings, (author, stamp, closing), _closing_order)
        return self._settle()

    def _value_added(self, position: int, choice: Choice, confidence: int, again: bool) -> int:
        match self.rules.aggregation:
            case Aggregation.EQUAL:
                return 1
            case Aggregation.REPUTATION | Aggregation.SKILL:
                return self.electorate.value_most(position, self.rules.aggregation)
            case Aggregation.CONFIDENCE:
                if self.confidences is None:
                    self.confidences = {}
                seen = self.confidences.get((position, choice), ()) if again else ()
                if confidence in seen:
                    return 0
                self.confidences[position, choice] = tuple(sorted((*seen, confidence)))
                return max(0, confidence - max(seen, default=0))

    def _weigh(self, position: int, choice: Choice) -> bool:
        """Add an answer under credence: each moves both sides; of an equivocator's several, each
        side has the best."""
        given = [self.electorate.gain(position, one) for one in self.choices(position)]
        accept, reject = self.electorate.gain(position, choice)
        self.accept_value += max(0, accept - max((one[0] for one in given), default=0))
        self.reject_value += max(0, reject - max((one[1] for one in given), default=0))
        bit = 1 << position
        if choice is Choice.ACCEPT:
            self.accept |= bit
        elif choice is Choice.REJECT:
            self.reject |= bit
        else:
            self.abstain |= bit
        return self._settle_if_decided()

    def _settle_if_decided(self) -> bool:
        decides = self.accept_value >= self.value_needed or self.reject_value >= self.value_needed
        return decides and self.voted.bit_count() >= self.quorum_count and self._settle()

    def _settle(self) -> bool:
        """Recompute the verdict from what is held; it can only climb.

        Returns:
            Whether there is news: a higher verdict, or a certificate for an outcome that had none
            (in a round contested by two closings the verdict alone would not show it).
        """
        before = self.verdict
        certified = self.accept_certified, self.reject_certified
        now = before
        if self.voted.bit_count() >= self.quorum_count:
            if self.accept_value >= self.value_needed:
                self.accept_certified = True
            if self.reject_value >= self.value_needed:
                self.reject_certified = True
        if self.closings:
            now = join(now, self._closed_verdict())
        if self.accept_certified:
            now = join(now, Verdict.ACCEPTED)
        if self.reject_certified:
            now = join(now, Verdict.REJECTED)
        self.verdict = now
        return now is not before or certified != (self.accept_certified, self.reject_certified)

    def _closed_verdict(self) -> Verdict:
        """What the closings alone give."""
        verdict = Verdict.OPEN
        turnout = self.rules.scheme is Scheme.TURNOUT
        proposers = {opening[1] for opening in self.openings}
        twice = self.closed_twice()
        due_stamp = self._due_stamp()
        for author, stamp, closing in self.closings:
            if stamp < due_stamp:
                continue
            verdict = join(verdict, Verdict.EXPIRED)
            if turnout and author in proposers:
                outcome = self._turnout_of(closing)
                verdict = join(verdict, outcome)
                self.accept_certified |= outcome is Verdict.ACCEPTED
                self.reject_certified |= outcome is Verdict.REJECTED
                if author in twice:
                    verdict = Verdict.CONTESTED
        return verdict

    def _due_stamp(self) -> int:
        """From when on a closing counts: the timeout of some proposal has passed."""
        return min(opened + (ms << LOGICAL_BITS) for opened, _, ms in self.openings)

    def _turnout_of(self, closing: Close) -> Verdict:
        accept, reject, abstain = listed_masks(closing)
        if accept & ~self.accept or reject & ~self.reject or abstain & ~self.abstain:
            return Verdict.OPEN  # it lists votes that nobody has shown
        if (accept | reject | abstain).bit_count() < self.quorum_count:
            return Verdict.EXPIRED
        values = self.values_listed(closing)
        if values is None:
            return Verdict.OPEN
        return turnout_verdict(self.rules, values[0], values[1], sum(values))


def listed_masks(closing: Close) -> tuple[int, int, int]:
    """The positions that a closing lists as accepting, rejecting and abstaining."""
    return (
        int.from_bytes(closing.accept, "big"),
        int.from_bytes(closing.reject, "big"),
        int.from_bytes(closing.abstain, "big"),
    )


def with_entry(
    entries: tuple[Entry, ...], entry: Entry, order: Callable[[Entry], Any]
) -> tuple[Entry, ...]:
    """Sorted entries with one more, each once. Cost: one copy; `order` only along the search."""
    if not entries:
        return (entry,)
    position = bisect_left(entries, order(entry), key=order)
    if entries[position : position + 1] == (entry,):
        return entries
    return (*entries[:position], entry, *entries[position:])


def _closing_order(entry: tuple[NodeId, int, Close]) -> tuple[NodeId, int, bytes]:
    author, stamp, closing = entry
    return author, stamp, encode(closing)


def canonical(one: Round) -> tuple[object, ...]:
    """What is agreed of a round, for fingerprints."""
    confidences = sorted(
        (position, int(choice), seen)
        for (position, choice), seen in (one.confidences or {}).items()
    )
    return (
        one.id, one.belief, one.attempt, one.electorate.id,
        hex(one.accept), hex(one.reject), hex(one.abstain), confidences, int(one.verdict),
        one.openings, one.closings, one.conclusions, one.refusals,
    )  # fmt: skip
