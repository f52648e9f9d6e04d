"""A store in memory: for tests, and the disk of simulated nodes (it outlives a simulated crash)."""

from collections.abc import Iterator, Sequence

from credimus.runtime.store.interface import (
    Fact,
    StoredBlock,
    check_block,
    check_fact,
    family_of,
)


class MemoryStore:
    """Keeps what it is given until the process ends; nothing is ever torn."""

    __slots__ = ("_blocks", "_facts")

    def __init__(self) -> None:
        self._blocks: dict[bytes, StoredBlock] = {}
        self._facts: dict[str, dict[str, bytes]] = {}

    @property
    def block_count(self) -> int:
        """How many blocks the log holds."""
        return len(self._blocks)

    def append(
        self,
        blocks: Sequence[StoredBlock],
        facts: Sequence[Fact] = (),
        *,
        synced: bool = True,  # noqa: ARG002 - memory has no power to lose
    ) -> None:
        """Keep blocks and facts, all or none; a block already there is skipped."""
        for block in blocks:
            check_block(block)
        counts = {family: len(held) for family, held in self._facts.items()}
        for fact in facts:
            check_fact(fact, counts)
        for block in blocks:
            self._blocks.setdefault(block.id, block)
        for fact in facts:
            _put(self._facts.setdefault(family_of(fact.key), {}), fact)

    def let_go(self, ids: Sequence[bytes]) -> None:
        """Drop blocks; those not held are passed over."""
        for one in ids:
            self._blocks.pop(one, None)

    def sync(self) -> None:
        """Nothing to do."""

    def wires(self, ids: Sequence[bytes]) -> list[bytes]:
        """The wires of these blocks in this order; those not held are left out."""
        return [self._blocks[one].wire for one in ids if one in self._blocks]

    def blocks(self) -> Iterator[StoredBlock]:
        """Every block in the order of appending; appending may go on meanwhile."""
        yield from list(self._blocks.values())

    def remember(self, key: str, value: bytes, kept: int = 0) -> None:
        """Keep one fact in place of what the key held."""
        self.append((), (Fact(key, value, kept),))

    def recall(self, key: str) -> bytes | None:
        """What the key holds, or None."""
        return self._facts.get(family_of(key), {}).get(key)

    def forget(self, key: str) -> None:
        """Drop what the key holds, if anything."""
        self._facts.get(family_of(key), {}).pop(key, None)

    def facts(self, family: str) -> list[tuple[str, bytes]]:
        """Keys and values of a family, oldest first."""
        return list(self._facts.get(family, {}).items())

    def close(self) -> None:
        """Nothing to let go of: what was kept stays readable, as on a disk."""


def _put(family: dict[str, bytes], fact: Fact) -> None:
    """Insert as the newest, or drop; past `kept` the oldest go."""
    family.pop(fact.key, None)
    if fact.value is None:
        return
    family[fact.key] = fact.value
    if fact.kept:
        while len(family) > fact.kept:
            del family[next(iter(family))]
