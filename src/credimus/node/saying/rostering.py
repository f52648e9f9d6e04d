"""What callers may say about members: admissions, powers, new keys, exposures, expulsions.

Each function checks first, then writes to the author's open block; one that raises did nothing.
"""

from credimus.kernel import limits
from credimus.kernel.errors import (
    Conflict,
    NotFound,
    NotPermitted,
    PeerFault,
    Unavailable,
    UsageError,
)
from credimus.kernel.ids import FleetId, NodeId, node_id, short
from credimus.kernel.instant import Now
from credimus.node.commands import (
    AdmitMember,
    ExpelMember,
    ExposeMember,
    GrantPowers,
    RotateKey,
)
from credimus.node.saying.author import Author
from credimus.node.saying.checks import check_category, check_length
from credimus.state.member_operations import ALL_POWERS, Appoint, Expel, Powers, Rotate
from credimus.state.membership.draft import DAY_MS
from credimus.state.membership.evidence import check_exposure
from credimus.state.membership.members import Members, may_propose
from credimus.state.membership.permissions import check_permitted, forbidden_by
from credimus.state.operations import Admit, Operation


def check_may_propose(author: NodeId, category: str, members: Members) -> None:
    """Refuse a round that others would not take from this member.

    Raises:
        NotPermitted: `forbidden`.
    """
    powers = members.powers(author)
    if not may_propose(powers, category):
        where = f" in category {category}" if powers.propose else ""
        raise _forbidden(author, f"open rounds{where}; it may state beliefs without a vote")


def check_may_vote(author: NodeId, members: Members) -> None:
    """Refuse a vote that others would not take from this member.

    Raises:
        NotPermitted: `forbidden`.
    """
    if not members.powers(author).vote:
        raise _forbidden(author, "vote")


def check_may_admit(author: NodeId, powers: Powers, members: Members) -> None:
    """Refuse to promise what others would not take from this member.

    Raises:
        NotPermitted: `forbidden`.
        UsageError: `bad-category`, `out-of-range`.
    """
    _check_powers(powers)
    if not members.may_admit(author):
        raise _forbidden(author, "admit anybody")
    if not members.leads(author) and not powers.within(members.powers(author)):
        raise _forbidden(author, "give more than it may say itself")


def admit(author: Author, command: AdmitMember, members: Members, now: Now) -> None:
    """Say that the holder of a key is a member."""
    check_length(command.name, limits.NAME_BYTES_MAX, "name")
    check_length(command.address, limits.NAME_BYTES_MAX, "address")
    if len(command.public_key) != 32:
        raise UsageError("bad-key", "a public key is 32 bytes")
    node = node_id(command.public_key)
    if node in members and node != author.id:
        raise Conflict(
            "already-a-member",
            f"{short(node)} is a member; only it can change its name and address.",
        )
    _check_powers(command.powers)
    described = (command.public_key, command.name, command.address)
    said: Operation = Admit(*described)
    if command.powers != ALL_POWERS and node != author.id:
        said = Appoint(*described, command.powers)
    if node != author.id:
        _check(author.id, said, members)
        _check_day(author, members, now)
        if node in members.exposed:
            raise Conflict(
                "exposed",
                f"{short(node)} is a proven equivocator and stays one: it comes back under a new "
                "key only.",
            )
    author.say(said)


def grant(author: Author, command: GrantPowers, members: Members) -> None:
    """Give a member other powers; for the founder of a fleet that it leads."""
    member = members.by_id.get(command.member)
    if member is None:
        raise _unknown(command.member)
    _check_powers(command.powers)
    if not members.leads(author.id):
        raise _forbidden(
            author.id,
            "change what members may do: only the founder may, of a fleet that was founded with "
            "--admission founder",
        )
    author.say(Appoint(member.public_key, member.name, member.address, command.powers))


def expel(author: Author, command: ExpelMember, members: Members) -> bool:
    """Say that a member is to go; returns whether that is enough because evidence speaks for it."""
    check_length(command.reason, limits.REASON_BYTES_MAX, "reason")
    if command.member == author.id:
        raise UsageError("expels-itself", "a member goes by leaving; it does not expel itself")
    if command.member not in members:
        raise _unknown(command.member)
    by_evidence = command.member in members.law.exposed
    said = Expel(command.member, command.reason, by_evidence)
    _check(author.id, said, members)
    law = members.law
    who, by = law.person(command.member), law.person(author.id)
    known = law.ballots.get((who, members.expulsions.get(who, 0) + 1, by))
    if known is not None and known.without_evidence and not by_evidence:
        raise Conflict(
            "already-said",
            f"{short(author.id)} has said so already; {short(command.member)} goes once more than "
            f"two thirds of the members have.",
        )
    author.say(said)
    return by_evidence


def expose(author: Author, command: ExposeMember, members: Members, fleet: FleetId) -> None:
    """Say what proves an equivocation."""
    try:
        culprit, _ = check_exposure(command.exposure, fleet)
    except PeerFault as fault:
        raise UsageError(fault.code, fault.message) from None
    if culprit in members.law.exposed:
        raise Conflict("already-exposed", f"{short(culprit)} is a proven equivocator already")
    author.say(command.exposure)


def rotate(author: Author, command: RotateKey, members: Members, fleet: FleetId) -> None:
    """Put a new key in the place of the author's."""
    if len(command.public_key) != 32 or len(command.proof) != 64:
        raise UsageError("bad-key", "a public key is 32 bytes, a signature by it 64")
    new = node_id(command.public_key)
    if new in members or new in members.law.successions:
        raise Conflict("key-in-use", f"{short(new)} is known in this fleet; make a new key.")
    said = Rotate(command.public_key, command.proof)
    try:
        check_permitted(author.id, [said], members, fleet)
    except PeerFault as fault:
        raise UsageError(fault.code, fault.message) from None
    author.say(said)


def _check(author: NodeId, said: Operation, members: Members) -> None:
    what = forbidden_by(author, said, members)
    if what:
        raise _forbidden(author, what)


def _check_day(author: Author, members: Members, now: Now) -> None:
    """Refuse an admission past the limit of the day: it would not count."""
    charter = members.law.charter
    if charter is None or not charter.per_day:
        return
    day, count = members.law.admitted.get(members.law.person(author.id), (0, 0))
    count = author.open_admissions + (count if day == now.wall_ms // DAY_MS else 0)
    if count >= charter.per_day:
        error = Unavailable(
            "admissions-used-up",
            f"{short(author.id)} has admitted {count} today, which is all that one member of this "
            "fleet may in a day (UTC); let another member invite, or wait for tomorrow.",
        )
        error.definite = True
        raise error


def _check_powers(powers: Powers) -> None:
    for category in powers.categories:
        check_category(category)
    if len(powers.categories) > limits.CAPABILITY_CATEGORIES_MAX:
        raise UsageError(
            "out-of-range", f"a member is held to {limits.CAPABILITY_CATEGORIES_MAX} categories at "
            "most; name fewer, or none for all.",
        )  # fmt: skip


def _forbidden(author: NodeId, what: str) -> NotPermitted:
    return NotPermitted(
        "forbidden", f"{short(author)} may not {what}. See `credimus members` for who may what."
    )


def _unknown(member: NodeId) -> NotFound:
    return NotFound("unknown-member", f"{member.hex()[:12]} is no member; see `credimus members`.")
