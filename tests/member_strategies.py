"""Histories in which members are expelled, exposed, limited and given new keys."""

from collections.abc import Sequence

from hypothesis import strategies as st

from credimus.kernel.ids import BlockId
from credimus.lace.block import Block
from credimus.state.member_operations import Appoint, Exhibit, Expel, Expose, Powers, Rotate
from credimus.state.membership.evidence import rotation_message
from credimus.state.operations import Close, Operation
from liars import Liar
from strategies import (
    FLEET,
    MEMBERS,
    SIGNERS,
    make_block,
)


class MemberLiar(Liar):
    """Says anything, and often something about members."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._kinds += (
            self._expel, self._expel, self._expel, self._expel, self._expel,
            self._appoint, self._expose, self._expose, self._rotate, self._admit,
            self._expose_closings,
        )  # fmt: skip

    def _appoint(self) -> Operation:
        key, flag = self.stream.choose(SIGNERS[:6]).public, self.stream.choose((True, True, False))
        categories = self.stream.choose(((), (), ("general",), ("causal",)))
        return Appoint(key, "z", "", Powers(flag, True, flag, True, categories))

    def _expel(self) -> Operation:
        member = self.stream.choose(MEMBERS[2:4])
        proven = member in self.reader.state.roster.current.exposed
        return Expel(member, "out", self.stream.happens(500_000 if proven else 10_000))

    def _rotate(self) -> Operation:
        new = self.stream.choose(SIGNERS[3:6])
        message = rotation_message(FLEET, self._signer.node_id, new.public)
        return Rotate(new.public, new.sign(message) if self.stream.happens(900_000) else b"!" * 64)

    def _expose(self) -> Operation:
        """Of two blocks of one author, of one sequence where there are such."""
        log = self.reader.log
        one = self.stream.choose(log)
        twins = [
            block
            for block in log
            if block.author == one.author and block.header.sequence == one.header.sequence
        ]
        other = self.stream.choose(twins if self.stream.happens(900_000) else log)
        key = next(signer.public for signer in SIGNERS if signer.node_id == one.author)
        shown = (Exhibit(block.header_bytes, block.signature) for block in (one, other))
        return Expose(key, *shown)

    def _expose_closings(self) -> Operation:
        """Of two blocks that stand nowhere; most close one round in two ways."""
        signer = self.stream.choose(SIGNERS[:4])
        shown: list[Exhibit] = []
        for previous in (None, *self.reader.log[:1]):
            listed = self.stream.choose((b"", b"\x01", b"\x02"))
            close = Close(self.stream.choose((b"r", b"r", b"s")) * 16, accept=listed)
            block = make_block(signer, [close], previous, header_fleet=FLEET)
            leaf = block.leaves()[0]
            shown.append(Exhibit(block.header_bytes, block.signature, 0, leaf))
        return Expose(signer.public, *(shown * 2)[:2])


def member_histories(count_max: int = 40) -> st.SearchStrategy[list[Block]]:
    """The same with expulsions, exposures, new keys and limited members among the rest."""
    return st.builds(
        lambda seed, count: MemberLiar(seed).history(count),
        st.integers(0, (1 << 32) - 1),
        st.integers(count_max // 2, count_max),
    )


@st.composite
def extensions(draw: st.DrawFn, blocks: Sequence[Block]) -> list[Block]:
    """The same blocks, which are closed under predecessors, in another causal order."""
    left, order = list(blocks), []
    held: set[BlockId] = set()
    while left:
        ready = [
            block
            for block in left
            if held.issuperset((*block.header.parents, *filter(None, [block.header.previous])))
        ]
        block = draw(st.sampled_from(ready))
        left.remove(block)
        order.append(block)
        held.add(block.id)
    return order
