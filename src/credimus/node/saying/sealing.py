"""Seals what the members of a node have said, and folds it: own blocks, from open to sent."""

from collections.abc import Sequence

from credimus.kernel.effects import Record
from credimus.kernel.ids import BlockId
from credimus.kernel.instant import MILLISECOND, Instant, Now, after
from credimus.lace.block import Block
from credimus.node.events import Sealed
from credimus.node.parts import Machines, Parts
from credimus.node.saying.author import Author
from credimus.node.step import Step
from credimus.node.taking.ingress import Taken
from credimus.node.taking.suspecting import able
from credimus.state.membership.members import Members
from credimus.state.operations import Operation

OWNER = "identity/owner"
"""The record that says whose the store is: fleet and node, 32 bytes. It changes in the transaction
in which the block that puts a new key in the old one's place becomes durable."""


class Sealing:
    """The own blocks of one node."""

    def __init__(self, parts: Parts, machines: Machines, step: Step) -> None:
        self._parts = parts
        self._machines = machines
        self._step = step
        self.unheld: Instant | None = None
        """When what the fleet's limit holds back is tried again."""

    def all_open(self, now: Now) -> None:
        """Seal what is open, and what machines say when they hear of it."""
        parts, step = self._parts, self._step
        if self._machines.recovery.is_holding:  # it does not know all that it has signed
            for author in parts.authors:
                author.discard()
            step.together.clear()
            return
        while step.seal_now:
            step.carry_out(self._machines.voting.along())
            step.seal_now = False
            if any(author.proposes for author in parts.authors):
                step.carry_out(self._machines.vouching.proposing(now))
                self._together(now)
            self.seal(parts.authors, parts.state.roster.current, [], now)
            waiting = [author.id for author in parts.authors if author.has_open]
            self._machines.voting.sealed(waiting)
            self._together(now)
            step.hear(now)
        lace = parts.lace
        if lace.passed_over and lace.loose_ends(lace.passed_over):
            covering = able(parts.authors, parts.state)[:1]
            self.seal(covering, parts.state.roster.current, [], now, bare=True)
            step.hear(now)

    def tick(self, now: Now) -> None:
        """Try again what was held back."""
        if self.unheld is not None and now.instant >= self.unheld:
            self.unheld, self._step.seal_now = None, True

    def seal(
        self, authors: Sequence[Author], roster: Members, news: list[BlockId], now: Now,
        bare: bool = False,
    ) -> None:  # fmt: skip
        """Seal what these have said.

        Args:
            roster: with which they said it.
            news: blocks that changed it since; no proposal is to descend from them.
            bare: whether to seal a block although nothing was said.
        """
        parts, step = self._parts, self._step
        sealed: list[Block] = []
        proposed = self._machines.spreading.proposed(authors)
        for author in self._ready(authors, now):
            author.obey(parts.state.roster)
            if author.forked or (author.id not in roster and len(parts.lace)):  # founder's first
                author.discard()
            passed = tuple(news) if author.proposes else ()
            while made := author.seal(lambda: parts.clock.next(now.wall_ms), passed, bare):
                before, bare = parts.state.roster.current, False
                if before.law:
                    kept = parts.ingress.permitted(*made)
                    if len(kept) < len(made[1]):
                        author.say_again(kept)
                        continue
                taken = self._take(author, *made)
                sealed.append(taken.block)
                if parts.state.roster.current is not before:
                    news = [*news, taken.block.id]
                if author.id not in parts.state.roster.current:  # nobody would take more of it
                    self._end(author)
            if author.is_held_back:
                self.unheld = after(now.instant, _HELD_BACK_NS)
        if sealed:
            step.effects.persist += sealed
            step.effects.send += self._machines.spreading.own(sealed, proposed, now)

    def _together(self, now: Now) -> None:
        """Seal what is to stand in blocks of its own; what can not be written now is let go."""
        parts, step = self._parts, self._step
        wanted, step.together = step.together, []
        for said in wanted:
            author = parts.by_id[said.author]
            if author.id not in parts.state.roster.current or not self._ready([author], now):
                continue
            author.obey(parts.state.roster)
            made = author.seal_together(said.operations, lambda: parts.clock.next(now.wall_ms))
            if made is not None:
                block = self._take(author, *made).block
                step.effects.persist.append(block)
                step.effects.send += self._machines.spreading.own([block], (), now)

    def _take(self, author: Author, block: Block, operations: list[Operation]) -> Taken:
        """Fold an own block."""
        taken = self._parts.ingress.fold(block, operations)
        self._parts.copies.note(taken.place)
        self._step.facts += taken.events
        self._step.effects.emit.append(Sealed(author.id, taken.place.sequence))
        return taken

    def _ready(self, authors: Sequence[Author], now: Now) -> Sequence[Author]:
        """Those whose next block descends from their admission. A first block may not, where a
        checkpoint was fetched: its heads can not be named before their bytes have come."""
        lace = self._parts.lace
        if not lace.names(1):
            return authors
        ready = [one for one in authors if lace.head(one.id) is not None]
        if len(ready) < len(authors):
            self.unheld = after(now.instant, _HELD_BACK_NS)
        return ready

    def _end(self, author: Author) -> None:
        """An author gave up its place. Where the node's own key took another one for it, the store
        is that one's from here on."""
        author.discard()
        new = self._parts.state.roster.current.law.successor(author.id)
        if new is not None and author.id == self._parts.id:
            self._step.effects.remember.append(Record(OWNER, self._parts.fleet + new))


_HELD_BACK_NS = 50 * MILLISECOND
