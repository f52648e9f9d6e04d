"""roster.md: the facts of a view, who is a member there, and who may say what."""

from hashlib import sha256

from nacl import bindings, exceptions

from stranger.blocks import Block, merkle_root, operation_of
from stranger.identifiers import fingerprint, mp, node_id, unpack
from stranger.sets import Dots, joined, set_bytes

NAMES = ("powers", "exposed", "ballots", "successions", "gone", "needs", "knew", "admitted")
GREATER = ("powers", "admitted")
ALL = [True, True, True, True, []]
MEMBERS, FOUNDER, QUORUM = 1, 2, 3
ONCE = ("charter", "founder", "limit")


class View:
    """The dots and the facts of one view."""

    def __init__(self, dots: Dots | None = None, facts: dict | None = None) -> None:
        self.dots: Dots = dots or {}
        self.facts: dict = facts or {**dict.fromkeys(ONCE), **{n: {} for n in NAMES}}
        self.expelled: dict[bytes, int] = {}
        self.members = self._members()

    def joined(self, other: "View") -> "View":
        facts: dict = {name: self.facts[name] or other.facts[name] for name in ONCE}
        for name in NAMES:
            one, two = self.facts[name], other.facts[name]
            choose = max if name in GREATER else min
            facts[name] = {
                key: choose(side[key] for side in (one, two) if key in side)
                for key in {**one, **two}
            }
        return View(joined(self.dots, other.dots), facts)

    def facts_bytes(self) -> bytes:
        articles = [self.facts[name] for name in ("charter", "limit") if self.facts[name]]
        parts = [sorted(self.facts[name].items()) for name in NAMES]
        return mp([articles, *parts]) if articles or any(parts) else b""

    def person(self, node: bytes) -> bytes:
        seen = [node]
        while node in self.facts["successions"]:
            node = self.facts["successions"][node][1]
            if node in seen:
                return min(seen)
            seen.append(node)
        return node

    def live(self) -> dict[bytes, list[tuple]]:
        """The live dots of each node, with their records."""
        found: dict[bytes, list[tuple]] = {}
        for dot, held in sorted(self.dots.items(), key=lambda item: item[0]):
            if held:
                found.setdefault(held[1][0], []).append((dot, held[1]))
        return found

    def knew(self, dot: tuple, person: bytes) -> int:
        return dict(self.facts["knew"].get(dot, [])).get(person, 0)

    def is_exposed(self, node: bytes) -> bool:
        return self.person(node) in {self.person(one) for one in self.facts["exposed"]}

    def powers(self, node: bytes) -> list:
        found = self.facts["powers"].get(self.person(node))
        return found[1] if found else ALL

    def leads(self, node: bytes) -> bool:
        charter = self.facts["charter"]
        return bool(charter) and charter[1] == FOUNDER and (
            self.person(node) == self.facts["founder"]
        )  # fmt: skip

    def voters(self, category: str) -> set[bytes]:
        return {
            one for one in self.members
            if not self.is_exposed(one) and self.powers(one)[1]
            and (not self.powers(one)[4] or category in self.powers(one)[4])
        }  # fmt: skip

    def by_category(self) -> bool:
        return any(self.powers(one)[4] for one in self.members)

    def former(self, node: bytes) -> set[bytes]:
        found: set[bytes] = set()
        while (succession := self.facts["successions"].get(node)) and succession[1] not in found:
            node = succession[1]
            found.add(node)
        return found

    def _members(self) -> dict[bytes, bytes]:
        """The keys of the members."""
        live = {node: dots for node, dots in self.live().items() if self._is_endorsed(dots)}
        self.expelled = self._expulsions(live)
        chosen: dict[bytes, bytes] = {}
        first = {node: (0, node) for node in live}
        for node, (spot, _) in self.facts["successions"].items():
            first[node] = (spot[0], spot[1])
        replaced = set()
        for node in live:
            replaced |= self.former(node)
        for node in sorted(live, key=lambda one: (one in replaced, first[one])):
            person = self.person(node)
            count = self.expelled.get(person, 0)
            if person not in chosen and any(
                self.knew(dot, person) >= count for dot, _ in live[node]
            ):
                chosen[person] = node
        return {node: live[node][0][1][1] for node in chosen.values()}

    def _is_endorsed(self, dots: list[tuple]) -> bool:
        needs = self.facts["needs"]
        if any(dot not in needs for dot, _ in dots):
            return True
        by: dict[bytes, int] = {}
        for dot, record in dots:
            person = self.person(record[5])
            by[person] = min(needs[dot], by.get(person, needs[dot]))
        return any(sum(need <= k for need in by.values()) >= k for k in range(1, len(by) + 1))

    def _expulsions(self, live: dict[bytes, list[tuple]]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        changed = True
        while changed:
            changed = False
            for who in {one for one, _, _ in self.facts["ballots"]}:
                term = found.get(who, 0) + 1
                said = {
                    by: ballot for (one, which, by), ballot in self.facts["ballots"].items()
                    if (one, which) == (who, term)
                }  # fmt: skip
                there = {who, *said} | {
                    self.person(node) for node, dots in live.items() for dot, _ in dots
                    if self.knew(dot, who) < term
                    and self.knew(dot, self.person(node)) >= found.get(self.person(node), 0)
                }  # fmt: skip
                if said and (
                    3 * len(said) > 2 * len(there) or not all(b[0] for b in said.values())
                ):
                    found[who] = term
                    changed = True
        return found


def members_fingerprint(view: View) -> bytes:
    facts = view.facts_bytes()
    return fingerprint(b"credimus members", set_bytes(view.dots), *([facts] if facts else []))


def may_not(past: View, block: Block) -> str:
    """The fault of a member's block, or nothing."""
    author = block.author
    shown: list[bytes] = []
    for one in block.operations:
        powers, own = past.powers(author), one[0] in (2, 17) and node_id(one[1]) == author
        if one[0] in (1, 16, 25):
            return "wrong-genesis"
        if one[0] == 19:
            if not proves(one, block.fleet):
                return "bad-evidence"
            shown.append(node_id(one[1]))
        if one[0] == 18 and not signed(
            one[1], one[2], fingerprint(b"credimus rotation", block.fleet, author, one[1])
        ):
            return "bad-rotation"
        founder_only = past.facts["charter"] and past.facts["charter"][1] == FOUNDER
        admits = past.leads(author) if founder_only else powers[2]
        there = one[0] in (2, 17) and node_id(one[1]) in past.members
        more = not past.leads(author) and (
            (one[0] == 17 and (own or there or exceeds(one[4], powers)))
            or (one[0] == 2 and not there and exceeds(ALL, powers))
        )
        if (
            (one[0] == 8 and not powers[0])
            or (one[0] == 9 and not powers[1])
            or (one[0] in (2, 17) and not (own and one[0] == 2) and (not admits or more))
            or (one[0] == 20 and not one[3] and not powers[3])
            or (one[0] == 20 and one[3] and not (past.is_exposed(one[1]) or one[1] in shown))
        ):
            return "not-permitted"
    return ""


def exceeds(given: list, own: list) -> bool:
    beyond = own[4] and (not given[4] or set(given[4]) - set(own[4]))
    return bool(beyond) or any(given[i] and not own[i] for i in range(4))


def signed(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        bindings.crypto_sign_open(signature + message, key)
    except (exceptions.BadSignatureError, exceptions.ValueError):
        return False
    return True


def proves(one: list, fleet: bytes) -> bool:
    _, key, *testimonies = one
    headers = []
    for header, signature, *_ in testimonies:
        if not signed(key, signature, header):
            return False
        headers.append(unpack(header))
    if any(one[1] != fleet or one[2] != node_id(key) for one in headers):
        return False
    if headers[0][3] == headers[1][3] and testimonies[0][0] != testimonies[1][0]:
        return True
    cast: set[tuple[bytes, int]] = set()
    closings: list[list] = []
    for header, (_, _, index, leaf, cover) in zip(headers, testimonies, strict=True):
        root, count = header[5:7]
        if not leaf or index >= count or root_of(index + 1, leaf, count + 1, cover) != root:
            return False
        said = operation_of(unpack(leaf))
        if said[0] == 9:
            cast |= {(vote[0], vote[1]) for vote in said[1]}
        elif said[0] == 11:
            closings.append(said)
        else:
            return False
    if closings:
        same_round = len(closings) == 2 and closings[0][1] == closings[1][1]
        return same_round and closings[0] != closings[1]
    return len({identifier for identifier, _ in cast}) < len(cast)


def root_of(index: int, leaf: bytes, count: int, cover: bytes) -> bytes | None:
    nodes = [cover[at : at + 32] for at in range(0, len(cover), 32)]

    def node(low: int, high: int) -> bytes:
        if not low <= index < high:
            return nodes.pop(0)
        if high == low + 1:
            return merkle_root([leaf])
        size = 1
        while size * 2 < high - low:
            size *= 2
        left = node(low, low + size)
        return sha256(b"\x01" + left + node(low + size, high)).digest()

    try:
        root = node(0, count)
    except IndexError:
        return None
    return None if nodes else root
