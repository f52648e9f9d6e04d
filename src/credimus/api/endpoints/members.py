"""Endpoints about members: expel one, change what it may say, admit one again or one more."""

from collections.abc import Iterable

from credimus.api.endpoints.beliefs import write_answer
from credimus.api.message import Answer, Request
from credimus.api.shapes import inputs
from credimus.api.shapes.members import KeyRotated
from credimus.kernel.errors import Conflict, NotFound, UsageError
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.node.commands import AdmitMember, ExpelMember, GrantPowers
from credimus.runtime.daemon import Daemon
from credimus.runtime.identity.rotating import rotate_running
from credimus.state.member_operations import Powers
from credimus.state.membership.members import Member

_HEX = frozenset("0123456789abcdef")
PREFIX_DIGITS_MIN = 4
"""Hex digits that a shortened id needs. [guess: as for beliefs]"""


async def expel(daemon: Daemon, asked: inputs.NewExpulsion, request: Request) -> Answer:
    """POST /v1/members/{id}/expel: says that a member is to go; enough where it was proven to
    equivocate, else more than two thirds of the members have to say so."""
    command = expulsion(daemon, request.name, asked)
    return await write_answer(daemon, command, asked, request)


async def set_powers(daemon: Daemon, asked: inputs.NewPowers, request: Request) -> Answer:
    """POST /v1/members/{id}/powers: changes what a member may say; for founders that lead."""
    command = granting(daemon, request.name, asked)
    return await write_answer(daemon, command, asked, request, status=200)


async def admit(daemon: Daemon, asked: inputs.NewAdmission, request: Request) -> Answer:
    """POST /v1/members/{id}/admit: admits somebody whose key is known: a newcomer that others
    admitted, where one member's word is not enough, or a member that left or was expelled."""
    command = admission(daemon, request.name, asked)
    return await write_answer(daemon, command, asked, request)


async def rotate_key(daemon: Daemon, asked: inputs.NewKey, request: Request) -> KeyRotated:
    """POST /v1/key/rotate: gives the node a new key; it begins again with that, under a new id."""
    passphrase = None if asked.passphrase is None else asked.passphrase.encode()
    daemon.enter("key-rotating", "", request.principal)
    made = await rotate_running(daemon, passphrase)
    return KeyRotated(old=made.old.hex(), new=made.new.hex())


def expulsion(daemon: Daemon, member: str, asked: inputs.NewExpulsion) -> ExpelMember:
    """Says that a member is to go."""
    known = daemon.node.state.roster.current.by_id
    return ExpelMember(member=named(daemon, known, member), reason=asked.reason)


def granting(daemon: Daemon, member: str, asked: inputs.NewPowers) -> GrantPowers:
    """Gives a member other powers."""
    known = daemon.node.state.roster.current.by_id
    powers = powers_of(asked.may, asked.categories)
    return GrantPowers(member=named(daemon, known, member), powers=powers)


def admission(daemon: Daemon, member: str, asked: inputs.NewAdmission) -> AdmitMember:
    """Admits whose key is known."""
    roster = daemon.node.state.roster
    node = named(daemon, roster.keys, member)
    described = _described(daemon, node)
    name = asked.name if described is None else asked.name or described.name
    if name is None:
        raise UsageError("bad-field", "name: give one; this node remembers none of that member.")
    address = "" if described is None else described.address
    return AdmitMember(public_key=roster.keys[node], name=name, address=address)


def powers_of(may: tuple[str, ...], categories: tuple[str, ...]) -> Powers:
    """What a list of names allows."""
    return Powers(
        propose="propose" in may,
        vote="vote" in may,
        admit="admit" in may,
        expel="expel" in may,
        categories=tuple(sorted(set(categories))),
    )


def named(daemon: Daemon, known: Iterable[NodeId], given: str) -> NodeId:
    """The member of an id, of an unambiguous beginning of one, in hex, or of a name that one alone
    has. A whole id goes before names; what is both a name and a beginning is ambiguous.

    Raises:
        NotFound: `unknown-member`.
        Conflict: `ambiguous-member`.
    """
    wanted = given.strip()
    digits = wanted.lower()
    is_id = PREFIX_DIGITS_MIN <= len(digits) <= 2 * ID_BYTES and not set(digits) - _HEX
    found = {one for one in known if is_id and one.hex().startswith(digits)}
    if len(digits) < 2 * ID_BYTES or not found:
        described = ((one, _described(daemon, one)) for one in known)
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


def _described(daemon: Daemon, node: NodeId) -> Member | None:
    roster = daemon.node.state.roster.current
    return roster.by_id.get(node) or roster.pending.get(node) or roster.expelled.get(node)
