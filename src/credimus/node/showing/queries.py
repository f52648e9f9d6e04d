"""What can be asked of a node without changing it. Pure reading of its state."""

from collections import Counter

from credimus.kernel.errors import Conflict, NotFound, UsageError
from credimus.kernel.ids import ID_BYTES, PREFIX_DIGITS_MIN, BeliefId, NodeId, id_digits
from credimus.node.node import Node
from credimus.node.saying.checks import unknown_belief
from credimus.state.beliefs import Belief
from credimus.state.fleet import FleetState
from credimus.state.voting.verdict import Verdict

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


def lag_of(node: Node, member: NodeId) -> int:
    """How many of this node's own blocks a member is not known to hold.

    It is known from what the member writes, so that the last few are late where nobody writes.
    """
    if member == node.id:
        return 0
    return node.authors[0].sequence - node.copies.acknowledged.get(member, 0)


def last_stamp_of(node: Node, author: NodeId) -> int | None:
    """The stamp of the last block held of an author, or None."""
    head = node.lace.head(author)
    return None if head is None else head.stamp


def name_of(state: FleetState, node: NodeId) -> str:
    """A member's name, or nothing for who is no member now."""
    member = state.roster.current.by_id.get(node)
    return member.name if member is not None else ""
