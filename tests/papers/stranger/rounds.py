"""rounds.md: verdicts, from the set of all operations."""

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from stranger.blocks import MILLION, Block
from stranger.identifiers import belief_id, electorate_id, fingerprint, mp, round_id, unpack
from stranger.members import members_fingerprint
from stranger.roster import Fleet

OPEN, EXPIRED, ACCEPTED, REJECTED, CONTESTED = range(5)
ABSTAIN, ACCEPT, REJECT = range(3)
MAJORITY, SUPERMAJORITY, BYZANTINE, TURNOUT, CREDENCE = range(1, 6)
EQUAL, CONFIDENCE, REPUTATION, SKILL = range(1, 5)


class Rounds:
    """Everything about rounds, from the set of operations."""

    def __init__(self, fleet: Fleet) -> None:
        self.electorates = {electorate_id(one[1], one[2:]): one for _, one in fleet.said(7)}
        self.published: dict[bytes, int] = {}
        for block, one in fleet.said(7):
            identifier = electorate_id(one[1], one[2:])
            self.published[identifier] = min(
                block.stamp, self.published.get(identifier, block.stamp)
            )
        self.unopened: dict[bytes, list] = defaultdict(list)
        self.rounds: dict[bytes, Round] = {}
        for block, one in fleet.said(8):
            _, belief, attempt, rules, electorate, timeout_ms, _ = one
            if electorate not in self.electorates:
                roster = members_fingerprint(fleet.past(block))
                self.unopened[electorate].append(mp([block.author, block.stamp, one, roster]))
                continue
            category = category_of(fleet, block, belief)
            if category is None:
                roster = members_fingerprint(fleet.past(block))
                self.unopened[belief].append(mp([block.author, block.stamp, one, roster]))
                continue
            identifier = round_id(belief, attempt, rules, electorate)
            published = self.electorates[electorate]
            if not is_fair(fleet, block, one, published, category):
                continue
            opened = self.rounds.setdefault(identifier, Round(identifier, one, published))
            opened.openings.add((block.stamp, block.author, timeout_ms))
        self.early: dict[bytes, list] = defaultdict(list)
        for block, one in fleet.said(9, 10, 11, 12):
            for said in one[1] if one[0] in (9, 12) else [one]:
                identifier = said[0] if one[0] in (9, 12) else said[1]
                if identifier in self.rounds:
                    self.rounds[identifier].hear(block, one[0], said)
                else:
                    self.early[identifier].append(mp([block.author, block.stamp, said]))

    def removed(self) -> set[tuple[tuple[bytes, int], bytes, int]]:
        """The dots that rejections list, the belief that was rejected, and the stamp of that."""
        return {
            ((author, counter), one.belief, stamp)
            for one in self.rounds.values()
            if one.certificates()[1]
            for who, stamp, said in map(unpack, one.conclusions)
            if said[1] == REJECT and one.concerns(who)
            for author, counter in said[6]
        }

    def fingerprint(self) -> bytes:
        return fingerprint(
            b"credimus rounds",
            mp([one.canonical() for _, one in sorted(self.rounds.items())]),
            mp(sorted((key, sorted(held)) for key, held in self.early.items())),
            mp(sorted((key, sorted(held)) for key, held in self.unopened.items())),
            mp(sorted(self.published.items())),
        )


def category_of(fleet: Fleet, block: Block, belief: bytes) -> str | None:
    """The category that judges a proposal; None while it is not known, empty where none does."""
    if not fleet.past(block).by_category():
        return ""
    known = (one[3] for _, one in fleet.said(4) if belief_id(one[2], one[3]) == belief)
    return next(known, None)


def is_fair(fleet: Fleet, block: Block, said: list, published: list, category: str) -> bool:
    past, rules, electors = fleet.past(block), said[3], published[1]
    powers = past.powers(block.author)
    if not powers[0] or (powers[4] and category not in powers[4]):
        return False
    members = past.voters(category)
    voters = {member for member, _ in electors}
    weights = sorted(weight for _, weight in electors)
    if rules[3] == REPUTATION and len(weights) > 1 and weights[-1] > sum(weights[:-1]):
        return False
    if rules[3] == SKILL and not published[2]:
        return False
    left_out = len(members - voters)
    return voters <= members and left_out * MILLION <= fleet.left_out_max() * len(members)


def logarithm(number: int) -> int:
    with localcontext(prec=40):
        return int((Decimal(number).ln() * MILLION).to_integral_value(ROUND_HALF_EVEN))


class Round:
    def __init__(self, identifier: bytes, proposal: list, published: list) -> None:
        self.id = identifier
        _, self.belief, self.attempt, self.rules, self.electorate, _, _ = proposal
        _, self.electors, self.skills, self.prior, _ = published
        self.openings: set[tuple[int, bytes, int]] = set()
        self.votes: dict[int, dict[int, set[int]]] = {ABSTAIN: {}, ACCEPT: {}, REJECT: {}}
        self.closings: set[tuple[bytes, int, bytes]] = set()
        self.conclusions: set[bytes] = set()
        self.refusals: set[tuple[bytes, str]] = set()

    def hear(self, block: Block, tag: int, said: list) -> None:
        if tag == 9:
            position = self.position(block.author)
            if position is not None:
                self.votes[said[1]].setdefault(position, set()).add(said[2])
        elif tag == 10:
            self.refusals.add((block.author, said[2]))
        elif tag == 11:
            self.closings.add((block.author, block.stamp, mp(said)))
        else:
            self.conclusions.add(mp([block.author, block.stamp, said]))

    def concerns(self, who: bytes) -> bool:
        return self.position(who) is not None or who in {one[1] for one in self.openings}

    def position(self, member: bytes) -> int | None:
        members = [elector[0] for elector in self.electors]
        return members.index(member) if member in members else None

    def value(self, choice: int) -> int:
        held, aggregation = self.votes[choice], self.rules[3]
        if aggregation == CONFIDENCE:
            return sum(max(seen) for seen in held.values())
        if self.rules[0] == CREDENCE:
            return self.head_start(choice) + sum(
                max(self.gain(i, answer, choice) for answer in (ABSTAIN, ACCEPT, REJECT)
                    if i in self.votes[answer])
                for i in self.voted()
            )  # fmt: skip
        return sum(self.worth(i) for i in held)

    def voted(self) -> set[int]:
        return {i for held in self.votes.values() for i in held}

    def worth(self, position: int) -> int:
        if self.rules[3] == SKILL:
            accept, reject = self.evidence(position)
            return max(0, accept - reject)
        return 1 if self.rules[3] == EQUAL else self.electors[position][1]

    def evidence(self, position: int) -> tuple[int, int]:
        true, false, echo = self.skills[position]
        accept = logarithm(true) - logarithm(MILLION - false)
        reject = logarithm(MILLION - true) - logarithm(false)
        return accept // echo, reject // echo

    def gain(self, position: int, answer: int, side: int) -> int:
        accept, reject = self.evidence(position)
        moved = {ACCEPT: accept, REJECT: reject, ABSTAIN: 0}
        worst = min(moved.values()) if side == ACCEPT else max(moved.values())
        return abs(moved[answer] - worst)

    def gain_needed(self, side: int) -> int:
        _, above, below, _, _ = self.rules
        bar = logarithm(above) - logarithm(below - above)
        prior = logarithm(self.prior) - logarithm(MILLION - self.prior)
        moved = [(*self.evidence(i), 0) for i in range(len(self.electors))]
        if side == ACCEPT:
            return bar - prior - sum(map(min, moved))
        return bar + prior + sum(map(max, moved))

    def head_start(self, side: int) -> int:
        return max(self.gain_needed(ACCEPT), self.gain_needed(REJECT)) - self.gain_needed(side)

    def value_max(self) -> int:
        count = len(self.electors)
        if self.rules[0] == CREDENCE:
            spread = sum(
                abs(accept - reject) for accept, reject in map(self.evidence, range(count))
            )
            return max(self.head_start(ACCEPT), self.head_start(REJECT)) + spread
        if self.rules[3] == CONFIDENCE:
            return count * MILLION
        return sum(map(self.worth, range(count)))

    def quorum_met(self, voted: int) -> bool:
        return voted * MILLION >= self.rules[4] * len(self.electors)

    def decides(self, value: int) -> bool:
        scheme, above, below, _, _ = self.rules
        most = self.value_max()
        if scheme == CREDENCE:
            return value >= max(self.gain_needed(ACCEPT), self.gain_needed(REJECT))
        return (
            value > 0
            and {
                MAJORITY: 2 * value > most,
                BYZANTINE: 3 * value > 2 * most,
                SUPERMAJORITY: value * below >= above * most,
                TURNOUT: False,
            }[scheme]
        )

    def due(self) -> list[tuple[bytes, int, bytes]]:
        return [
            closing for closing in self.closings
            if any(closing[1] >= stamp + (ms << 16) for stamp, _, ms in self.openings)
        ]  # fmt: skip

    def turnouts(self) -> list[int]:
        """The outcomes of the closings that list votes."""
        proposers = {opening[1] for opening in self.openings}
        if self.rules[0] != TURNOUT:
            return []
        return [self.turnout(unpack(raw)) for who, _, raw in self.due() if who in proposers]

    def turnout(self, closing: list) -> int:
        listed = [
            (i, choice)
            for mask, choice in zip(closing[2:5], (ACCEPT, REJECT, ABSTAIN), strict=True)
            for i in range(8 * len(mask))
            if int.from_bytes(mask, "big") >> i & 1
        ]
        if any(i not in self.votes[choice] for i, choice in listed):
            return OPEN
        if not self.quorum_met(len({i for i, _ in listed})):
            return EXPIRED
        values = [0 if self.rules[3] == CONFIDENCE else self.worth(i) for i, _ in listed]
        if self.rules[3] == CONFIDENCE:
            values = closing[5]
            if len(values) != len(listed) or any(
                value not in self.votes[choice][i]
                for (i, choice), value in zip(listed, values, strict=True)
            ):
                return OPEN
        total = sum(values)
        for side, verdict in ((ACCEPT, ACCEPTED), (REJECT, REJECTED)):
            cast = sum(v for v, (_, choice) in zip(values, listed, strict=True) if choice == side)
            if total and cast * self.rules[2] >= self.rules[1] * total:
                return verdict
        return EXPIRED

    def certificates(self) -> tuple[bool, bool]:
        quorum, outcomes = self.quorum_met(len(self.voted())), self.turnouts()
        accept = (quorum and self.decides(self.value(ACCEPT))) or ACCEPTED in outcomes
        return accept, (quorum and self.decides(self.value(REJECT))) or REJECTED in outcomes

    def verdict(self) -> int:
        accept, reject = self.certificates()
        if (accept and reject) or self.closed_twice():
            return CONTESTED
        if accept or reject:
            return ACCEPTED if accept else REJECTED
        return EXPIRED if self.due() else OPEN

    def closed_twice(self) -> bool:
        proposers = {opening[1] for opening in self.openings}
        return self.rules[0] == TURNOUT and any(
            len({raw for other, _, raw in self.closings if other == who}) > 1
            for who, _, _ in self.due()
            if who in proposers
        )

    def canonical(self) -> list:
        masks = [sum(1 << i for i in self.votes[c]) for c in (ACCEPT, REJECT, ABSTAIN)]
        confidences = sorted(
            (i, choice, sorted(seen))
            for choice, held in self.votes.items()
            for i, seen in held.items()
        )
        return [
            self.id, self.belief, self.attempt, self.electorate, *map(hex, masks),
            confidences if self.rules[3] == CONFIDENCE else [], self.verdict(),
            sorted(self.openings),
            [[who, stamp, unpack(raw)] for who, stamp, raw in sorted(self.closings)],
            [unpack(raw) for raw in sorted(self.conclusions)],
            sorted(self.refusals),
        ]  # fmt: skip
