"""A certificate as people and programs read it: JSON that says what the proof in it proves.

There is one way to write it, but for the space between the tokens: `verify` writes it anew from
the proof and compares.
"""

from base64 import b85decode, b85encode
from typing import Literal, NamedTuple

import msgspec

from credimus.certificate.excerpt import Proof, read_proof
from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.wording import plainly
from credimus.state.fleet import FleetState
from credimus.state.identity import normalised
from credimus.state.operations import Rules, Scheme
from credimus.state.voting.round import Round, listed_masks
from credimus.state.voting.verdict import Verdict

FORM = 4


class Certificate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a fleet decided, and the proof."""

    certificate: int
    """The version of this form."""
    fleet: str
    fleet_name: str
    belief: str
    category: str
    statement: str
    """The content as the belief's id holds it: without capitals of ASCII, outer and double spaces
    and closing dots. Only this much was voted on."""
    round: str
    attempt: int
    opened_ms: int
    """When the proposal was made, by its author's clock."""
    outcome: Literal["accepted", "rejected"]
    scheme: str
    threshold: str
    aggregation: str
    value: int
    """Of the votes for the outcome that are shown; there may be more."""
    value_needed: int
    value_max: int
    """Of all electors; under turnout, of the votes that the closing lists."""
    voted: int
    """Electors whose answer of any kind is shown or, under turnout, listed."""
    quorum: int
    electors: int
    proof: str
    """The encoding of a `Proof`, in base 85."""


class Tally(NamedTuple):
    """What a decided round counted."""

    value: int
    value_needed: int
    value_max: int
    voted: int


_certificates = msgspec.json.Decoder(Certificate)  # made once: threads may read at once


def read_certificate(text: bytes) -> Certificate:
    """The certificate that a file holds; nothing of it is checked yet but its form.

    Raises:
        PeerFault: `certificate-malformed`.
    """
    if len(text) > limits.CERTIFICATE_BYTES_MAX:
        raise _malformed(f"it has more than {limits.CERTIFICATE_BYTES_MAX} bytes")
    try:
        stated = _certificates.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise _malformed(plainly(problem, Certificate)) from None
    if stated.certificate != FORM:
        raise PeerFault(
            "unknown-version",
            f"certificate form {stated.certificate} is not {FORM}; read it with the credimus that "
            "made it, or have it made again",
        )
    return stated


def proof_of(stated: Certificate) -> Proof:
    """The proof inside.

    Raises:
        PeerFault: `certificate-malformed`, `malformed`, `unknown-version`.
    """
    try:
        packed = b85decode(stated.proof)
    except ValueError as problem:
        raise _malformed(f"its proof is not in base 85: {problem}") from None
    return read_proof(packed)


def describe(state: FleetState, found: Round, words: tuple[str, str], proof: Proof) -> Certificate:
    """The certificate of a decided round.

    Args:
        state: the fold of what the proof shows.
        words: category and statement of the belief.
    """
    tally = tally_of(found)
    return Certificate(
        certificate=FORM,
        fleet=state.roster.fleet.hex(),
        fleet_name=state.roster.fleet_name,
        belief=found.belief.hex(),
        category=words[0],
        statement=words[1],
        round=found.id.hex(),
        attempt=found.attempt,
        opened_ms=wall_ms_of(found.opened_stamp),
        outcome="accepted" if found.verdict is Verdict.ACCEPTED else "rejected",
        scheme=found.rules.scheme.name.lower(),
        threshold=_threshold(found.rules),
        aggregation=found.rules.aggregation.name.lower(),
        value=tally.value,
        value_needed=tally.value_needed,
        value_max=tally.value_max,
        voted=tally.voted,
        quorum=found.quorum_count,
        electors=len(found.electorate),
        proof=b85encode(encode(proof)).decode(),
    )


def write_certificate(certificate: Certificate) -> bytes:
    """The file: one field a line."""
    fields = [
        msgspec.json.encode(field) + b":" + msgspec.json.encode(value)
        for field, value in msgspec.structs.asdict(certificate).items()
    ]
    return b"{\n" + b",\n".join(fields) + b"\n}\n"


def check_stated(text: bytes, stated: Certificate, proved: Certificate) -> None:
    """Refuse a text that says anything else than its proof, or says it in another way.

    Raises:
        PeerFault: `certificate-altered`, naming the field.
    """
    for field in proved.__struct_fields__:
        says, shows = getattr(stated, field), getattr(proved, field)
        if says != shows:
            raise PeerFault(
                "certificate-altered",
                f"the certificate's field {field} says {_short(says)}, and its proof shows "
                f"{_short(shows)}",
            )
    if msgspec.json.format(text, indent=-1) != msgspec.json.encode(proved):
        raise PeerFault(
            "certificate-altered",
            "the certificate's text is written in another way than certificates are: fields are "
            "repeated, out of order, or escaped without need",
        )


def tally_of(found: Round) -> Tally:
    """The votes for the outcome of a decided round, against what was needed."""
    accepted = found.verdict is Verdict.ACCEPTED
    if found.rules.scheme is not Scheme.TURNOUT:
        value = found.accept_value if accepted else found.reject_value
        most = found.electorate.value_max(found.rules)
        return Tally(value, found.value_needed, most, found.voted.bit_count())
    deciding = found.deciding_closing()
    values = None if deciding is None else found.values_listed(deciding[2])
    if deciding is None or values is None:
        return Tally(0, 0, 0, 0)
    total = sum(values)
    needed = -(-found.rules.numerator * total // found.rules.denominator)
    accept, reject, abstain = listed_masks(deciding[2])
    voted = (accept | reject | abstain).bit_count()
    return Tally(values[0] if accepted else values[1], needed, total, voted)


def statement_of(content: str) -> str:
    """A belief's content as its id holds it."""
    return normalised(content).decode()


def _threshold(rules: Rules) -> str:
    match rules.scheme:
        case Scheme.MAJORITY:
            return "more than 1/2"
        case Scheme.BYZANTINE:
            return "more than 2/3"
        case Scheme.SUPERMAJORITY | Scheme.TURNOUT:
            return f"at least {rules.numerator}/{rules.denominator}"
        case Scheme.CREDENCE:
            return f"a credence of at least {rules.numerator}/{rules.denominator}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _malformed(why: str) -> PeerFault:
    return PeerFault("certificate-malformed", f"this is no certificate: {why}")
