"""roster.md and the checks of blocks.md: which blocks are taken, and who is a member."""

from nacl import bindings, exceptions

from stranger.blocks import Block
from stranger.identifiers import articles_of, fleet_id, node_id
from stranger.members import ALL, QUORUM, View, may_not
from stranger.sets import Dots

DAY_MS = 86_400_000
WORD = "taken for an admission"
"""Ends an admission that was a `Vouch`; neither a day nor who is there already minds it."""


class Draft:
    """The view of a block, operation by operation."""

    def __init__(self, block: Block, past: View) -> None:
        self.block, self.past = block, past
        self.dots: Dots = dict(past.dots)
        self.facts = {
            name: dict(held) if isinstance(held, dict) else held
            for name, held in past.facts.items()
        }
        self.there = set(past.members)

    def view(self) -> View:
        for index, one in enumerate(self.block.operations):
            self.say(one, index)
        return View(self.dots, self.facts)

    def say(self, one: list, index: int) -> None:
        author, spot = self.block.author, (self.block.stamp, self.block.id, index)
        if one[0] == 1:
            self.describe(one[3], one[4], one[5], index)
        elif one[0] == 16:
            self.facts["charter"], self.facts["founder"] = one, author
        elif one[0] == 25:
            self.facts["limit"] = one
        elif one[0] == 2:
            self.admit(one, ALL, index, spot)
        elif one[0] == 17:
            node = node_id(one[1])
            if node not in self.there:
                self.admit(one, one[4], index, spot)
            elif self.past.leads(author) and one[-1] != WORD:
                self.facts["powers"][self.past.person(node)] = (spot, one[4])
        elif one[0] == 3:
            for node in (author, *self.past.former(author)):
                self.remove(node)
            self.there.discard(author)
            self.facts["gone"].setdefault(author, spot)
        else:
            self.say_on_standing(one, index, spot)

    def say_on_standing(self, one: list, index: int, spot: tuple) -> None:
        author = self.block.author
        if one[0] == 18:
            self.rotate(one, index, spot)
        elif one[0] == 19:
            culprit = node_id(one[1])
            if self.known(culprit):
                self.facts["exposed"].setdefault(culprit, spot)
        elif one[0] == 20:
            who, by = self.past.person(one[1]), self.past.person(author)
            if who != by and self.known(one[1]):
                key = (who, self.past.expelled.get(who, 0) + 1, by)
                ballot = (not one[3], spot)
                self.facts["ballots"][key] = min(ballot, self.facts["ballots"].get(key, ballot))

    def admit(self, one: list, powers: list, index: int, spot: tuple) -> None:
        _, key, name, address = one[:4]
        node, author, past = node_id(key), self.block.author, self.past
        if node == author:
            self.describe(key, name, address, index)
            return
        charter = past.facts["charter"]
        if node in self.there or past.is_exposed(node):
            return
        if one[-1] != WORD and not self.within_limit(charter):
            return
        person = past.person(node)
        if powers != ALL or person in past.facts["powers"]:
            self.facts["powers"][person] = (spot, powers)
        need = 1
        if charter and charter[1] == QUORUM:
            need = max(1, min(charter[2], len(past.members)))
        if need == 1:
            self.there.add(node)
            self.describe(key, name, address, index)
            return
        for dot, held in list(self.dots.items()):
            ended = past.knew(dot, person) < past.expelled.get(person, 0)
            if held and held[0] == node and ended:
                self.dots[dot] = None
        self.facts["needs"][self.block.id, index + 1] = need
        self.insert(key, name, address, index)

    def within_limit(self, charter: list | None) -> bool:
        if not charter or not charter[3]:
            return True
        person, today = self.past.person(self.block.author), (self.block.stamp >> 16) // DAY_MS
        day, count = self.facts["admitted"].get(person, (0, 0))
        count = count if day == today else 0
        if count < charter[3]:
            self.facts["admitted"][person] = (today, count + 1)
        return count < charter[3]

    def rotate(self, one: list, index: int, spot: tuple) -> None:
        author, new = self.block.author, node_id(one[1])
        taken = {held[0] for held in self.dots.values() if held}
        if author not in self.there or new in taken or new in self.past.facts["successions"]:
            return
        record = max((record for _, record in self.past.live()[author]), key=lambda r: (r[4], r[5]))
        self.remove(author)
        self.there.discard(author)
        self.there.add(new)
        self.facts["successions"][new] = (spot, author)
        self.remove(new)
        self.insert(one[1], record[2], record[3], index, record[4])

    def known(self, node: bytes) -> bool:
        live = {held[0] for held in self.dots.values() if held}
        olds = {old for _, old in self.past.facts["successions"].values()}
        return node in self.there or node in live or node in self.past.facts["gone"] or node in olds

    def describe(self, key: bytes, name: str, address: str, index: int) -> None:
        self.remove(node_id(key))
        self.insert(key, name, address, index)

    def insert(
        self, key: bytes, name: str, address: str, index: int, stamp: int | None = None
    ) -> None:
        node, dot = node_id(key), (self.block.id, index + 1)
        if self.past.expelled:
            self.facts["knew"][dot] = tuple(sorted(self.past.expelled.items()))
        record = [node, key, name, address, stamp or self.block.stamp, self.block.author]
        self.dots[dot] = (node, record)

    def remove(self, node: bytes) -> None:
        self.dots = {d: None if h and h[0] == node else h for d, h in self.dots.items()}


class Fleet:
    """The blocks that were taken, and the view of each."""

    def __init__(self, fleet: bytes) -> None:
        self.fleet = fleet
        self.taken: dict[bytes, Block] = {}
        self.views: dict[bytes, View] = {}
        self.faults: dict[bytes, str] = {}
        self.left: dict[bytes, int] = {}
        self.marks: dict[bytes, dict[str, int]] = {}

    def take_all(self, wires: list[bytes]) -> None:
        waiting = {block.id: block for block in map(Block, wires)}
        progress = True
        while progress:
            progress = False
            for block in list(waiting.values()):
                if all(one in self.taken for one in block.predecessors):
                    del waiting[block.id]
                    progress = True
                    self._take(block)

    def _take(self, block: Block) -> None:
        past = self.past(block)
        fault = self._chain_fault(block) or self._limit_fault(block, past)
        key = past.members.get(block.author)
        founds = [index for index, one in enumerate(block.operations) if one[0] == 1]
        if not fault and key is None:
            fault, key = self._genesis_fault(block, founds)
        elif not fault:
            fault = may_not(past, block)
        if not fault:
            try:
                bindings.crypto_sign_open(block.signature + block.header_bytes, key)
            except (exceptions.BadSignatureError, exceptions.ValueError):
                fault = "bad-signature"
        if fault:
            self.faults[block.id] = fault
            return
        self.taken[block.id] = block
        self.views[block.id] = Draft(block, past).view()
        self.left[block.id] = self._left(block, past)
        self.marks[block.id] = self._marks(block, past)

    def past(self, block: Block) -> View:
        view = View()
        for one in block.predecessors:
            view = view.joined(self.views[one])
        return view

    def left_out_max(self) -> int:
        return next((one[6] for _, one in self.said(1)), 0)

    def units_per_s_max(self) -> int:
        return next((one[7] for _, one in self.said(1)), 0)

    def _behind(self, block: Block, past: View) -> bytes:
        took = past.facts["successions"].get(block.author)
        return block.previous or (took[0][1] if took else b"")

    def _left(self, block: Block, past: View) -> int:
        rate = self.units_per_s_max()
        full = left = 1_000 * max(60 * rate, 8 + 2_048 + 262_144 // 128)
        behind = self._behind(block, past)
        if behind:
            before = self.taken[behind].stamp >> 16
            left = min(full, self.left[behind] + rate * ((block.stamp >> 16) - before))
        return left - 1_000 * (8 + len(block.leaves) + sum(map(len, block.leaves)) // 128)

    def _limits(self, block: Block, past: View) -> dict[str, tuple[int, int]]:
        """Of each limited category the us of one belief, and how many there may be at once."""
        own = next((one for one in block.operations if one[0] == 25), None)
        limits = (past.facts["limit"] or own or [25, []])[1]
        return {one[0]: (3_600_000_000 // one[1], one[2]) for one in limits}

    def _marks(self, block: Block, past: View) -> dict[str, int]:
        marks = dict(self.marks.get(self._behind(block, past), {}))
        limits = self._limits(block, past)
        for one in block.operations:
            if one[0] == 4 and one[3] in limits:
                now_us = (block.stamp >> 16) * 1_000
                marks[one[3]] = max(marks.get(one[3], 0), now_us) + limits[one[3]][0]
        return marks

    def _limit_fault(self, block: Block, past: View) -> str:
        if self.units_per_s_max() and self._left(block, past) < 0:
            return "over-limit"
        now_us, limits = (block.stamp >> 16) * 1_000, self._limits(block, past)
        over = [
            name for name, mark in self._marks(block, past).items()
            if mark > now_us + limits[name][0] * limits[name][1]
        ]  # fmt: skip
        return "over-limit" if over else ""

    def _chain_fault(self, block: Block) -> str:
        if block.fleet != self.fleet:
            return "wrong-fleet"
        if block.previous:
            previous = self.taken[block.previous]
            if (previous.author, previous.sequence + 1) != (block.author, block.sequence):
                return "wrong-chain"
            if block.stamp <= previous.stamp:
                return "stamp-not-after-parents"
        for parent in map(self.taken.__getitem__, block.parents):
            if parent.author == block.author:
                return "wrong-chain"
            if block.stamp <= parent.stamp:
                return "stamp-not-after-parents"
        return ""

    def _genesis_fault(self, block: Block, founds: list[int]) -> tuple[str, bytes | None]:
        if not founds or founds[0] != 0 or block.predecessors:
            return "not-a-member", None
        _, _, nonce, key, _, _, *policy = block.operations[0]
        articles = articles_of(block.operations[1:])
        fleet = fleet_id(key, nonce, *policy, articles)
        right = fleet == self.fleet and node_id(key) == block.author
        rest = block.operations[1 + len(articles) :]
        right = right and all(one[0] not in (16, 25) for one in rest)
        return ("", key) if right and founds == [0] else ("wrong-genesis", None)

    def said(self, *tags: int) -> list[tuple[Block, list]]:
        return [
            (block, one) for block in self.taken.values() for one in block.operations
            if one[0] in tags
        ]  # fmt: skip
