"""Endpoints about members: expel one, change what it may say, admit one again or one more."""

from credimus.api.commands import urgency_of
from credimus.api.endpoints.beliefs import write_answer
from credimus.api.message import Answer, Request
from credimus.api.shapes import inputs
from credimus.api.shapes.members import KeyRotated
from credimus.kernel.errors import UsageError
from credimus.node.commands import AdmitMember, ExpelMember, GrantPowers
from credimus.runtime.daemon import Daemon
from credimus.runtime.identity.rotating import rotate_running
from credimus.state.member_operations import Powers
from credimus.state.membership.naming import described_of, member_named


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
    expelled = member_named(daemon.node.state.roster.current, member)
    return ExpelMember(member=expelled, reason=asked.reason, urgency=urgency_of(asked.urgency))


def granting(daemon: Daemon, member: str, asked: inputs.NewPowers) -> GrantPowers:
    """Gives a member other powers."""
    powers = powers_of(asked.may, asked.categories)
    granted = member_named(daemon.node.state.roster.current, member)
    return GrantPowers(member=granted, powers=powers, urgency=urgency_of(asked.urgency))


def admission(daemon: Daemon, member: str, asked: inputs.NewAdmission) -> AdmitMember:
    """Admits whose key is known."""
    roster = daemon.node.state.roster
    node = member_named(roster.current, member, roster.keys)
    described = described_of(roster.current, node)
    name = asked.name if described is None else asked.name or described.name
    if name is None:
        raise UsageError("bad-field", "name: give one; this node remembers none of that member.")
    address = "" if described is None else described.address
    return AdmitMember(
        public_key=roster.keys[node], name=name, address=address, urgency=urgency_of(asked.urgency)
    )


def powers_of(may: tuple[str, ...], categories: tuple[str, ...]) -> Powers:
    """What a list of names allows."""
    return Powers(
        propose="propose" in may,
        vote="vote" in may,
        admit="admit" in may,
        expel="expel" in may,
        categories=tuple(sorted(set(categories))),
    )
