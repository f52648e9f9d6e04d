"""Messages that only members can read: what a node sends once somebody was expelled.

The links' authority is shared, so who was expelled can still connect and hear. From the moment on
that a node knows of an expulsion it closes all that it sends under a key of its own, which every
message gives to all whose keys it knows, in a box for each: members, newcomers and who left, but
not who was expelled. So nothing has to be agreed or waited for: whoever has a box opens the first
message that it hears.

Where more can read than a message has room for, one to a single peer gives the key to that alone,
and one to all gives it to some of them by chance; who has it from an earlier message needs no box,
and for whom it is missing the message was lost, until the next.

    key      drawn anew whenever somebody is expelled, comes back, or has a new key
    message  XChaCha20-Poly1305 under that key, with a nonce of its own

Nobody vouches for the sender by this; what matters is signed inside.
Deliberately not here: how a box is made (lace/enclosing.py), who is heard (taking/intake.py).
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from nacl import bindings
from nacl.exceptions import CryptoError

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.codec import encode
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.lace.enclosing import BOX_BYTES, KEY_BYTES, NONCE_BYTES, Box, give, key_name, take
from credimus.lace.seal import Signer
from credimus.state.membership.roster import Roster

_Key = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]


class ShieldBox(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A key, closed for one member."""

    reader: Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    closed: Annotated[bytes, Meta(min_length=BOX_BYTES, max_length=BOX_BYTES)]


class Shielded(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False, tag=30
):
    """A message that only some can read."""

    key_name: Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    ephemeral: _Key
    boxes: Annotated[tuple[ShieldBox, ...], Meta(max_length=limits.SHIELD_BOXES_MAX)]
    nonce: Annotated[bytes, Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
    closed: Annotated[bytes, Meta(max_length=limits.SHIELDED_BYTES_MAX)]
    """The message, closed under the key; the key's name is authenticated with it."""


class Shield:
    """Closes what one node sends, and opens what others closed for its members.

    Args:
        signers: of the hosted members, the node's own first.
    """

    def __init__(self, roster: Roster, signers: Sequence[Signer]) -> None:
        self._roster = roster
        self._signers = {signer.node_id: signer for signer in signers}
        self._own = signers[0]
        self._for: tuple[frozenset[NodeId], int] = frozenset(), 0
        """Who was shut out, and how many keys were known, when the present key was drawn."""
        self._key = self._name = self._ephemeral = b""
        self._boxes: tuple[ShieldBox, ...] = ()
        self._box_of: dict[NodeId, ShieldBox] = {}
        self._known: BoundedMap[bytes, bytes] = BoundedMap(limits.SHIELD_KEYS_MAX)
        """Keys of others, by name."""
        self.strange_count = 0
        """Messages that were closed for others than us."""

    def wrapped(self, payload: bytes, to: NodeId | None = None) -> bytes:
        """A message as it is sent: as it is while nobody is shut out, else closed for the others.

        Args:
            to: the peer that it goes to; all of them when None.

        Cost: 60 us a box when the readers have changed, then some us a message.
        """
        members, keys = self._roster.current, self._roster.keys
        if not members.shut_out:
            return payload
        if (members.shut_out, len(keys)) != self._for:
            self._draw({one: key for one, key in keys.items() if one not in members.shut_out})
            self._for = members.shut_out, len(keys)
        nonce = self._own.draw(NONCE_BYTES)
        closed = _encrypt(payload, self._name, nonce, self._key)
        return encode(Shielded(self._name, self._ephemeral, self._boxes_for(to), nonce, closed))

    def opened(self, message: Shielded) -> bytes | None:
        """What a closed message holds; None when it is not for us."""
        key = self._known.get(message.key_name) or self._taken(message)
        if key is not None:
            try:
                return _decrypt(message.closed, message.key_name, message.nonce, key)
            except CryptoError:
                pass
        self.strange_count += 1
        return None

    def _boxes_for(self, to: NodeId | None) -> tuple[ShieldBox, ...]:
        """The boxes of a message: all, where there is room for them."""
        boxes, most = self._boxes, limits.SHIELD_BOXES_MAX
        if len(boxes) <= most:
            return boxes
        box = None if to is None else self._box_of.get(to)
        if box is not None:
            return (box,)
        first = int.from_bytes(self._own.draw(_CHANCE_BYTES), "big") % len(boxes)
        return (*boxes[first : first + most], *boxes[: max(0, first + most - len(boxes))])

    def _draw(self, readers: Mapping[NodeId, bytes]) -> None:
        self._key = self._own.draw(KEY_BYTES)
        self._name = key_name(self._key)
        self._ephemeral, boxes = give(self._key, readers.items(), self._own.draw(KEY_BYTES))
        self._boxes = tuple(ShieldBox(box.reader, box.closed) for box in boxes)
        self._box_of = {NodeId(box.reader): box for box in self._boxes}

    def _taken(self, message: Shielded) -> bytes | None:
        for box in message.boxes:
            signer = self._signers.get(NodeId(box.reader))
            if signer is None:
                continue
            given = Box(NodeId(box.reader), box.closed)
            key = take(message.key_name, given, message.ephemeral, signer.agree)
            if key is not None:
                self._known.put(message.key_name, key)
                return key
        return None


_CHANCE_BYTES = 8
_encrypt = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt
_decrypt = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt
