"""What can be asked of a node without changing it. Pure reading of its state."""

from collections import Counter

from credimus.kernel.errors import Conflict, NotFound, UsageError
from credimus.kernel.hlc import stamp_of
from credimus.kernel.ids import ID_BYTES, PREFIX_DIGITS_MIN, BeliefId, NodeId, id_digits
from credimus.node.node import Node
from credimus.node.saying.checks import unknown_belief
from credimus.state.beliefs import Belief
from credimus.state.fleet import FleetState
from credimus.state.voting.verdict import Verdict

LATE_MS = 10_000
"""So old is a block that a connected member should hold, and have shown so. [guess: two showings of
the same to a neighbour in a large fleet, and ten to anybody in a small one]"""
_CANDIDATES_SHOWN = 3


def find_belief(state: FleetState, name: str) -> Belief:
    """The belief of an id, or of an unambiguous beginning of one, in hex.

    Cost: constant for a whole id; a look at every belief for a beginning.

    Raises:
        UsageError: `bad-belief-id`.
        NotFound: `unknown-belief`.
        Conflict: `ambiguous-belief`, naming some candidates.
    """
    digits = id_digits(name)
    if digits is None:
        raise UsageError(
            "bad-belief-id",
            f"{name[:40]!r} is no belief id; give {PREFIX_DIGITS_MIN} to {2 * ID_BYTES} hex "
            "digits, as `credimus beliefs` shows them.",
        )
    if len(digits) == 2 * ID_BYTES:
        identifier = BeliefId(bytes.fromhex(digits))
        found = state.beliefs.get(identifier)
        if found is None:
            raise unknown_belief(identifier)
        return found
    candidates = [belief for belief in state.beliefs if belief.id.hex().startswith(digits)]
    if not candidates:
        raise NotFound(
            "unknown-belief",
            f"no belief begins with {digits} here; list what is with `credimus beliefs`.",
        )
    if len(candidates) > 1:
        shown = ", ".join(sorted(one.id.hex() for one in candidates)[:_CANDIDATES_SHOWN])
        raise Conflict(
            "ambiguous-belief",
            f"{len(candidates)} beliefs begin with {digits}, such as {shown}; give more digits.",
        )
    return candidates[0]


def round_counts(state: FleetState) -> dict[str, int]:
    """How many rounds stand at each verdict; every verdict is a key."""
    counts = Counter(one.verdict for one in state.rounds)
    return {verdict.word: counts[verdict] for verdict in Verdict}


def belief_counts(state: FleetState) -> dict[str, int]:
    """How many beliefs stand at each verdict; those never proposed count as open."""
    counts = Counter(state.rounds.verdict(one.id) or Verdict.OPEN for one in state.beliefs)
    return {verdict.word: counts[verdict] for verdict in Verdict}


def faults_of(node: Node) -> list[tuple[NodeId, str, int]]:
    """What peers did wrong: peer, code and how often, sorted."""
    return sorted((peer, code, count) for (peer, code), count in node.faults.items())


class Lags:
    """How far the others are behind this node's own blocks, as it knows at this moment.

    It is known from what a member writes, from the heads and sums that it shows, which in large
    fleets only neighbours do, and from what it claims of its state.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._hosted = {author.id for author in node.authors}
        self._alike = node.vigilance.alike()

    def blocks(self, member: NodeId) -> int:
        """How many of this node's own blocks a member is not known to hold."""
        return max(0, self._node.authors[0].sequence - self._known(member))

    def is_late(self, member: NodeId, wall_ms: int) -> bool:
        """Whether a member that shows us what it holds lacks a block that it should have by now."""
        node, listeners = self._node, self._node.spreading.machine.listeners()
        if listeners is not None and member not in listeners:
            return False
        old = node.lace.walk(stamp_of(wall_ms - LATE_MS), node.id, backwards=True)
        last = next(old, None)
        return last is not None and last.sequence > self._known(member)

    def _known(self, member: NodeId) -> int:
        node = self._node
        if member in self._hosted or member in self._alike or node.sync.is_alike(member):
            return node.authors[0].sequence
        return node.copies.known(member)


def last_stamp_of(node: Node, author: NodeId) -> int | None:
    """The stamp of the last block held of an author, or None."""
    head = node.lace.head(author)
    return None if head is None else head.stamp


def name_of(state: FleetState, node: NodeId) -> str:
    """A member's name, or nothing for who is no member now."""
    member = state.roster.current.by_id.get(node)
    return member.name if member is not None else ""
