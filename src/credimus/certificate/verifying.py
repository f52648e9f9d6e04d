"""Checks a certificate against nothing but the fleet that its reader trusts.

    read            the text, the proof in it
    put together    each header from its excerpt; its author's signature over it
    fold            what is shown, as a node folds blocks: members, electorate, proposal, votes
    compare         what the text says with what came out

Deliberately not here: any rule of the roster or of rounds. The folds of state/ run on the excerpts
as if they were all the blocks there are, one after the other in order of their stamps.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from credimus.certificate.abbreviating import Known
from credimus.certificate.document import (
    Certificate,
    check_stated,
    describe,
    proof_of,
    read_certificate,
    statement_of,
)
from credimus.certificate.excerpt import (
    Excerpt,
    Proof,
    header_of,
    operations_shown,
    signature_of,
    stamp_shown,
)
from credimus.certificate.trust import Trust
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import FleetId, NodeId, RoundId, node_id, short
from credimus.lace.block import block_id
from credimus.lace.lace import Place
from credimus.lace.seal import check_signature, pack_leaves
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.member_operations import Vouch
from credimus.state.membership.members import Member, Members
from credimus.state.membership.vouches import as_admission
from credimus.state.operations import (
    Aggregation,
    Found,
    Operation,
    Scheme,
    read_operations,
)
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict


class Voter(NamedTuple):
    """An elector whose answer is shown."""

    node: NodeId
    name: str
    choice: str
    admitted_by: str
    """The name of the member who vouched for it, the founder for itself; empty where the proof
    shows that the elector has left since."""


class Verified(NamedTuple):
    """A certificate that holds."""

    certificate: Certificate
    voters: list[Voter]
    silent: list[str]
    """Names of the electors whose answer is not shown."""
    unproved: list[str]
    """What no certificate of this kind can prove, as sentences."""


def verify(text: bytes, trust: Trust) -> Verified:
    """What a certificate proves.

    Raises:
        PeerFault: anything in it does not hold; the message says what.
    """
    try:
        return _proved(text, trust)
    except PeerFault as fault:
        what, said, _ = fault.message.partition(" can not be read: ")
        if fault.code != "malformed" or not said:
            raise
        raise PeerFault(  # where the bytes go wrong says nothing to whoever holds the file
            "malformed", f"{what} can not be read: it was altered, or did not come whole"
        ) from None


def _proved(text: bytes, trust: Trust) -> Verified:
    stated = read_certificate(text)
    check_fleet(stated, trust)
    proof = proof_of(stated)
    told = _octets(stated.round), _octets(stated.belief)
    state = fold(proof, trust.fleet, told, stated.category)
    check_founder(state, trust)
    found = decided_round(state, stated)
    check_statement(stated, found)
    proved = describe(state, found, (stated.category, stated.statement), proof)
    check_stated(text, stated, proved)
    return _verified(stated, state, found)


def fold(proof: Proof, fleet: FleetId, told: tuple[bytes, bytes], category: str) -> FleetState:
    """The state that the excerpts give when nothing else was ever said.

    Args:
        told: the ids of round and belief, as the text tells them.
        category: of the belief, as the text tells it.

    Raises:
        PeerFault: `malformed`, `certificate-disordered`, `bad-signature`, `not-a-member`,
            `wrong-genesis`.
    """
    state = FleetState(fleet)
    state.roster.takes_words = True
    state.rounds.category_of = lambda belief: category if belief == told[1] else None
    last: tuple[int, bytes] = 0, b""
    told_so_far = Known(told)
    for excerpt in proof.excerpts:
        shown = operations_shown(excerpt, told_so_far)
        operations = read_operations(pack_leaves([*shown.values()]))
        author = _author(excerpt, (0 in shown, operations[0]), list(state.roster.keys))
        header_bytes, header = header_of(
            excerpt, shown, (fleet, author, stamp_shown(excerpt, last[0]))
        )
        place = Place(block_id(header_bytes), header)
        this = place.stamp, place.id
        check_order(last, this)
        past = state.roster.current
        key = state.roster.check(header, _as_read(operations, past), past)
        what = f"block {short(place.id)} of {short(author)}"
        check_signature(key, header_bytes, signature_of(excerpt), what)
        state.apply(place, operations, past)
        last = this
    return state


def _as_read(operations: Sequence[Operation], past: Members) -> list[Operation]:
    """What a reader judges by who said it: words for those whom it does not know as members are
    admissions."""
    return [
        as_admission(one) if isinstance(one, Vouch) and node_id(one.public_key) not in past else one
        for one in operations
    ]


def check_fleet(stated: Certificate, trust: Trust) -> None:
    """Refuse the certificate of another fleet.

    Raises:
        PeerFault: `wrong-fleet`.
    """
    if stated.fleet != trust.fleet.hex():
        raise PeerFault(
            "wrong-fleet",
            f"this certificate is of fleet {stated.fleet[:32]}; trust was given for "
            f"{trust.fleet.hex()}",
        )


def check_founder(state: FleetState, trust: Trust) -> None:
    """Refuse a founder with another key than the trusted one.

    Raises:
        PeerFault: `wrong-fleet`.
    """
    founder = state.roster.founder
    key = None if founder is None else state.roster.keys[founder]
    if trust.founder_key is not None and key != trust.founder_key:
        raise PeerFault("wrong-fleet", "the founder's key is not the one that is trusted")


def check_order(before: tuple[int, bytes], place: tuple[int, bytes]) -> None:
    """Refuse a block that should stand before the one before it: who proposes, proposes with the
    members that were admitted by then.

    Args:
        before, place: stamp and id of two blocks, as they are shown.

    Raises:
        PeerFault: `certificate-disordered`.
    """
    if place <= before:
        raise PeerFault("certificate-disordered", "the blocks do not stand in order of stamps")


def decided_round(state: FleetState, stated: Certificate) -> Round:
    """The round that the certificate is of, decided by what is shown.

    Raises:
        PeerFault: `certificate-unproved`.
    """
    identifier = _octets(stated.round)
    found = state.rounds.get(RoundId(identifier))
    if found is None:
        raise PeerFault(
            "certificate-unproved",
            f"nothing shown opens round {stated.round[:32]} with electors that are members and "
            "leave out none of those shown",
        )
    if found.verdict not in (Verdict.ACCEPTED, Verdict.REJECTED):
        raise PeerFault(
            "certificate-unproved",
            f"the votes shown leave round {short(found.id)} {found.verdict.word}: an accept value "
            f"of {found.accept_value} and a reject value of {found.reject_value}, and "
            f"{found.voted.bit_count()} answers; a decision takes {found.value_needed} and "
            f"{found.quorum_count}",
        )
    return found


def check_statement(stated: Certificate, found: Round) -> None:
    """Refuse words that are not those of the belief.

    Raises:
        PeerFault: `certificate-altered`.
    """
    statement = stated.statement
    try:
        same = belief_id(statement, stated.category) == found.belief
        same = same and statement_of(statement) == statement
    except UnicodeEncodeError:
        same = False
    if not same:
        raise PeerFault(
            "certificate-altered", "the statement and its category are not what was voted on"
        )


def _author(excerpt: Excerpt, shown: tuple[bool, Operation], known: list[NodeId]) -> NodeId:
    """Who wrote a block.

    Args:
        shown: whether the block's first operation is shown, and the first one that is.
    """
    if 0 <= excerpt.author < len(known):
        return known[excerpt.author]
    is_first, first = shown
    if is_first and isinstance(first, Found) and not known and excerpt.author == 0:
        return node_id(first.public_key)
    raise PeerFault("not-a-member", "a block is shown before its author's admission")


def _verified(stated: Certificate, state: FleetState, found: Round) -> Verified:
    members = state.roster.current.by_id
    voters: list[Voter] = []
    silent: list[str] = []
    for node, position in found.electorate.position.items():
        name, elector = _named(members, node), members.get(node)
        vouched = "" if elector is None else _named(members, elector.admitted_by)
        choices = [choice.name.lower() for choice in found.choices(position)]
        voters += [Voter(node, name, choice, vouched) for choice in choices]
        if not choices:
            silent.append(name)
    return Verified(stated, voters, silent, _unproved(found))


def _named(members: Mapping[NodeId, Member], node: NodeId) -> str:
    member = members.get(node)
    return short(node) if member is None else member.name


_UNPROVED = (
    (
        "that the fleet had no further members, left out of the electorate: any member may admit "
        "others, and only those are shown whom the proof needs"
    ),
    (
        "that nothing contradicts it: electors may have voted both ways, and a later attempt may "
        "have ended otherwise"
    ),
    "when it happened: the times are those of the authors' clocks",
    "that whoever admitted an elector had not left the fleet before",
)


def _unproved(found: Round) -> list[str]:
    sentences = list(_UNPROVED)
    if found.rules.aggregation is Aggregation.REPUTATION:
        sentences.append(
            "that the weights are deserved: they are the proposer's word, which electors check "
            "before they vote"
        )
    if found.rules.aggregation is Aggregation.SKILL:
        sentences.append(
            "that the skills are deserved: they are the proposer's word, which electors check "
            "before they vote"
        )
    if found.rules.scheme is Scheme.TURNOUT:
        sentences.append("that the closing lists every vote: under turnout its proposer chooses")
    return sentences


def _octets(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""
