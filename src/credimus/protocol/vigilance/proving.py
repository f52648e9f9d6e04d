"""Takes turns at proving equivocations, so that usually one speaks.

The members take their turns in an order that is drawn for each culprit; who finds it proven by
then keeps silent.

Deliberately not here: making evidence, which takes the bytes of blocks.
"""

from collections.abc import Sequence
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.ids import NodeId, fingerprint
from credimus.kernel.instant import Instant, Now, after
from credimus.protocol.vigilance.interface import (
    EvidenceWanted,
    Suspicion,
    VigilanceConfig,
)
from credimus.state.fleet import FleetState


class _Case(NamedTuple):
    """An equivocation that is not proven yet, and when to look at it again."""

    due: Instant
    suspicion: Suspicion


class Proving:
    """One node's turns."""

    def __init__(
        self, config: VigilanceConfig, state: FleetState, hosted: Sequence[NodeId]
    ) -> None:
        self._config = config
        self._state = state
        self._hosted = hosted
        self._cases: dict[NodeId, _Case] = {}

    def open(self, suspicions: Sequence[Suspicion], now: Now) -> None:
        """Open a case for each culprit that has none."""
        for suspicion in suspicions:
            culprit = suspicion.culprit
            if culprit in self._cases or len(self._cases) >= limits.SUSPECTS_MAX:
                continue
            if culprit in self._hosted or culprit in self._state.roster.current.exposed:
                continue
            wait_ns = self._config.step_ns * self._turn(culprit)[1]
            self._cases[culprit] = _Case(after(now.instant, wait_ns), suspicion)

    def deadline(self) -> Instant | None:
        """The next turn."""
        return min(case.due for case in self._cases.values()) if self._cases else None

    def due(self, now: Now) -> list[EvidenceWanted]:
        """The evidence whose turn has come; what is proven is forgotten."""
        wanted: list[EvidenceWanted] = []
        due = [one for one, case in self._cases.items() if case.due <= now.instant]
        for culprit in sorted(due):
            suspicion = self._cases.pop(culprit).suspicion
            if culprit in self._state.roster.current.exposed:
                continue
            self._cases[culprit] = _Case(after(now.instant, self._config.again_ns), suspicion)
            author = self._turn(culprit)[0]
            if author is not None:
                wanted.append(EvidenceWanted(author, suspicion))
        return wanted

    def _turn(self, culprit: NodeId) -> tuple[NodeId | None, int]:
        """The hosted member whose turn comes first, if any has one, and how many come before."""
        roster = self._state.roster.current
        able = (one for one in roster.by_id if one not in roster.exposed and one != culprit)
        order = sorted(able, key=lambda one: fingerprint(b"credimus draw", culprit, one))
        for rank, member in enumerate(order):
            if member in self._hosted:
                return member, rank
        return None, len(order)
