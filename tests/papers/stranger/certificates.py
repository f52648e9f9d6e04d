"""certificates.md: a verifier of certificates, and a writer of proofs."""

import json
from base64 import b64decode, b64encode
from hashlib import sha256
from types import SimpleNamespace

from stranger.blocks import Block, merkle_root, operation_of
from stranger.identifiers import (
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
from stranger.roster import Draft
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

    def __init__(self, packed: bytes, fleet: bytes, category: str) -> None:
        version, ids, excerpts = unpack(packed)
        require(version == 1 and len(ids) % 32 == 0, "form")
        require(mp([version, ids, excerpts]) == packed, "form")
        self.fleet, self.category = fleet, category
        self.ids = [ids[at : at + 32] for at in range(0, len(ids), 32)]
        self.view = View()
        self.nodes: list[bytes] = []
        """In the order in which they are first admitted."""
        self.name, self.policy = "", 0
        self.electorates: dict[bytes, list] = {}
        self.rounds: dict[bytes, Round] = {}
        self.said: list[tuple[SimpleNamespace, list]] = []
        last = (0, b"")
        for excerpt in excerpts:
            block = self.block_of(excerpt)
            require((block.stamp, block.id) > last, "order")
            last = (block.stamp, block.id)
            self.fold(block)
            self.ids.append(block.id)
        for block, one in self.said:
            self.hear(block, one)

    def block_of(self, excerpt: list) -> SimpleNamespace:
        author, sequence, stamp, places, count, shown, cover, signature = excerpt
        require(shown and len(cover) % 32 == 0, "cover")
        indexes = [place for place, _ in shown]
        require(indexes == sorted(set(indexes)) and indexes[-1] < count, "places")
        operations = [operation_of(unpack(raw)) for _, raw in shown]
        require(all(0 <= place < len(self.ids) for place in places), "predecessors")
        named = [self.ids[place] for place in places]
        previous, parents = (named[0], named[1:]) if sequence > 1 else (b"", named)
        if operations[0][0] == 1:
            key = operations[0][3]
            require(not self.nodes and not named and author == indexes[0] == 0, "founding")
            chartered = len(operations) > 1 and operations[1][0] == 16
            require(not chartered or indexes[1] == 1, "founding")
            charter = mp(operations[1]) if chartered else b""
            found = fleet_id(key, operations[0][2], *operations[0][6:8], charter)
            require(found == self.fleet, "founding")
            require(all(one[0] not in (1, 16) for one in operations[1 + chartered :]), "founding")
            node = node_id(key)
        else:
            require(author < len(self.nodes), "author")
            node = self.nodes[author]
            require(node in self.view.members, "author")
            key = self.view.members[node]
        root = root_of(dict(shown), count, cover)
        header = mp([1, self.fleet, node, sequence, stamp, previous, parents, root, count])
        require(signed(key, signature, header), "signature")
        identifier = sha256(header).digest()
        block = SimpleNamespace(
            author=node, stamp=stamp, id=identifier, operations=operations, fleet=self.fleet
        )
        require(operations[0][0] == 1 or not may_not(self.view, block), "permission")
        return block

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


def excerpt_of(author: int, block: Block, kept: list[int], ids: list[bytes]) -> list:
    """What a writer makes of a block."""
    leaves = [mp(one) for one in block.operations]
    cover: list[bytes] = []

    def walk(low: int, high: int) -> None:
        if not any(low <= place < high for place in kept):
            cover.append(merkle_root(leaves[low:high]))
        elif high > low + 1:
            size = 1
            while size * 2 < high - low:
                size *= 2
            walk(low, low + size)
            walk(low + size, high)

    walk(0, len(leaves))
    return [
        author, block.sequence, block.stamp, [ids.index(one) for one in block.predecessors],
        len(leaves), [[place, leaves[place]] for place in kept], b"".join(cover), block.signature,
    ]  # fmt: skip


def verify(text: bytes, fleet: bytes) -> int:
    """The verdict that a certificate proves."""
    stated = json.loads(text)
    require(stated["fleet"] == fleet.hex(), "fleet")
    packed = b64decode(stated["proof"], validate=True)
    proof = Proof(packed, fleet, stated["category"])
    found = proof.rounds.get(bytes.fromhex(stated["round"]))
    require(found, "no round")
    assert found is not None
    verdict = found.verdict()
    require(verdict in (ACCEPTED, REJECTED), "no verdict")
    statement, category = stated["statement"], stated["category"]
    require(normalised(statement) == statement.encode(), "statement")
    require(belief_id(statement, category) == found.belief, "statement")
    expected = {
        "certificate": 1,
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
        "proof": b64encode(packed).decode(),
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
