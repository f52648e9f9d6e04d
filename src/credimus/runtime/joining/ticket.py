"""Joining a fleet: a ticket handed over out of band, and two sealed messages made from it.

The ticket's secret never travels again. The joiner proves that it holds it with an HMAC over its
request; the inviter answers in a box sealed with a key derived from it. So the answer may carry
the key of the fleet's certificate authority over plain HTTP: any member can invite, since blocks
are signed by node keys and the authority only keeps strangers off the links.

All functions are pure but for the draws of fresh secrets and nonces. Deliberately not here: that a
ticket is used once (the inviter forgets its secret), sending the messages, writing any file.
"""

from base64 import b32decode, b32encode
from hmac import compare_digest, digest
from typing import Any

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from nacl.utils import random

from credimus.kernel import codec
from credimus.kernel.errors import NotPermitted, PeerFault, UsageError
from credimus.kernel.ids import ID_BYTES, FleetId, NodeId, fingerprint
from credimus.kernel.limits import NAME_BYTES_MAX

PREFIX = "credimus1-"
VERSION = 1
TICKET_ID_BYTES = 8
SECRET_BYTES = 32
KEY_BYTES = 32
NONCE_BYTES = 16
MAC_BYTES = 32
CHECKSUM_BYTES = 4
ADDRESSES_MAX = 8
"""Addresses in one request. [guess: interfaces of one machine]"""
TICKET_CHARACTERS_MAX = 1_024
"""Characters of a ticket's text; a real one has about 260. [guess]"""
REQUEST_BYTES_MAX = 4_096
"""Bytes of a request, refused unread past it: anyone may send one. [guess]"""
ANSWER_BYTES_MAX = 64 * 1_048_576
"""Bytes of an answer; a longer history is fetched by pull after joining. [guess]"""

_WRONG = (
    "this is no request made with that ticket: it was used, withdrawn, altered or mistyped. Ask a "
    "member for a new ticket."
)


class Ticket(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An invitation for one node; who holds it may join once, so it is shown to nobody else."""

    version: int
    address: str
    """The inviter's HTTP address, such as http://127.0.0.1:8701."""
    fleet: FleetId
    fleet_key: bytes
    """The founder's public key: what the joiner checks the history against."""
    ticket: bytes
    secret: bytes
    expires_wall_ms: int
    """Milliseconds since the Unix epoch; from then on it is refused."""

    def __post_init__(self) -> None:
        _check_width("fleet", self.fleet, ID_BYTES)
        _check_width("fleet key", self.fleet_key, KEY_BYTES)
        _check_width("ticket id", self.ticket, TICKET_ID_BYTES)
        _check_width("secret", self.secret, SECRET_BYTES)
        _check_text("address", self.address)

    def __repr__(self) -> str:
        return f"Ticket({self.ticket.hex()}, {self.address})"


class JoinRequest(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the joiner tells: who it is and where it can be dialled."""

    version: int
    ticket: bytes
    public_key: bytes
    name: str
    addresses: tuple[str, ...]
    nonce: bytes

    def __post_init__(self) -> None:
        _check_width("ticket id", self.ticket, TICKET_ID_BYTES)
        _check_width("public key", self.public_key, KEY_BYTES)
        _check_width("nonce", self.nonce, NONCE_BYTES)
        _check_text("name", self.name)
        if len(self.addresses) > ADDRESSES_MAX:
            raise ValueError(f"{len(self.addresses)} addresses; at most {ADDRESSES_MAX}")
        for address in self.addresses:
            _check_text("address", address)


class JoinAnswer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a new member needs: the keys to the links, whom to dial, and the fleet's history."""

    fleet_name: str
    authority_certificate_pem: bytes
    authority_key_pem: bytes
    peers: tuple[tuple[NodeId, str], ...]
    """Node ids and `host:port` of their links."""
    blocks: tuple[bytes, ...]
    """Genesis and what followed, parents first; opaque here."""

    def __post_init__(self) -> None:
        _check_text("fleet name", self.fleet_name)
        for peer, address in self.peers:
            _check_width("peer id", peer, ID_BYTES)
            _check_text("address", address)

    def __repr__(self) -> str:
        return (
            f"JoinAnswer({self.fleet_name!r}, peers={len(self.peers)}, blocks={len(self.blocks)})"
        )


_ticket_decoder = codec.decoder(Ticket)
_request_decoder = codec.decoder(JoinRequest)
_answer_decoder = codec.decoder(JoinAnswer)


def make_ticket(address: str, fleet: FleetId, fleet_key: bytes, expires_wall_ms: int) -> Ticket:
    """A new ticket with a fresh id and secret.

    Raises:
        UsageError: `ticket-malformed`, when an argument has a wrong width or length.
    """
    try:
        return Ticket(
            VERSION,
            address,
            fleet,
            fleet_key,
            random(TICKET_ID_BYTES),
            random(SECRET_BYTES),
            expires_wall_ms,
        )
    except ValueError as problem:
        raise UsageError("ticket-malformed", f"no ticket can be made: {problem}.") from None


def ticket_text(ticket: Ticket) -> str:
    """The ticket as one word to paste: prefix, then base32 of the fields and a checksum."""
    body = codec.encode(ticket)
    return PREFIX + b32encode(body + _checksum(body)).decode().rstrip("=").lower()


def parse_ticket(text: str, wall_ms: int) -> Ticket:
    """The ticket that a text holds; blanks, line breaks and letter case do not matter.

    Raises:
        UsageError: `ticket-malformed`, `ticket-expired`; both say what to do.
    """
    word = "".join(text.split()).lower()
    if not word.startswith(PREFIX) or len(word) > TICKET_CHARACTERS_MAX:
        raise _malformed(f"a ticket is one word that begins with {PREFIX}")
    packed = word.removeprefix(PREFIX).upper()
    try:
        raw = b32decode(packed + "=" * (-len(packed) % 8))
    except ValueError:
        raise _malformed("it has characters that no ticket has, or was cut") from None
    body, checksum = raw[:-CHECKSUM_BYTES], raw[-CHECKSUM_BYTES:]
    if len(raw) <= CHECKSUM_BYTES or checksum != _checksum(body):
        raise _malformed("a character is missing or changed")
    try:
        ticket: Ticket = codec.decode(body, _ticket_decoder, "the ticket")
    except PeerFault as fault:
        raise _malformed(fault.message) from None
    if ticket.version != VERSION or ticket_text(ticket) != word:
        raise _malformed("it was made by another version of credimus")
    if wall_ms >= ticket.expires_wall_ms:
        raise UsageError(
            "ticket-expired",
            f"ticket {ticket.ticket.hex()} has expired. Ask a member for a new one (invite), and "
            "check this machine's clock.",
        )
    return ticket


def make_request(ticket: Ticket, public_key: bytes, name: str, addresses: tuple[str, ...]) -> bytes:
    """The joiner's request, with proof that it holds the ticket.

    Raises:
        UsageError: `request-malformed`, when the name or an address is too long.
    """
    try:
        request = JoinRequest(
            VERSION, ticket.ticket, public_key, name, addresses, random(NONCE_BYTES)
        )
    except ValueError as problem:
        raise UsageError(
            "request-malformed", f"this node can not ask to join: {problem}."
        ) from None
    body = codec.encode(request)
    return body + _mac(ticket.secret, body)


def requested_ticket(request: bytes) -> bytes:
    """The id of the ticket a request claims to be made with: which secret to open it with.

    Raises:
        NotPermitted: `ticket-wrong`, when it can not be read at all.
    """
    return _read_request(request).ticket


def open_request(secret: bytes, request: bytes) -> JoinRequest:
    """The request, proven to be made by a holder of the secret and unaltered since.

    Raises:
        NotPermitted: `ticket-wrong`.
    """
    body, mac = request[:-MAC_BYTES], request[-MAC_BYTES:]
    if len(request) > REQUEST_BYTES_MAX or not compare_digest(mac, _mac(secret, body)):
        raise NotPermitted("ticket-wrong", _WRONG)
    return _read_request(request)


def seal_answer(secret: bytes, answer: JoinAnswer) -> bytes:
    """The answer in a box that only a holder of the ticket opens.

    Raises:
        UsageError: `answer-too-large`; send fewer blocks.
    """
    plain = codec.encode(answer)
    if len(plain) > ANSWER_BYTES_MAX:
        raise UsageError(
            "answer-too-large",
            f"the answer has {len(plain)} bytes; at most {ANSWER_BYTES_MAX} travel. Send fewer "
            "blocks: the new member pulls the rest.",
        )
    return bytes(SecretBox(_box_key(secret)).encrypt(plain))


def open_answer(ticket: Ticket, sealed: bytes) -> JoinAnswer:
    """The inviter's answer.

    Raises:
        PeerFault: `answer-altered`, when it was not sealed for this ticket or was altered;
            `malformed`, when its holder sealed something else.
    """
    if len(sealed) > ANSWER_BYTES_MAX + SecretBox.NONCE_SIZE + SecretBox.MACBYTES:
        raise PeerFault("answer-altered", f"{ticket.address} answered with {len(sealed)} bytes.")
    try:
        plain = SecretBox(_box_key(ticket.secret)).decrypt(sealed)
    except (CryptoError, ValueError, TypeError):
        raise PeerFault(
            "answer-altered",
            f"the answer of {ticket.address} was not made for this ticket, or was altered on the "
            "way. Ask a member for a new ticket and try again.",
        ) from None
    answer: JoinAnswer = codec.decode(plain, _answer_decoder, "the answer")
    return answer


def _read_request(request: bytes) -> JoinRequest:
    if len(request) > REQUEST_BYTES_MAX:
        raise NotPermitted("ticket-wrong", _WRONG)
    try:
        read: Any = codec.decode(request[:-MAC_BYTES], _request_decoder, "the request")
    except PeerFault:
        raise NotPermitted("ticket-wrong", _WRONG) from None
    if read.version != VERSION:
        raise NotPermitted("ticket-wrong", _WRONG)
    request_: JoinRequest = read
    return request_


def _mac(secret: bytes, body: bytes) -> bytes:
    return digest(fingerprint(b"credimus join request", secret), body, "sha256")


def _box_key(secret: bytes) -> bytes:
    return fingerprint(b"credimus join answer", secret)


def _checksum(body: bytes) -> bytes:
    return fingerprint(b"credimus ticket", body)[:CHECKSUM_BYTES]


def _malformed(why: str) -> UsageError:
    return UsageError(
        "ticket-malformed",
        f"this is not an intact ticket: {why}. Copy the whole line that invite printed.",
    )


def _check_width(what: str, value: bytes, width: int) -> None:
    if len(value) != width:
        raise ValueError(f"the {what} has {len(value)} bytes instead of {width}")


def _check_text(what: str, value: str) -> None:
    if not 0 < len(value.encode("utf-8", "surrogatepass")) <= NAME_BYTES_MAX:
        raise ValueError(f"the {what} must have 1 to {NAME_BYTES_MAX} bytes")
