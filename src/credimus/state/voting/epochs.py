"""Epochs: the verdicts that somebody recorded, in the portions in which skill and conduct learn.

Every recorded verdict names the epoch that was open for its author, so that all nodes agree which
rounds belong to which. An epoch closes when a quarter of the rounds before it, and at least 8, are
in it: what was learned by then holds until the next one closes. So weights change some twenty times
while a thousand rounds go by, and nothing is worked out per round.
"""

from collections.abc import Iterable, Iterator

from credimus.state.voting.round import Round

ROUNDS_MIN = 8
"""The least rounds in a closed epoch. [architecture.md, section 6]"""
SHARE = 4
"""One in so many of the rounds before it closes an epoch. [likewise]"""


class Epochs:
    """Which rounds are in which epoch.

    Invariant: that is the least epoch that a proposer's record of the round names, or where no
    proposer recorded it the least that anybody's does; so a liar can not hold back the rounds of
    others without proposing them as well.
    """

    def __init__(self) -> None:
        self._rounds: dict[int, list[Round]] = {}
        self._revisions: dict[int, int] = {}
        self._gone: dict[int, tuple[int, int]] = {}
        """Of rounds that a checkpoint let go, by epoch: how many, and the last of their stamps."""

    def note(self, found: Round) -> None:
        """Take up what changed in a round that is recorded: its records or its proposers."""
        before, epoch = found.epoch, _epoch_of(found)
        self._revisions[epoch] = self._revisions.get(epoch, 0) + 1
        if epoch != before:
            if before >= 0:
                self._revisions[before] += 1
                self._rounds[before].remove(found)
            found.epoch = epoch
            self._rounds.setdefault(epoch, []).append(found)

    def let_go(self, found: Round) -> None:
        """A checkpoint lets a round go: its epoch stays closed, and closed when it did."""
        epoch = found.epoch
        if epoch >= 0:
            count, stamp = self._gone.get(epoch, (0, 0))
            self._gone[epoch] = count + 1, max(stamp, recorded_stamp(found))
            self._revisions[epoch] += 1
            self._rounds[epoch].remove(found)

    def let_go_image(self) -> tuple[tuple[int, int, int], ...]:
        """What is remembered of rounds that went: epoch, count and last stamp, sorted."""
        return tuple(sorted((epoch, *gone) for epoch, gone in self._gone.items()))

    def recall(self, image: Iterable[tuple[int, int, int]]) -> None:
        """Take up what `let_go_image` gave."""
        self._gone = {epoch: (count, stamp) for epoch, count, stamp in image}

    def open_epoch(self) -> int:
        """The first epoch that is not closed. Cost: the number of epochs."""
        epoch, before = 0, 0
        while True:
            inside = len(self._rounds.get(epoch, ())) + self._gone.get(epoch, (0, 0))[0]
            if inside < max(ROUNDS_MIN, before // SHARE):
                return epoch
            before += inside
            epoch += 1

    def revision(self, epoch: int) -> int:
        """How often something changed in the epochs before one. Cost: their number."""
        return sum(count for one, count in self._revisions.items() if one < epoch)

    def rounds_in(self, epoch: int) -> Iterator[Round]:
        """The rounds in one epoch, in no order that may be seen."""
        return iter(self._rounds.get(epoch, ()))

    def closed_stamp(self, epoch: int) -> int:
        """The stamp of the last first record in an epoch; 0 where there is none."""
        gone = self._gone.get(epoch, (0, 0))[1]
        return max(gone, max(map(recorded_stamp, self.rounds_in(epoch)), default=0))


def _epoch_of(found: Round) -> int:
    records = found.conclusions
    if len(records) == 1:
        return records[0][2].epoch
    proposers = found.proposers
    by_proposers = [said.epoch for author, _, said in records if author in proposers]
    return min(by_proposers or [said.epoch for _, _, said in records])


def recorded_stamp(found: Round) -> int:
    """The stamp of the first record that names the round's epoch."""
    return min(stamp for _, stamp, said in found.conclusions if said.epoch == found.epoch)
