"""What a node can read: open texts, and the enclosed ones whose keys its members were given.

The plain text lives in this node's memory only, never in a block.
"""

from collections.abc import Iterable

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.ids import BeliefId, NodeId
from credimus.lace.enclosing import disclose, is_enclosed, name_in, take
from credimus.lace.seal import Signer
from credimus.state.fleet import FleetState


class Reading:
    """Opens enclosed texts for the members that one node hosts.

    Args:
        signers: theirs, the node's own first.
    """

    def __init__(self, state: FleetState, signers: Iterable[Signer]) -> None:
        self._state = state
        self._signers = {signer.node_id: signer for signer in signers}
        self._former: dict[NodeId, Signer] = {}
        self._keys: BoundedMap[tuple[bytes, NodeId], bytes] = BoundedMap(limits.READINGS_KEPT)

    def lend(self, former: Iterable[Signer]) -> None:
        """Have the keys that the hosted members had before they took new ones: they open what was
        closed for them, and sign nothing."""
        self._former |= {signer.node_id: signer for signer in former}

    def read(self, text: str, belief: BeliefId | None = None) -> str | None:
        """A text as one of the hosted members reads it; None when none of them can.

        Args:
            belief: of which it speaks; boxes of who asserts it are tried first.
        """
        if not is_enclosed(text):
            return text
        for member in self._signers:
            opened = self.read_as(member, text, belief)
            if opened is not None:
                return opened
        return None

    def read_as(self, member: NodeId, text: str, belief: BeliefId | None = None) -> str | None:
        """A text as one hosted member reads it; None when it can not."""
        if not is_enclosed(text):
            return text
        name = name_in(text)
        key = None if name is None else self.key(name, member, belief)
        return None if key is None else disclose(text, key)

    def key(self, name: bytes, member: NodeId, belief: BeliefId | None = None) -> bytes | None:
        """The content key of that name, when a hosted member was given it."""
        known = self._keys.get((name, member))
        if known is not None:
            return known
        for signer in (self._signers[member], *self._former_of(member)):
            key = self._taken(name, signer, belief)
            if key is not None:
                self.remember(name, member, key)
                return key
        return None

    def remember(self, name: bytes, member: NodeId, key: bytes) -> None:
        """Keep a key that was just made, until its boxes are folded."""
        self._keys.put((name, member), key)

    def _taken(self, name: bytes, signer: Signer, belief: BeliefId | None) -> bytes | None:
        """The content key out of a box for one key of a member."""
        boxes = self._state.enclosures.boxes(name, signer.node_id)
        if len(boxes) > 1 and belief is not None:
            said = {author for author, _, _ in self._state.beliefs.assertions(belief)}
            boxes.sort(key=lambda one: one[0] not in said)
        for _, ephemeral, box in boxes[: limits.BOXES_TRIED_MAX]:
            key = take(name, box, ephemeral, signer.agree)
            if key is not None:
                return key
        return None

    def _former_of(self, member: NodeId) -> list[Signer]:
        """The keys that a member had before, as far as they were kept."""
        if not self._former:
            return []
        law = self._state.roster.current.law
        person = law.person(member)
        return [one for node, one in self._former.items() if law.person(node) == person]

    def shown(self, text: str, belief: BeliefId | None = None) -> str:
        """A text for people: what it says, or that it is enclosed."""
        opened = self.read(text, belief)
        return CLOSED if opened is None else opened


CLOSED = "(enclosed for others)"
"""Stands for a text that can not be read here."""
