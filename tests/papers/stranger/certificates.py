"""certificates.md: a verifier of certificates, and a writer of proofs."""

import json
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from msgspec.msgpack import Ext

from stranger.blocks import Block, merkle_root, operation_of
from stranger.identifiers import (
    articles_of,
    belief_id,
    electorate_id,
    fleet_id,
    mp,
    node_id,
    normalised,
    round_id,
    unpack,
)
from stranger.members import View, may_not, signed
from stranger.roster import WORD, Draft
from stranger.rounds import (
    ACCEPT,
    ACCEPTED,
    CONFIDENCE,
    MILLION,
    REJECT,
    REJECTED,
    REPUTATION,
    SKILL,
    TURNOUT,
    Round,
)

SCHEMES = {1: "majority", 2: "supermajority", 3: "byzantine", 4: "turnout", 5: "credence"}
AGGREGATIONS = {1: "equal", 2: "confidence", 3: "reputation", 4: "skill"}


class Refused(Exception):
    """The certificate does not hold."""


def require(holds: object, why: str) -> None:
    if not holds:
        raise Refused(why)


class Proof:
    """The excerpts of a proof, taken as all the blocks of a fleet, in one line."""

    def __init__(self, packed: bytes, fleet: bytes, told: list[bytes], category: str) -> None:
        version, excerpts = unpack(packed)
        require(version == 4, "form")
        require(mp([version, excerpts]) == packed, "form")
        self.fleet, self.known, self.category = fleet, Known(told), category
        self.view = View()
        self.nodes: list[bytes] = []
        """In the order in which they are first admitted."""
        self.name, self.policy = "", 0
        self.electorates: dict[bytes, list] = {}
        self.rounds: dict[bytes, Round] = {}
        self.said: list[tuple[SimpleNamespace, list]] = []
        last = (0, b"")
        for excerpt in excerpts:
            block = self.block_of(excerpt, last[0])
            require((block.stamp, block.id) > last, "order")
            last = (block.stamp, block.id)
            self.fold(block)
        for block, one in self.said:
            self.hear(block, one)

    def block_of(self, excerpt: list, before: int) -> SimpleNamespace:
        author, sequence, rise_ms, logical, count, shown, seal = excerpt
        require(0 <= logical < 65_536, "range")
        stamp = (((before >> 16) + rise_ms) << 16) + logical
        cover, signature = seal[:-64], seal[-64:]
        require(0 < stamp < 1 << 63 and 1 <= sequence < 1 << 48 and count <= 2048, "range")
        require(shown and len(shown) % 2 == 0 and len(cover) % 32 == 0, "cover")
        places = shown[::2]
        require(all(type(one) is int and 0 <= one < count for one in places), "places")
        require(places == sorted(set(places)), "places")
        leaves = [whole(one, self.known) for one in shown[1::2]]
        operations = [as_admission(operation_of(unpack(raw)), self.view) for raw in leaves]
        if operations[0][0] == 1:
            require(not self.nodes and author == places[0] == 0 and sequence == 1, "founding")
            key = self.founder_of(operations, places)
            node = node_id(key)
        else:
            require(author < len(self.nodes), "author")
            node = self.nodes[author]
            require(node in self.view.members, "author")
            key = self.view.members[node]
        under = {place + 1: raw for place, raw in zip(places, leaves, strict=True)}
        header = mp([2, self.fleet, node, sequence, stamp, root_of(under, count + 1, cover), count])
        require(signed(key, signature, header), "signature")
        identifier = sha256(header).digest()
        block = SimpleNamespace(
            author=node, stamp=stamp, id=identifier, operations=operations, fleet=self.fleet
        )
        require(operations[0][0] == 1 or not may_not(self.view, block), "permission")
        return block

    def founder_of(self, operations: list[list], places: list[int]) -> bytes:
        key = operations[0][3]
        articles = articles_of(operations[1:])
        count = len(articles)
        require(places[1 : 1 + count] == [*range(1, 1 + count)], "founding")
        found = fleet_id(key, operations[0][2], *operations[0][6:8], articles)
        require(found == self.fleet, "founding")
        require(all(one[0] not in (1, 16, 25) for one in operations[1 + count :]), "founding")
        return key

    def fold(self, block: SimpleNamespace) -> None:
        past = self.view
        self.view = Draft(block, past).view()
        for one in block.operations:
            if one[0] == 1:
                self.name, self.policy = one[1], one[6]
            elif one[0] == 7:
                self.electorates[electorate_id(one[1], one[2:])] = one
            if one[0] in (1, 2, 17, 18):
                node = node_id(one[3] if one[0] == 1 else one[1])
                if node not in self.nodes and node in self.view.live():
                    self.nodes.append(node)
        for one in block.operations:
            self.said.append((SimpleNamespace(**vars(block), past=past), one))

    def hear(self, block: SimpleNamespace, one: list) -> None:
        if one[0] == 8 and one[4] in self.electorates:
            published = self.electorates[one[4]]
            if self.is_fair(block, published, one[3]):
                identifier = round_id(one[1], one[2], one[3], one[4])
                found = self.rounds.setdefault(identifier, Round(identifier, one, published))
                found.openings.add((block.stamp, block.author, one[5]))
        for tag, said in self.answers(one):
            identifier = said[0] if tag == 9 else said[1]
            if identifier in self.rounds:
                self.rounds[identifier].hear(block, tag, said)

    def answers(self, one: list) -> list[tuple[int, list]]:
        return [(9, vote) for vote in one[1]] if one[0] == 9 else [(11, one)] * (one[0] == 11)

    def is_fair(self, block: SimpleNamespace, published: list, rules: list) -> bool:
        powers, past = block.past.powers(block.author), block.past.voters(self.category)
        if not powers[0] or (powers[4] and self.category not in powers[4]):
            return False
        electors = published[1]
        voters, weights = {one for one, _ in electors}, sorted(weight for _, weight in electors)
        if rules[3] == REPUTATION and len(weights) > 1 and weights[-1] > sum(weights[:-1]):
            return False
        if rules[3] == SKILL and not published[2]:
            return False
        return voters <= past and len(past - voters) * MILLION <= self.policy * len(past)


def root_of(shown: dict[int, bytes], count: int, cover: bytes) -> bytes:
    nodes = [cover[at : at + 32] for at in range(0, len(cover), 32)]

    def node(low: int, high: int) -> bytes:
        if not any(low <= place < high for place in shown):
            require(nodes, "cover")
            return nodes.pop(0)
        if high == low + 1:
            return sha256(b"\x00" + shown[low]).digest()
        size = 1
        while size * 2 < high - low:
            size *= 2
        left = node(low, low + size)
        return sha256(b"\x01" + left + node(low + size, high)).digest()

    root = node(0, count)
    require(not nodes, "cover")
    return root


def as_admission(one: list, past: View) -> list:
    """A reader takes `Vouch` of a newcomer for `Admit` or `Appoint`; it ends with WORD."""
    if one[0] != 24 or node_id(one[1]) in past.members:
        return one
    _, key, name, powers = one
    return [2, key, name, "", WORD] if powers is None else [17, key, name, "", powers, WORD]


class Known(list):
    """What a reader knows, and the operations that were told in full."""

    def __init__(self, told: list[bytes]) -> None:
        super().__init__(told)
        self.said: list[bytes] = []


def learn(known: Known, one: Any) -> None:
    if one not in known and len(known) < 65_536:
        known.append(one)


def learn_operation(known: Known, raw: bytes) -> None:
    known.said.append(raw)
    one = unpack(raw)
    at = {1: 3, 2: 1, 17: 1, 18: 1, 24: 1}.get(one[0])
    if at is not None:
        learn(known, node_id(one[at]))


def is_long(one: Any) -> bool:
    return type(one) is int and one >= 65_536


def whole(said: Any, known: Known) -> bytes:
    """The bytes of an operation that is told in short."""

    def spelt(one: Any) -> Any:
        if isinstance(one, list):
            return [spelt(part) for part in one]
        if not isinstance(one, Ext):
            if is_long(one):
                learn(known, one)
            return one
        at = int.from_bytes(one.data, "big")
        size = 1 if at < 256 else 2
        require(one.code == 0 and len(one.data) == size and at < len(known), "name")
        return known[at]

    if isinstance(said, int):
        require(0 <= said < len(known.said), "number")
        return known.said[said]
    raw = said if isinstance(said, bytes) else mp(spelt(said))
    learn_operation(known, raw)
    return raw


def short(said: Any, known: Known) -> Any:
    """An operation, with a number in the place of what its reader knows."""
    if isinstance(said, list):
        return [short(part, known) for part in said]
    if (isinstance(said, bytes) or is_long(said)) and said in known:
        at = known.index(said)
        return Ext(0, at.to_bytes(1 if at < 256 else 2, "big"))
    if is_long(said):
        learn(known, said)
    return said


def excerpt_of(author: int, block: Block, kept: list[int], before: int, known: Known) -> list:
    """What a writer makes of a block, shown behind one of the stamp `before`."""
    leaves = [block.first, *block.leaves]
    cover: list[bytes] = []

    def walk(low: int, high: int) -> None:
        if not any(low <= place + 1 < high for place in kept):
            cover.append(merkle_root(leaves[low:high]))
        elif high > low + 1:
            size = 1
            while size * 2 < high - low:
                size *= 2
            walk(low, low + size)
            walk(low + size, high)

    walk(0, len(leaves))
    shown: list[Any] = []
    for place in kept:
        raw = block.leaves[place]
        if raw in known.said:
            shown += place, known.said.index(raw)
            continue
        shown += place, short(block.operations[place], known)
        learn_operation(known, raw)
    seal = b"".join(cover) + block.signature
    stamp = (block.stamp >> 16) - (before >> 16), block.stamp & 65_535
    return [author, block.sequence, *stamp, len(block.leaves), shown, seal]


DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"


def octets_of(text: str) -> bytes:
    """What a text in base 85 holds."""
    padded = text + "~" * (-len(text) % 5)
    found = b""
    for at in range(0, len(padded), 5):
        number = 0
        for digit in padded[at : at + 5]:
            number = number * 85 + DIGITS.index(digit)
        require(number < 1 << 32, "base 85")
        found += number.to_bytes(4, "big")
    return found[: len(found) - (-len(text) % 5)]


def text_of(octets: bytes) -> str:
    """These bytes in base 85."""
    padded = octets + bytes(-len(octets) % 4)
    text = ""
    for at in range(0, len(padded), 4):
        number, digits = int.from_bytes(padded[at : at + 4], "big"), ""
        for _ in range(5):
            number, digit = divmod(number, 85)
            digits = DIGITS[digit] + digits
        text += digits
    return text[: len(text) - (-len(octets) % 4)]


def verify(text: bytes, fleet: bytes) -> int:
    """The verdict that a certificate proves."""
    stated = json.loads(text)
    require(stated["fleet"] == fleet.hex(), "fleet")
    packed = octets_of(stated["proof"])
    told = [bytes.fromhex(stated["round"]), bytes.fromhex(stated["belief"])]
    proof = Proof(packed, fleet, told, stated["category"])
    found = proof.rounds.get(bytes.fromhex(stated["round"]))
    require(found, "no round")
    assert found is not None
    verdict = found.verdict()
    require(verdict in (ACCEPTED, REJECTED), "no verdict")
    statement, category = stated["statement"], stated["category"]
    require(normalised(statement) == statement.encode(), "statement")
    require(belief_id(statement, category) == found.belief, "statement")
    expected = {
        "certificate": 4,
        "fleet": fleet.hex(),
        "fleet_name": proof.name,
        "belief": found.belief.hex(),
        "category": category,
        "statement": statement,
        "round": found.id.hex(),
        "attempt": found.attempt,
        "opened_ms": min(found.openings)[0] >> 16,
        "outcome": "accepted" if verdict == ACCEPTED else "rejected",
        **rules_told(found),
        **tally_told(found, ACCEPT if verdict == ACCEPTED else REJECT),
        "quorum": -(-found.rules[4] * len(found.electors) // MILLION),
        "electors": len(found.electors),
        "proof": text_of(packed),
    }
    require(stated == expected and list(stated) == list(expected), "fields")
    return verdict


def rules_told(found: Round) -> dict[str, str]:
    scheme, above, below, aggregation, _ = found.rules
    least = {
        1: "more than 1/2", 3: "more than 2/3", 5: f"a credence of at least {above}/{below}"
    }.get(scheme, f"at least {above}/{below}")  # fmt: skip
    return {
        "scheme": SCHEMES[scheme], "threshold": least, "aggregation": AGGREGATIONS[aggregation],
    }  # fmt: skip


def tally_told(found: Round, side: int) -> dict[str, int]:
    if found.rules[0] != TURNOUT:
        voted = {position for held in found.votes.values() for position in held}
        return {
            "value": found.value(side), "value_needed": least(found),
            "value_max": found.value_max(),
            "voted": len(voted),
        }  # fmt: skip
    wanted = ACCEPTED if side == ACCEPT else REJECTED
    proposers = {one[1] for one in found.openings}
    closing = next(
        said for who, _, raw in sorted(found.due())
        if who in proposers and found.turnout(said := unpack(raw)) == wanted
    )  # fmt: skip
    listed = [
        (position, choice)
        for mask, choice in zip(closing[2:5], (1, 2, 0), strict=True)
        for position in range(8 * len(mask))
        if int.from_bytes(mask, "big") >> position & 1
    ]
    values = closing[5]
    if found.rules[3] != CONFIDENCE:
        values = [found.worth(position) for position, _ in listed]
    total = sum(values)
    return {
        "value": sum(v for v, (_, choice) in zip(values, listed, strict=True) if choice == side),
        "value_needed": -(-found.rules[1] * total // found.rules[2]),
        "value_max": total,
        "voted": len({position for position, _ in listed}),
    }


def least(found: Round) -> int:
    """The least value that decides, by the table of rounds.md."""
    most, (scheme, above, below, _, _) = found.value_max(), found.rules
    if scheme == 5:
        return max(found.gain_needed(ACCEPT), found.gain_needed(REJECT))
    return {1: most // 2 + 1, 2: max(1, -(-above * most // below)), 3: 2 * most // 3 + 1}[scheme]
