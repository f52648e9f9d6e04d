"""What one can foresee: who can decide a statement at once, and whom it has to wait for.

Pure. It counts who knows; it does not vote, so what is found by deduction it can not foresee.
"""

from collections.abc import Sequence

import msgspec

from credimus.demo.scenario import Scenario, Statement

TOO_FEW = "too few know"


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """A node was out of reach from one second of the play to another."""

    node: str
    why: str
    """Such as `dispatch is dead`."""
    begin: float
    end: float = float("inf")

    def covers(self, second: float) -> bool:
        """Whether the node was away then."""
        return self.begin <= second < self.end


def votes_needed(scenario: Scenario) -> int:
    """Equal votes that decide under the byzantine rule: more than two thirds of all nodes."""
    return 2 * len(scenario.node) // 3 + 1


def waits_for(
    scenario: Scenario, statement: Statement, absences: Sequence[Absence] = ()
) -> str | None:
    """Why a statement could not be decided at once; None when it could.

    Args:
        absences: who was out of reach, and when.
    """
    sure = statement.confidence >= 0.5
    saying = set(statement.by)
    holding = {*statement.known, *(saying if sure else ())}
    denying = {*statement.denied, *(() if sure else saying)}
    needed = votes_needed(scenario)
    if max(len(holding), len(denying)) < needed:
        return TOO_FEW
    away = [one for one in absences if one.covers(statement.at)]
    asserter = statement.by[0]
    missing = {one.node for one in away if one.node != asserter}
    if any(one.node == asserter for one in away):
        missing = {*scenario.names} - {asserter}
    if max(len(holding - missing), len(denying - missing)) >= needed:
        return None
    return away[0].why
