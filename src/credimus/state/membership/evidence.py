"""What proves itself: two signed headers at one place of a chain, two answers in one round, two
different closings of one; and a word on a checkpoint that somebody quotes.

Whoever says it, every node checks the signatures and comes to the same result; what an honest
member never signed can not be shown. Pure.

Deliberately not here: what follows for the equivocator (members.py).
"""

from enum import Enum

from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import FleetId, NodeId, fingerprint, node_id
from credimus.lace.block import Signed, read_header, root_shown
from credimus.lace.seal import check_signature, pack_leaves
from credimus.state.keeping_operations import Certify, Quote
from credimus.state.member_operations import Exhibit, Expose
from credimus.state.operations import Choice, Close, Operation, Votes, read_operations

_NODE_BYTES = 32


class Wrong(Enum):
    """What an equivocator did."""

    FORK = "fork"
    """Signed two blocks at one place of its chain."""
    TWO_ANSWERS = "two answers"
    """Gave two different answers in one round."""
    TWO_CLOSINGS = "two closings"
    """Closed one round in two ways. Who closes once stays below this, whatever the scheme."""


def check_exposure(said: Expose, fleet: FleetId) -> tuple[NodeId, Wrong]:
    """Who equivocated, and how.

    Raises:
        PeerFault: `bad-evidence`: it proves nothing.
    """
    try:
        one, other = read_header(said.one.header), read_header(said.other.header)
        for testimony in (said.one, said.other):
            check_signature(said.public_key, testimony.header, testimony.signature, "a testimony")
    except PeerFault as fault:
        raise _proves_nothing(fault.message) from None
    culprit = node_id(said.public_key)
    if any(header.author != culprit or header.fleet != fleet for header in (one, other)):
        raise _proves_nothing("the headers are not both of that member and of this fleet")
    if one.sequence == other.sequence and said.one.header != said.other.header:
        return culprit, Wrong.FORK
    first, second = _shown(one, said.one), _shown(other, said.other)
    if not (isinstance(first, Votes | Close) and isinstance(second, Votes | Close)):
        raise _proves_nothing("an operation is not one that casts votes or closes a round")
    if isinstance(first, Votes) and isinstance(second, Votes):
        answers: dict[bytes, set[Choice]] = {}
        for vote in (*first.votes, *second.votes):
            answers.setdefault(vote.round, set()).add(vote.choice)
        if any(len(choices) > 1 for choices in answers.values()):
            return culprit, Wrong.TWO_ANSWERS
    elif (
        isinstance(first, Close)
        and isinstance(second, Close)
        and first.round == second.round
        and first != second
    ):
        return culprit, Wrong.TWO_CLOSINGS
    raise _proves_nothing(
        "no two headers at one place, no two answers in one round, no two closings of one"
    )


def check_quote(said: Quote, fleet: FleetId) -> None:
    """Refuse what quotes nothing that its author said.

    Raises:
        PeerFault: `bad-evidence`.
    """
    try:
        header = read_header(said.word.header)
        check_signature(said.public_key, said.word.header, said.word.signature, "a quoted word")
    except PeerFault as fault:
        raise _proves_nothing(fault.message) from None
    if header.author != node_id(said.public_key) or header.fleet != fleet:
        raise _proves_nothing("the header is not of that member and of this fleet")
    if not isinstance(_shown(header, said.word), Certify):
        raise _proves_nothing("the operation is not one that certifies a checkpoint")


def rotation_message(fleet: FleetId, old: NodeId, public_key: bytes) -> bytes:
    """What a new key signs to show that whoever rotates to it has it."""
    return fingerprint(b"credimus rotation", fleet, old, public_key)


def _shown(header: Signed, testimony: Exhibit) -> Operation:
    """The operation that is shown under a header."""
    if not testimony.leaf or len(testimony.cover) % _NODE_BYTES:
        raise _proves_nothing("an operation, or what leads from it to its header, is not shown")
    cover = testimony.cover
    nodes = [cover[at : at + _NODE_BYTES] for at in range(0, len(cover), _NODE_BYTES)]
    shown = {testimony.index: testimony.leaf}
    if header.root != root_shown(shown, header.operation_count, nodes):
        raise _proves_nothing("an operation is not under its header's root")
    try:
        operations = read_operations(pack_leaves([testimony.leaf]))
    except PeerFault as fault:
        raise _proves_nothing(fault.message) from None
    if len(operations) != 1:
        raise _proves_nothing("more than one operation is shown at one place")
    return operations[0]


def _proves_nothing(why: str) -> PeerFault:
    return PeerFault("bad-evidence", f"what is shown proves nothing: {why}")
