"""Makes a scenario that fails smaller, while it fails in the same way: what is left is the reason.

Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), for the
faults; plain bisection for the numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from credimus.kernel.errors import UsageError
from credimus.sim.faults.lies import Lie
from credimus.sim.network import CALM
from credimus.sim.run import Report, Sabotage, simulate
from credimus.sim.scenario import Scenario, altered

TRIES_MAX = 150
"""Runs that shrinking may take. [guess: minutes]"""
_LEAST = {
    "nodes": 1,
    "statements": 0,
    "messages": 0,
    "duration_ms": 100,
    "joiners": 0,
    "leavers": 0,
}
"""The numbers that are made smaller, in this order, and how far."""
Told: TypeAlias = Callable[[int, Scenario], None]
"""Hears how many runs were made, and the smallest scenario so far."""


def shrink(
    scenario: Scenario,
    checker: str,
    sabotage: Sabotage | None = None,
    told: Told | None = None,
    tries_max: int = TRIES_MAX,
) -> tuple[Scenario, Report]:
    """The smallest scenario found under which this checker still fails, and what it came to.

    Args:
        checker: the sentence that the scenario breaks.
        told: hears of every run.

    Raises:
        UsageError: `nothing-to-shrink`, when the scenario does not break it.
    """
    search = _Search(checker, sabotage, told, tries_max)
    if not search.fails(scenario):
        raise UsageError("nothing-to-shrink", f"{checker} holds under {scenario.name}")
    while search.round():
        pass
    return search.smallest()


class _Search:
    def __init__(
        self, checker: str, sabotage: Sabotage | None, told: Told | None, tries_max: int
    ) -> None:
        self._checker = checker
        self._sabotage = sabotage
        self._told = told
        self._tries_max = tries_max
        self._tried_count = 0
        self._found: Scenario | None = None

    def fails(self, candidate: Scenario) -> bool:
        """Run it; keep it when the checker fails."""
        if self._tried_count >= self._tries_max:
            return False
        self._tried_count += 1
        report = simulate(candidate, self._sabotage, sought=self._checker)
        broken = any(one.checker == self._checker for one in report.violations)
        if broken:
            self._found = candidate
        if self._told is not None and self._found is not None:
            self._told(self._tried_count, self._best)
        return broken

    def round(self) -> bool:
        """Try to take away each kind of thing once; False when nothing could be."""
        before = self._best
        self._fewer_faults()
        for fields in ({"weather": CALM}, {"moody": False}, {"members_per_node": 1}):
            self._try(**fields)
        for name, least in _LEAST.items():
            self._less(name, least)
        return self._best != before

    def smallest(self) -> tuple[Scenario, Report]:
        """The smallest that fails, and what it comes to when it runs to its end."""
        return self._best, simulate(self._best, self._sabotage)

    @property
    def _best(self) -> Scenario:
        assert self._found is not None  # noqa: S101 - the first run failed
        return self._found

    def _try(self, **fields: Any) -> bool:
        """Whether it still fails with these fields; a scenario that can not be is passed over."""
        named = {"name": "shrunk", **fields}
        try:
            candidate = altered(self._best, **named)
        except UsageError:
            return False
        return candidate != altered(self._best, name="shrunk") and self.fails(candidate)

    def _fewer_faults(self) -> None:
        """Take out ever smaller pieces of the list of faults."""
        piece = len(self._best.faults)
        while piece:
            index = 0
            while index < len(self._best.faults):
                faults = self._best.faults
                left = faults[:index] + faults[index + piece :]
                if not self._try(faults=left, **_liars_for(self._best, left)):
                    index += piece
            piece //= 2

    def _less(self, name: str, least: int) -> None:
        for value in _bisected(least, getattr(self._best, name)):
            if self._try(**{name: value, **_fitting(self._best, name, value)}):
                self._less(name, least)
                return


def _bisected(least: int, value: int) -> Iterator[int]:
    """Values below one, the smallest first, then ever closer to it."""
    gap = value - least
    while gap > 0:
        yield value - gap
        gap //= 2


def _liars_for(scenario: Scenario, faults: Sequence[object]) -> dict[str, int]:
    lying = any(isinstance(fault, Lie) for fault in faults)
    return {"liars": scenario.liars if lying else 0}


def _fitting(scenario: Scenario, name: str, value: int) -> dict[str, int]:
    """A smaller fleet has room for fewer liars."""
    if name != "nodes" or not scenario.liars:
        return {}
    return {"liars": max(1, min(scenario.liars, (value - 1) // 3))}
