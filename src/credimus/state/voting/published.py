"""The electorates that somebody published, by id."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from credimus.kernel.ids import ElectorateId
from credimus.state.operations import Publish
from credimus.state.voting.electorates import Electorate

KEPT = 64
"""The newest stay, though no round is left: proposers use them again. [guess]"""


class Published:
    """Electorates, each with the smallest stamp under which it was published."""

    __slots__ = ("_by_id", "_stamps")

    def __init__(self) -> None:
        self._by_id: dict[ElectorateId, Electorate] = {}
        self._stamps: dict[ElectorateId, int] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._by_id

    def get(self, identifier: ElectorateId) -> Electorate | None:
        """A published electorate, or None."""
        return self._by_id.get(identifier)

    def stamp(self, identifier: ElectorateId) -> int:
        """The smallest stamp under which it was published; 0 for one that was not."""
        return self._stamps.get(identifier, 0)

    def newest(self) -> Iterator[Electorate]:
        """Newest stamp first."""
        order = sorted(self._stamps.items(), key=lambda item: (-item[1], item[0]))
        return (self._by_id[identifier] for identifier, _ in order)

    def add(self, said: Publish, stamp: int) -> Electorate | None:
        """Note a publication; the electorate, when it is a new one."""
        electorate = Electorate(said.electors, said)
        before = self._stamps.get(electorate.id)
        self._stamps[electorate.id] = stamp if before is None else min(before, stamp)
        if before is not None:
            return None
        self._by_id[electorate.id] = electorate
        return electorate

    def let_go(self, used: Collection[ElectorateId], before_stamp: int) -> None:
        """Forget those of earlier that are not used, except the newest."""
        newest = [one.id for one in islice(self.newest(), KEPT)]
        for one, stamp in list(self._stamps.items()):
            if stamp < before_stamp and one not in used and one not in newest:
                del self._stamps[one], self._by_id[one]

    def stamps(self) -> list[tuple[ElectorateId, int]]:
        """Ids and stamps, by id."""
        return sorted(self._stamps.items())

    def image(self) -> Iterable[tuple[int, Publish]]:
        """Stamps and publications, by id."""
        return ((stamp, self._by_id[one].said) for one, stamp in self.stamps())
