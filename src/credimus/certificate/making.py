"""Makes the certificate of a belief's verdict from the blocks that a node holds.

Pure: the bytes of blocks come from a callable. Whatever is made is verified before it is given out.
"""

from itertools import islice

from credimus.certificate.archive import Archive, Reading, Spot
from credimus.certificate.document import describe, statement_of, write_certificate
from credimus.certificate.showing import Showing
from credimus.certificate.trust import Trust
from credimus.certificate.verifying import fold, verify
from credimus.certificate.votes import CastVotes
from credimus.certificate.vouching import publishes, ways
from credimus.kernel import limits
from credimus.kernel.errors import Conflict, PeerFault
from credimus.kernel.hlc import LOGICAL_BITS
from credimus.kernel.ids import NodeId, short
from credimus.lace.lace import Place
from credimus.state.beliefs import Belief
from credimus.state.operations import Close, Operation, Propose, Scheme
from credimus.state.voting.electorates import round_id
from credimus.state.voting.round import Opening, Round
from credimus.state.voting.rounds import Rounds
from credimus.state.voting.verdict import Verdict


def make_certificate(archive: Archive, belief: Belief) -> bytes:
    """The certificate of a belief's verdict, as text.

    Cost: reads one block for each operation shown, and for each vote those of its author between
    the proposal and it; at most limits.CERTIFICATE_READS_MAX.

    Raises:
        Conflict: `not-decided`, `contested`, `not-certifiable`; `compacted`, when the votes were
            let go under a checkpoint, or what else is to be shown.
    """
    found = _decided(archive.state.rounds, belief)
    last = archive.state.checkpoints.last
    if last is not None and found.opened_stamp <= last.stamp:
        raise Conflict(
            "compacted",
            f"round {short(found.id)} is {found.verdict.word}; its votes were let go under "
            f"checkpoint {last.number}, {short(archive.state.checkpoints.id)}, and this node kept "
            "no certificate before. Ask another node.",
        )
    reading = Reading(archive)
    proposals = _proposals(reading, found)
    *shorter, admissions = ways(archive, reading, found, proposals[0].place)
    for way in shorter:
        try:
            return _made(archive, Showing(archive, reading, way), found, proposals)
        except Conflict:
            reading = Reading(archive)
    return _made(archive, Showing(archive, reading, admissions), found, proposals)


def _made(archive: Archive, showing: Showing, found: Round, proposals: list[Spot]) -> bytes:
    """The certificate of a round, with members shown in one way."""
    belief = archive.state.beliefs.get(found.belief)
    assert belief is not None  # noqa: S101 - its certificate is asked for
    reading, proposal = showing.reading, proposals[0].place
    _show_proposal(archive, showing, found, proposals)
    for spot in CastVotes(reading, showing, found).chosen():
        showing.show(spot)
    showing.show_who_left(proposal, belief.category)
    told = found.id, belief.id
    proof = showing.proof(told)
    try:
        state = fold(proof, archive.fleet, told, belief.category)
        proved = state.rounds.get(found.id)
        if proved is None:
            raise _not_certifiable(found, "its electors can not be shown to be members")
        words = belief.category, statement_of(belief.content)
        text = write_certificate(describe(state, proved, words, proof))
        verify(text, Trust(archive.fleet))
    except PeerFault as problem:
        raise _not_certifiable(found, problem.message) from None
    return text


def _decided(rounds: Rounds, belief: Belief) -> Round:
    """The round that gives a belief its verdict.

    Raises:
        Conflict: `not-decided`, `contested`.
    """
    name, verdict = belief.id.hex(), rounds.verdict(belief.id)
    match verdict:
        case None:
            raise Conflict(
                "not-decided", f"belief {name} was never proposed; put it to the vote first."
            )
        case Verdict.OPEN:
            raise Conflict(
                "not-decided",
                f"the round on belief {name} is open; ask again when it is decided.",
            )
        case Verdict.EXPIRED:
            raise Conflict(
                "not-decided",
                f"the last round on belief {name} expired without a decision; propose it again.",
            )
        case Verdict.CONTESTED:
            raise Conflict(
                "contested",
                f"belief {name} is contested: both outcomes have enough votes, so neither is "
                "certified. Look at its votes for who gave two answers, and propose it again.",
            )
    return next(one for one in rounds.deciding(belief.id) if one.verdict is verdict)


def _proposals(reading: Reading, found: Round) -> list[Spot]:
    """Where it was said what opened the round."""
    proposals = [
        spot for opening in _openings(found, _closing(found))
        if (spot := reading.find(opening[1], opening[0], lambda said: _opens(said, found)))
    ]  # fmt: skip
    if not proposals:
        raise _not_certifiable(found, "its proposal is not held")
    return proposals


def _show_proposal(archive: Archive, showing: Showing, found: Round, proposals: list[Spot]) -> None:
    """Show what opened the round, its electorate, how each elector became a member, and the closing
    that decided it, if one did."""
    reading, first = showing.reading, proposals[0].place
    past = reading.before(first)
    for spot in (*proposals, _publication(archive, showing, found, first)):
        showing.show(spot)
    for elector in found.electorate.position:
        if elector in past:  # but for a proposer's fork, of which another branch was found
            showing.show_member(elector, past, first.stamp)
    closing = _closing(found)
    if closing is not None:
        author, stamp, said = closing
        closed = reading.find(author, stamp, lambda one: one == said)
        if closed is not None:
            showing.show(closed)


def _closing(found: Round) -> tuple[NodeId, int, Close] | None:
    return found.deciding_closing() if found.rules.scheme is Scheme.TURNOUT else None


def _openings(found: Round, closing: tuple[NodeId, int, Close] | None) -> list[Opening]:
    """The first opening; under turnout one of whoever closed, and one after which that was due."""
    if closing is None:
        return [found.openings[0]]
    author, stamp, _ = closing
    due = [one for one in found.openings if one[0] + (one[2] << LOGICAL_BITS) <= stamp]
    own = [one for one in found.openings if one[1] == author]
    both = [one for one in due if one in own]
    return sorted(both[:1] or {due[0], own[0]})


def _publication(archive: Archive, showing: Showing, found: Round, proposal: Place) -> Spot:
    """Where the electorate was published: with the proposal, or in a block that vouches for its
    members, if it was; else the first time."""
    identifier = found.electorate.id

    stamp, lace = archive.state.rounds.published.stamp(identifier), archive.lace
    firsts = (
        place
        for author in lace.authors()
        for place in islice(lace.walk(stamp, author), limits.CERTIFICATE_SEARCH_MAX)
        if place.stamp == stamp
    )
    kept = (place for place in lace.below_cut() if place.stamp == stamp)
    vouching = (one.place for one in showing.vouching)
    for place in (proposal, *vouching, *firsts, *kept):
        for spot in showing.reading.spots(place, lambda said: publishes(said, identifier)):
            return spot
    last = archive.state.checkpoints.last
    if last is not None and stamp <= last.stamp:  # we began from the checkpoint
        raise Conflict(
            "compacted",
            f"the electorate of round {short(found.id)} was published in a block that this node "
            "never had, for it began from a checkpoint; ask another node.",
        )
    raise _not_certifiable(found, "the publication of its electorate is not held")


def _opens(said: Operation, found: Round) -> bool:
    return isinstance(said, Propose) and round_id(said) == found.id


def _not_certifiable(found: Round, why: str) -> Conflict:
    return Conflict(
        "not-certifiable",
        f"round {short(found.id)} is {found.verdict.word}, but this node can not prove it: {why}. "
        "Ask another node.",
    )
