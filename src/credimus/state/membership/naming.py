"""Whom people mean by what they call a member."""

from collections.abc import Iterable

from credimus.kernel.errors import Conflict, NotFound
from credimus.kernel.ids import ID_BYTES, PREFIX_DIGITS_MIN, NodeId, id_digits
from credimus.state.membership.members import Member, Members


def member_named(roster: Members, given: str, known: Iterable[NodeId] | None = None) -> NodeId:
    """The one that is meant by an id, by an unambiguous beginning of one, in hex, or by a name that
    it alone has. A whole id goes before names; what is both a name and a beginning is ambiguous.

    Args:
        known: who may be meant; the members of now when None.

    Raises:
        NotFound: `unknown-member`.
        Conflict: `ambiguous-member`.
    """
    wanted = given.strip()
    digits = id_digits(given)
    those = tuple(roster.by_id if known is None else known)
    found = {one for one in those if digits and one.hex().startswith(digits)}
    if digits is None or len(digits) < 2 * ID_BYTES or not found:
        described = ((one, described_of(roster, one)) for one in those)
        found |= {one for one, member in described if member is not None and member.name == wanted}
    if not found:
        raise NotFound(
            "unknown-member",
            f"{wanted[:40]!r} is no member; give a name, an id, or {PREFIX_DIGITS_MIN} digits of "
            "one at least, as `credimus members --all` shows them.",
        )
    if len(found) > 1:
        raise Conflict(
            "ambiguous-member",
            f"{wanted[:40]!r} may be any of {len(found)} members; give more digits of the id.",
        )
    return found.pop()


def described_of(roster: Members, node: NodeId) -> Member | None:
    """What was said of somebody who is a member, waits to be one, or was expelled."""
    return roster.by_id.get(node) or roster.pending.get(node) or roster.expelled.get(node)
