"""Rounds are watched to their end: verdicts are recorded, time that ran out is closed.

The proposer speaks first; where it stays silent the electors follow in an order drawn for each
round, so that usually one speaks. Where all of them took new keys, other members do.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

from credimus.kernel.hlc import LOGICAL_BITS
from credimus.kernel.ids import NodeId, RoundId, fingerprint
from credimus.kernel.instant import MILLISECOND, Instant, Now, after, earliest, is_due
from credimus.protocol.voting.closing import closing_of, conclusion_of
from credimus.protocol.voting.interface import Say, VotingConfig
from credimus.state.fleet import FleetState
from credimus.state.operations import (
    CONCLUSIONS_PER_OPERATION,
    Choice,
    Conclude,
    Conclusion,
    Scheme,
)
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict


class Concluding:
    """The ends of the rounds that concern one node."""

    def __init__(self, config: VotingConfig, state: FleetState, hosted: Sequence[NodeId]) -> None:
        self._config = config
        self._state = state
        self._hosted = hosted
        self._watched: list[tuple[Instant, int, list[RoundId]]] = []
        """When to look, a number that settles ties, and the rounds that were put off together."""
        self._newest: tuple[Instant, int, list[RoundId]] | None = None
        self._batch_count = 0
        self._to_conclude: dict[RoundId, NodeId] = {}
        self._conclude_due: Instant | None = None

    def watch(self, found: Round, now: Now) -> None:
        """Look at an open round again when its time is up."""
        author = self._proposer(found)
        wait_ms = found.timeout_ms + (0 if author else self._config.aggregation_ms)
        self._look_again(found.id, after(now.instant, wait_ms * MILLISECOND))

    def decided(self, found: Round, now: Now) -> None:
        """Record a verdict soon, when the round was proposed here."""
        author = self._proposer(found)
        if author is not None:
            self._to_conclude[found.id] = author
            if self._conclude_due is None:
                self._conclude_due = after(now.instant, self._config.conclude_delay_ns)

    def along(self, said: list[Any]) -> None:
        """A block is about to be sealed: record in it what was decided, at no further cost."""
        if self._to_conclude:
            self._conclude_due = None
            self._conclude(said)

    def deadline(self) -> Instant | None:
        """The next round to look at."""
        watched = self._watched[0][0] if self._watched else None
        return earliest(watched, self._conclude_due)

    def tick(self, now: Now, said: list[Any]) -> None:
        """Record what was decided; close what ran out of time."""
        if is_due(self._conclude_due, now):
            self._conclude_due = None
            self._conclude(said)
        while self._watched and self._watched[0][0] <= now.instant:
            for identifier in heappop(self._watched)[2]:
                found = self._state.rounds.get(identifier)
                if found is not None and not recorded(found):
                    self._time_is_up(found, now, said)

    def _look_again(self, identifier: RoundId, due: Instant) -> None:
        """Rounds that open in one step with one timeout share an entry: there are thousands."""
        newest = self._newest
        if newest is not None and newest[0] == due:
            newest[2].append(identifier)
            return
        self._batch_count += 1
        self._newest = due, self._batch_count, [identifier]
        heappush(self._watched, self._newest)

    def _conclude(self, said: list[Any]) -> None:
        by_author: dict[NodeId, list[Conclusion]] = {}
        epoch = self._state.rounds.epochs.open_epoch()
        for identifier, author in self._to_conclude.items():
            found = self._state.rounds.get(identifier)
            if found is not None and not any(who == author for who, _, _ in found.conclusions):
                said_of = conclusion_of(found, self._state.beliefs, epoch)
                by_author.setdefault(author, []).append(said_of)
        self._to_conclude.clear()
        for author, conclusions in by_author.items():
            for first in range(0, len(conclusions), CONCLUSIONS_PER_OPERATION):
                batch = tuple(conclusions[first : first + CONCLUSIONS_PER_OPERATION])
                said.append(Say(author, Conclude(batch)))

    def _time_is_up(self, found: Round, now: Now, said: list[Any]) -> None:
        due_stamp = found.opened_stamp + (found.timeout_ms << LOGICAL_BITS)
        author, wait_ms = self._proposer(found), 0
        if author is None:
            author, rank = self._drawn(found)
            wait_ms = self._config.aggregation_ms * (1 + rank)
        if author is None:
            return
        late_ms = ((now.wall_ms << LOGICAL_BITS) - due_stamp) >> LOGICAL_BITS
        if late_ms < wait_ms:
            pause_ms = min(wait_ms - late_ms, found.timeout_ms + wait_ms)
            self._look_again(found.id, after(now.instant, pause_ms * MILLISECOND))
        elif found.verdict.decided:
            epoch = self._state.rounds.epochs.open_epoch()
            said_of = conclusion_of(found, self._state.beliefs, epoch)
            said.append(Say(author, Conclude((said_of,))))
        elif not any(who == author for who, _, _ in found.closings) and (
            found.verdict is Verdict.OPEN or (found.rules.scheme is Scheme.TURNOUT and not wait_ms)
        ):
            said.append(Say(author, closing_of(found)))

    def _proposer(self, found: Round) -> NodeId | None:
        """The hosted member that proposed this round, if any."""
        openings = found.openings
        if len(openings) == 1:
            proposer = openings[0][1]
            return proposer if proposer in self._hosted else None
        proposers = found.proposers
        return next((one for one in self._hosted if one in proposers), None)

    def _drawn(self, found: Round) -> tuple[NodeId | None, int]:
        """The hosted member whose turn comes first, and its rank in the draw: of the electors that
        are still members, or where none is, of all members, whose closings expire it as well."""
        members = self._state.roster.current
        asked = list(found.electorate.position)
        if not any(one in members for one in asked):
            if found.verdict.decided:
                return None, 0
            asked = list(members.by_id)
        drawn = {one: fingerprint(b"credimus draw", found.id, one) for one in asked}
        for rank, one in enumerate(sorted(drawn, key=drawn.__getitem__)):
            if one in self._hosted and one in members:
                return one, rank
        return None, 0


def recorded(found: Round) -> bool:
    """Whether a round has a verdict and somebody whom it concerns recorded that very verdict."""
    if found.verdict < Verdict.ACCEPTED:
        return False
    outcome = Choice.ACCEPT if found.accept_certified else Choice.REJECT
    for who, _, said in found.conclusions:
        if said.outcome is outcome and found.concerns(who):
            return True
    return False
