"""What happened in a run, and when: the faults that struck and what the fleet came to meanwhile.

Deliberately not here: what is right or wrong (checkers/); nothing of a run depends on it.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from credimus.kernel.instant import SECOND
from credimus.sim.clock import Agenda

NOTES_MAX = 20_000
"""Notes kept of one run; later ones are only counted. [guess: an hour of storm]"""


class Note(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened."""

    at_ns: int
    what: str
    place: int
    """Where; -1 for the network."""


class Progress(msgspec.Struct, frozen=True, gc=False):
    """What the fleet had come to at a moment."""

    at_ns: int
    up: int
    beliefs: int
    decided: int
    views: int
    """How many different sets of blocks the running nodes held."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a run, for the timeline."""

    until_s: float
    happened: dict[str, int]
    """What happened, and how often."""
    up: int
    """Nodes up at the end of it, and what the fleet had come to; as `Progress`."""
    beliefs: int
    decided: int
    views: int


class Chronicle:
    """Notes in the order of events, and the fleet's progress beside them."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._notes: list[Note] = []
        self._progress: list[Progress] = []
        self.dropped_count = 0

    def note(self, what: str, place: int = -1) -> None:
        """Write down what happens now."""
        if len(self._notes) >= NOTES_MAX:
            self.dropped_count += 1
            return
        self._notes.append(Note(self._agenda.now_ns, what, place))

    def measure(self, progress: Progress) -> None:
        """Write down what the fleet has come to."""
        self._progress.append(progress)

    @property
    def notes(self) -> Sequence[Note]:
        """All notes, in order."""
        return self._notes

    def timeline(self, slice_count: int) -> tuple[Slice, ...]:
        """The run in at most that many slices, each ending at a measure."""
        measured = self._progress
        step = max(1, -(-len(measured) // slice_count))
        ends = measured[step - 1 :: step]
        if measured and ends[-1:] != measured[-1:]:
            ends = [*ends, measured[-1]]
        slices = []
        from_ns = -1
        for end in ends:
            happened = Counter(one.what for one in self._notes if from_ns < one.at_ns <= end.at_ns)
            slices.append(
                Slice(
                    until_s=round(end.at_ns / SECOND, 1),
                    happened=dict(sorted(happened.items())),
                    up=end.up,
                    beliefs=end.beliefs,
                    decided=end.decided,
                    views=end.views,
                )
            )
            from_ns = end.at_ns
        return tuple(slices)
