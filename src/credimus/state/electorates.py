"""Electorates: fixed lists of members and weights, named by their fingerprint."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.errors import UsageError
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import ID_BYTES, ElectorateId, NodeId, fingerprint
from credimus.state.operations import Aggregation, Elector, Publish, Rules, Scheme


class Electorate:
    """Who may vote in a round, and with what weight. Treat as frozen."""

    __slots__ = ("_bars", "balanced", "electors", "id", "position", "weight_sum")

    def __init__(self, electors: tuple[Elector, ...]) -> None:
        self.electors = electors
        self._bars: dict[Rules, tuple[int, int]] = {}
        self.id = electorate_id(electors)
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

    def value_max(self, aggregation: Aggregation) -> int:
        """The value of everybody's vote at full confidence."""
        match aggregation:
            case Aggregation.EQUAL:
                return len(self.electors)
            case Aggregation.CONFIDENCE:
                return len(self.electors) * MILLION
            case Aggregation.REPUTATION:
                return self.weight_sum

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
        most = self.value_max(rules.aggregation)
        match rules.scheme:
            case Scheme.MAJORITY:
                return most // 2 + 1
            case Scheme.BYZANTINE:
                return 2 * most // 3 + 1
            case Scheme.SUPERMAJORITY:
                return max(1, -(-rules.numerator * most // rules.denominator))
            case Scheme.TURNOUT:
                return most + 1  # decided by the proposer's closing alone


_BARS_KEPT = 64


def left_out_most(left_out_max: int, member_count: int) -> int:
    """How many of so many members an electorate may leave out.

    Args:
        left_out_max: the fleet's policy, in millionths.
    """
    return left_out_max * member_count // MILLION


def is_fair(electorate: Electorate, members: Mapping[NodeId, object], left_out_max: int) -> bool:
    """Whether all electors are members, and few enough members are left out."""
    left_out = len(members) - len(electorate)
    return (
        left_out <= left_out_most(left_out_max, len(members))
        and electorate.position.keys() <= members.keys()
    )


@lru_cache(maxsize=256)
def suffices(rules: Rules, present: int, members: int) -> bool:
    """Whether so many members, all of one mind and sure, decide a round of all members.

    Where votes weigh by reputation every member is taken to weigh the same.
    """
    if rules.aggregation is Aggregation.REPUTATION:
        rules = msgspec.structs.replace(rules, aggregation=Aggregation.EQUAL)
    electors = tuple(Elector(number.to_bytes(ID_BYTES, "big"), 1) for number in range(members))
    electorate = Electorate(electors)
    enough = present >= electorate.quorum_count(rules)
    if rules.scheme is Scheme.TURNOUT:  # of the votes cast, and these are all for one side
        return members > 0 and enough
    share = electorate.value_max(rules.aggregation) * present // max(1, members)
    return enough and share >= electorate.value_needed(rules)


def electorate_id(electors: Iterable[Elector]) -> ElectorateId:
    """The fingerprint of electors sorted by member."""
    return ElectorateId(fingerprint(b"credimus electorate", encode(tuple(electors)))[:ID_BYTES])


def electorate_of(weights: dict[NodeId, int]) -> Publish:
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
    return Publish(tuple(Elector(member, weights[member]) for member in sorted(weights)))
