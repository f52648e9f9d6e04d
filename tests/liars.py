"""Histories in which anybody says anything: what folds must bear, for property tests."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from hypothesis import strategies as st

from credimus.kernel.entropy import Entropy
from credimus.kernel.fixed import MILLION
from credimus.kernel.hlc import LOGICAL_BITS, stamp_of
from credimus.lace.block import Block
from credimus.lace.enclosing import BOX_BYTES
from credimus.state.keeping_operations import Enclose, ReaderBox
from credimus.state.member_operations import Powers, Vouch
from credimus.state.operations import (
    Admit,
    Assert,
    Choice,
    Close,
    Conclude,
    Conclusion,
    DotName,
    Evidence,
    Finding,
    Found,
    Leave,
    Operation,
    Reconcile,
    Refuse,
    Relate,
    Relation,
    Retract,
    Strategy,
    Vote,
    Votes,
    Withdraw,
    mask_bytes,
)
from strategies import (
    BELIEFS,
    ELECTORATES,
    GENESIS,
    LEFT_OUT_MAX,
    MEMBERS,
    NONCE,
    PROPOSALS,
    ROUNDS,
    SIGNERS,
    STATEMENTS,
    TIMEOUT_MS,
    TURNOUTS,
    WALL_MS,
    Replica,
    make_block,
)
from words import word

Item = TypeVar("Item")


class Liar:
    """Says anything, from the pools; the same seed says the same."""

    def __init__(self, seed: int) -> None:
        self.stream = Entropy(b"%d" % seed).stream("history")
        self.reader = Replica()
        self._kinds = (
            self._assert, self._assert, self._assert, self._relate, self._retract,
            self._votes, self._votes, self._votes, self._votes, self._close, self._close,
            self._conclude, self._conclude, self._propose, self._publish, self._refuse,
            self._admit, self._vouch, self._reconcile, self._enclose, self._word, self._word,
        )  # fmt: skip

    def operation(self) -> Operation:
        """One operation of any kind."""
        return self.stream.choose(self._kinds)()

    def history(self, count: int) -> list[Block]:
        """The genesis and `count` blocks, predecessors first."""
        stream = self.stream
        blocks = [GENESIS]
        if stream.happens(700_000):
            blocks.append(make_block(SIGNERS[1], (*ELECTORATES, *PROPOSALS), None, [GENESIS]))
        self.reader.take_all(blocks)
        for _ in range(count):
            taken = [block for block in blocks if block.id in self.reader.lace]
            block = self._block(blocks if stream.happens(30_000) else taken)
            if block.id not in self.reader.outcomes:
                self.reader.take(block)
                blocks.append(block)
        return blocks

    def _block(self, blocks: list[Block]) -> Block:
        stream = self.stream
        signer = SIGNERS[stream.choose((0, 0, 1, 1, 2, 2, 3, 3, 4))]
        self._signer = signer
        own = [block for block in blocks if block.author == signer.node_id]
        others = [block for block in blocks[-8:] if block.author != signer.node_id]
        back = stream.choose((0,) * 12 + (1, 2, 9))
        previous = own[-1 - back] if back < len(own) else None
        parents = [block for block in others if stream.happens(400_000)]
        founding = signer is SIGNERS[0] and previous is None
        if founding:
            parents = []  # the founder begins a second time
        if previous is None and not parents and not founding:
            parents = [GENESIS]
        before = [*parents, *([previous] if previous else [])]
        last = max((block.header.stamp for block in before), default=stamp_of(WALL_MS))
        stamp = last + stream.choose((1, 1, 1, 1 << LOGICAL_BITS, 6_000 << LOGICAL_BITS))
        said = [self.operation() for _ in range(stream.below(5))]
        if stream.happens(20_000):
            said.append(Leave(""))
        if founding:
            policy = LEFT_OUT_MAX if stream.happens(900_000) else MILLION
            said.insert(
                0, Found(f"fleet {stream.below(9)}", NONCE, signer.public, "n0", "", policy)
            )
        return make_block(signer, said, previous, parents, header_stamp=stamp)

    def _counter(self) -> int:
        return self.stream.between(1, 5)

    def _some(self, most: int, one: Callable[[], Item]) -> tuple[Item, ...]:
        return tuple(one() for _ in range(self.stream.between(1, most)))

    def _confidence(self) -> int:
        return self.stream.choose((0, 400_000, MILLION, MILLION))

    def _mask(self) -> bytes:
        return mask_bytes(self.stream.below(16) & self.stream.below(32))

    def _assert(self) -> Operation:
        return Assert(
            self._counter(),
            self.stream.choose(STATEMENTS),
            self.stream.choose(("general", "general", "general", "causal")),
            self._confidence(),
            self.stream.choose(((), (Evidence("sensor", "camera 4"),))),
        )

    def _relate(self) -> Operation:
        choose = self.stream.choose
        return Relate(self._counter(), choose(BELIEFS), choose(list(Relation)), choose(BELIEFS))

    def _retract(self) -> Operation:
        return Retract(self._some(2, self._counter), self.stream.choose(("", "wrong")))

    def _votes(self) -> Operation:
        choose = self.stream.choose
        choice = choose((Choice.ACCEPT, Choice.REJECT, Choice.REJECT, Choice.ABSTAIN))
        return Votes(self._some(2, lambda: Vote(choose(ROUNDS), choice, self._confidence())))

    def _propose(self) -> Operation:
        one = self.stream.choose(PROPOSALS)
        return msgspec.structs.replace(one, timeout_ms=self.stream.choose((1, TIMEOUT_MS)))

    def _publish(self) -> Operation:
        return self.stream.choose(ELECTORATES)

    def _refuse(self) -> Operation:
        return Refuse(self.stream.choose(ROUNDS), self.stream.choose(("stacked", "strangers")))

    def _admit(self) -> Operation:
        key = self.stream.choose(SIGNERS[:5]).public
        return Admit(key, self.stream.choose(("x", "y")), "")

    def _vouch(self) -> Operation:
        powers = self.stream.choose((None, Powers(), Powers(vote=False)))
        return Vouch(self.stream.choose(SIGNERS[:5]).public, self.stream.choose(("x", "y")), powers)

    def _word(self) -> Operation:
        return word(self.stream, MEMBERS, GENESIS)

    def _reconcile(self) -> Operation:
        choose, (first, second) = self.stream.choose, sorted(BELIEFS[:2])
        finding = choose(list(Finding))
        careful = choose((Strategy.LAST_WRITER, Strategy.MULTI_VALUE, Strategy.CONSENSUS))
        strategy = careful if finding is Finding.CONTRADICTORY else Strategy.SEMANTIC
        said = choose((Reconcile, Reconcile, Withdraw))
        return said((first, second), (choose(ROUNDS), choose(ROUNDS)), strategy, finding)

    def _enclose(self) -> Operation:
        choose = self.stream.choose
        readers = sorted({choose(MEMBERS[:5]) for _ in range(2)})
        boxes = tuple(ReaderBox(one, choose((b"1", b"2")) * BOX_BYTES) for one in readers)
        return Enclose(choose(BELIEFS), choose((b"k", b"q")) * 16, bytes(32), boxes)

    def _close(self) -> Operation:
        which = self.stream.choose((*ROUNDS, *TURNOUTS, *TURNOUTS))
        accept, reject, abstain = self._mask(), self._mask(), b""
        listed = sum(int.from_bytes(mask, "big").bit_count() for mask in (accept, reject))
        return Close(
            which, accept, reject, abstain, tuple(self._confidence() for _ in range(listed))
        )

    def _conclude(self) -> Operation:
        choose = self.stream.choose
        return Conclude(
            self._some(
                3,
                lambda: Conclusion(
                    choose(ROUNDS), choose(list(Choice)), self._mask(), self._mask(), b"", 0,
                    self._some(5, lambda: DotName(choose(MEMBERS[:5]), self._counter())),
                ),
            )
        )  # fmt: skip


def histories(count_max: int = 40) -> st.SearchStrategy[list[Block]]:
    """Blocks in causal order: chains, forks, partial views, late and early operations.

    Most histories begin with every electorate and proposal in place, so that votes meet open
    rounds; in the others those come late or never. Some blocks are refused at the door.
    """
    return st.builds(
        lambda seed, count: Liar(seed).history(count),
        st.integers(0, (1 << 32) - 1),
        st.integers(count_max // 2, count_max),
    )


@st.composite
def shuffled(draw: st.DrawFn, blocks: Sequence[Block]) -> list[Block]:
    """The same blocks in another order of arrival; some come twice."""
    order = draw(st.permutations(range(len(blocks))))
    again = draw(st.lists(st.integers(0, len(blocks) - 1), max_size=3))
    return [blocks[index] for index in (*order, *again)]
