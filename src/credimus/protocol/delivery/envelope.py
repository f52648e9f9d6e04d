"""Sealing and opening what travels.

Each kind is signed in a domain of its own, so that no signature over a message, an answer or a
block can be passed off as another.

Deliberately not here: whether who signed is a member (machine.py).
"""

from typing import Final

from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.lace.seal import Signer, check_signature
from credimus.protocol.delivery.interface import Answer, Content, Envelope, Reply

CONTENT_DOMAIN: Final = b"credimus message\x00"
REPLY_DOMAIN: Final = b"credimus answer\x00"
_content = decoder(Content)
_reply = decoder(Reply)


def seal_content(signer: Signer, content: Content) -> Envelope:
    """The message, signed by its sender."""
    written = encode(content)
    return Envelope(written, signer.sign(CONTENT_DOMAIN + written))


def seal_reply(signer: Signer, reply: Reply) -> Answer:
    """The answer, signed by the message's receiver."""
    written = encode(reply)
    return Answer(written, signer.sign(REPLY_DOMAIN + written))


def read_content(envelope: Envelope) -> Content:
    """What a message says; its signature is not checked.

    Raises:
        PeerFault: `malformed`.
    """
    content: Content = decode(envelope.content, _content, "message")
    if content.lowest > content.number:
        raise PeerFault("malformed", f"message {content.number} is below its own lowest")
    return content


def read_reply(answer: Answer) -> Reply:
    """What an answer says; its signature is not checked.

    Raises:
        PeerFault: `malformed`.
    """
    reply: Reply = decode(answer.reply, _reply, "answer")
    return reply


def check_content(envelope: Envelope, public_key: bytes) -> None:
    """Refuse a message that the holder of this key did not sign.

    Raises:
        PeerFault: `bad-signature`.
    """
    check_signature(public_key, CONTENT_DOMAIN + envelope.content, envelope.signature, "a message")


def check_reply(answer: Answer, public_key: bytes) -> None:
    """Refuse an answer that the holder of this key did not sign.

    Raises:
        PeerFault: `bad-signature`.
    """
    check_signature(public_key, REPLY_DOMAIN + answer.reply, answer.signature, "an answer")
