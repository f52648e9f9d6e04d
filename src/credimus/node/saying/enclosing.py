"""Writes what only some members can read: the content key, its boxes, the enclosed texts.

The key of a belief is its own, so that a member who is expelled, or was never a reader, holds no
key of what is said later. Who has read a text once can not be made to forget it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from credimus.kernel import limits
from credimus.kernel.errors import Conflict, UsageError
from credimus.kernel.ids import BeliefId, NodeId
from credimus.lace.enclosing import (
    KEY_BYTES,
    NONCE_BYTES,
    enclose,
    give,
    is_enclosed,
    key_name,
    name_in,
)
from credimus.lace.seal import Signer
from credimus.node.showing.reading import Reading
from credimus.protocol.voting.interface import Ballot, Evaluator, Question
from credimus.state.beliefs import Belief
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id, normalised
from credimus.state.keeping_operations import Enclose, ReaderBox
from credimus.state.membership.members import Member
from credimus.state.membership.naming import member_named
from credimus.state.operations import (
    Choice,
    Evidence,
)

ALL = "all"


class Enclosed(NamedTuple):
    """A statement as it is written, and the boxes to be written with it."""

    content: str
    evidence: tuple[Evidence, ...]
    boxes: Enclose | None
    """None when all readers hold the key already."""


class Enclosing:
    """Closes texts for the members that one node hosts."""

    def __init__(self, state: FleetState, reading: Reading, signers: Iterable[Signer]) -> None:
        self._state = state
        self._reading = reading
        self._signers = {signer.node_id: signer for signer in signers}

    def close(
        self, author: NodeId, said: tuple[str, str], evidence: Sequence[Evidence],
        names: Sequence[str],
    ) -> Enclosed:  # fmt: skip
        """A statement for some readers.

        An enclosed belief of the same words, which no other can read, is met rather than doubled.

        Args:
            said: content and category.
            names: of the readers.

        Raises:
            UsageError: `belief-too-long`, `evidence-too-long`.
            NotFound, Conflict: `unknown-member`, `ambiguous-member`, of a reader.
        """
        content, category = said
        _check_room(content, "belief-too-long", "the belief")
        for item in evidence:
            _check_room(item.content, "evidence-too-long", "an item of evidence")
        readers = self._readers(author, names)
        met = self._same(author, content, category, readers)
        if met is None:
            key = self._signers[author].draw(KEY_BYTES)
            text = enclose(content, key, self._nonce(author))
            self._reading.remember(key_name(key), author, key)
        else:
            text = met.content
            key = self._key(author, text, met.id)
        missing = {} if met is None else dict.fromkeys(self._holders(text))
        lacking = [one for one in readers if one.node not in missing]
        boxes = self._boxes(author, key, belief_id(text, category), lacking)
        closed = tuple(
            Evidence(item.kind, enclose(item.content, key, self._nonce(author)))
            for item in evidence
        )
        return Enclosed(text, closed, boxes)

    def share(self, author: NodeId, belief: Belief, names: Sequence[str]) -> Enclose | None:
        """The boxes that let further members read; None when all named ones can.

        Raises:
            UsageError: `not-enclosed`.
            Conflict: `not-a-reader`.
            NotFound, Conflict: `unknown-member`, `ambiguous-member`, of a reader.
        """
        if not is_enclosed(belief.content):
            raise UsageError(
                "not-enclosed", f"{belief.id.hex()} is an open belief: everybody reads it."
            )
        key = self._key(author, belief.content, belief.id)
        held = dict.fromkeys(self._holders(belief.content))
        lacking = [one for one in self._readers(author, names) if one.node not in held]
        return self._boxes(author, key, belief.id, lacking)

    def reason(self, author: NodeId, content: str, belief: BeliefId, reason: str) -> str:
        """A reason as it is written: enclosed when the belief of that content is.

        Raises:
            Conflict: `not-a-reader`, when the author can not read the belief it speaks of.
            UsageError: `too-long`.
        """
        if not reason or not is_enclosed(content):
            return reason
        if len(reason.encode()) > limits.ENCLOSED_REASON_BYTES_MAX:
            raise UsageError(
                "too-long",
                f"a reason on an enclosed belief has at most {limits.ENCLOSED_REASON_BYTES_MAX} "
                "bytes; say it shorter.",
            )
        return enclose(reason, self._key(author, content, belief), self._nonce(author))

    # --- private

    def _key(self, author: NodeId, text: str, belief: BeliefId) -> bytes:
        name = name_in(text)
        key = None if name is None else self._reading.key(name, author, belief)
        if key is None:
            raise Conflict(
                "not-a-reader",
                f"belief {belief.hex()} is enclosed, and {author.hex()[:12]} was not given its "
                "key. Ask a reader to share it.",
            )
        return key

    def _same(
        self, author: NodeId, content: str, category: str, readers: Sequence[Member]
    ) -> Belief | None:
        """A belief of the same words that these readers, and no others, can read.

        Cost: a look at every belief; some 60 us for each enclosed one that was not read before.
        """
        person, words = self._state.roster.current.law.person, normalised(content)
        wanted = {person(one.node) for one in readers}
        for belief in self._state.beliefs:
            if belief.category != category or not is_enclosed(belief.content):
                continue
            read = self._reading.read_as(author, belief.content, belief.id)
            theirs = self._holders(belief.content)
            if (
                read is not None
                and normalised(read) == words
                and wanted.issuperset(map(person, theirs))
            ):
                return belief
        return None

    def _holders(self, text: str) -> list[NodeId]:
        name = name_in(text)
        return [] if name is None else self._state.enclosures.readers(name)

    def _readers(self, author: NodeId, names: Sequence[str]) -> list[Member]:
        """The members of these names, and the author, sorted by id."""
        members = self._state.roster.current.by_id
        found = {author: members[author]}
        for name in names:
            those = members if name == ALL else [member_named(self._state.roster.current, name)]
            found |= {one: members[one] for one in those}
        if len(found) > limits.READERS_MAX:
            raise UsageError(
                "too-many-readers", f"{len(found)} readers, at most {limits.READERS_MAX} at once."
            )
        return [found[node] for node in sorted(found)]

    def _boxes(
        self, author: NodeId, key: bytes, belief: BeliefId, readers: Sequence[Member]
    ) -> Enclose | None:
        secret = self._signers[author].draw(KEY_BYTES)
        ephemeral, boxes = give(key, [(one.node, one.public_key) for one in readers], secret)
        if not boxes:
            return None
        closed = tuple(ReaderBox(box.reader, box.closed) for box in boxes)
        return Enclose(belief, key_name(key), ephemeral, closed)

    def _nonce(self, author: NodeId) -> bytes:
        return self._signers[author].draw(NONCE_BYTES)


class Discreet:
    """An evaluator that is shown what its elector can read, and whose reasons are closed alike.

    What an elector can not read, it abstains on.
    """

    def __init__(self, within: Evaluator, reading: Reading, enclosing: Enclosing) -> None:
        self._within = within
        self._reading = reading
        self._enclosing = enclosing

    def evaluate(self, question: Question) -> Ballot | None:
        """The answer of the evaluator within."""
        if not is_enclosed(question.content):
            return self._within.evaluate(question)
        belief = BeliefId(question.belief)
        content = self._reading.read_as(question.elector, question.content, belief)
        if content is None:
            return Ballot(Choice.ABSTAIN, 0, "enclosed for others")
        ballot = self._within.evaluate(msgspec.structs.replace(question, content=content))
        if ballot is None or not ballot.reason:
            return ballot
        short = shortened(ballot).reason
        reason = self._enclosing.reason(question.elector, question.content, belief, short)
        return Ballot(ballot.choice, ballot.confidence, reason)


def shortened(ballot: Ballot) -> Ballot:
    """A ballot whose reason can be enclosed."""
    reason = ballot.reason.encode()[: limits.ENCLOSED_REASON_BYTES_MAX].decode(errors="ignore")
    return msgspec.structs.replace(ballot, reason=reason)


def _check_room(text: str, code: str, what: str) -> None:
    size = len(text.encode())
    if size > limits.ENCLOSED_BYTES_MAX:
        raise UsageError(
            code,
            f"{what} has {size} bytes, at most {limits.ENCLOSED_BYTES_MAX} can be enclosed; say it "
            "shorter.",
        )
