"""Which operations an author may say, judged by its block's causal past, so alike by all.

Deliberately not here: what is held to categories. A vote or proposal does not name the category of
its belief; voting/rounds.py judges it once that is known, and such a proposal counts for nothing.
"""

from collections.abc import Sequence
from typing import cast

from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import FleetId, NodeId, node_id, short
from credimus.lace.seal import check_signature
from credimus.state.keeping_operations import Quote
from credimus.state.member_operations import (
    ALL_POWERS,
    Appoint,
    Charter,
    Expel,
    Expose,
    Limit,
    Rotate,
)
from credimus.state.membership.evidence import check_exposure, check_quote, rotation_message
from credimus.state.membership.members import Members
from credimus.state.operations import Admit, Found, Operation, Propose, Votes

ALWAYS_JUDGED = frozenset({Found, Charter, Limit, Appoint, Rotate, Expose, Expel, Quote})
_OF_MEMBERS = frozenset({Admit, Propose, Votes})


def check_permitted(
    author: NodeId, operations: Sequence[Operation], past: Members, fleet: FleetId
) -> None:
    """Refuse a member's block with an operation that it may not say, or that proves nothing.

    Raises:
        PeerFault: `wrong-genesis`, `not-permitted`, `bad-evidence`, `bad-rotation`.
    """
    kinds = set(map(type, operations))
    limited = bool(past.law.powers) or past.law.charter is not None
    if kinds.isdisjoint(ALWAYS_JUDGED) and (not limited or kinds.isdisjoint(_OF_MEMBERS)):
        return
    exposed = set(past.exposed)
    for operation in operations:
        if isinstance(operation, Found | Charter | Limit):
            raise PeerFault("wrong-genesis", "a fleet is founded once, in its first block")
        if isinstance(operation, Expose):
            exposed.add(check_exposure(operation, fleet)[0])
        elif isinstance(operation, Quote):
            check_quote(operation, fleet)
        elif isinstance(operation, Rotate):
            _check_rotation(author, operation, fleet)
        elif isinstance(operation, Expel) and operation.by_evidence and (
            operation.member not in exposed
        ):  # fmt: skip
            raise _not_permitted(author, "expel by evidence that is not in its past")
        else:
            forbidden = forbidden_by(author, operation, past)
            if forbidden:
                raise _not_permitted(author, forbidden)


def forbidden_by(author: NodeId, operation: Operation, past: Members) -> str:
    """What a member may not do with an operation, in words; empty when it may."""
    kind = type(operation)
    if kind is Votes:
        return "" if past.powers(author).vote else "vote"
    if kind is Propose:
        return "" if past.powers(author).propose else "propose"
    if kind is Expel:
        return "" if past.powers(author).expel else "expel"
    if kind is Admit or kind is Appoint:
        return _forbidden_admission(author, cast(Admit | Appoint, operation), past)
    return ""


def _forbidden_admission(author: NodeId, said: Admit | Appoint, past: Members) -> str:
    node = node_id(said.public_key)
    if isinstance(said, Admit) and node == author:
        return ""  # a new name and address
    if not past.may_admit(author):
        return "admit"
    if past.leads(author):
        return ""
    if node in past:  # whom to admit once more says nothing
        return "change what a member may say" if isinstance(said, Appoint) else ""
    powers = said.powers if isinstance(said, Appoint) else ALL_POWERS
    return "" if powers.within(past.powers(author)) else "give more than it may say itself"


def _check_rotation(author: NodeId, said: Rotate, fleet: FleetId) -> None:
    message = rotation_message(fleet, author, said.public_key)
    try:
        check_signature(said.public_key, message, said.proof, "a rotation")
    except PeerFault:
        raise PeerFault(
            "bad-rotation", f"{short(author)} names a new key that did not sign for it"
        ) from None


def _not_permitted(author: NodeId, what: str) -> PeerFault:
    return PeerFault("not-permitted", f"in the past of its block {short(author)} may not {what}")
