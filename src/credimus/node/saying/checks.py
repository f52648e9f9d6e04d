"""What a caller may write: every rule broken is a UsageError that says how to mend it. Pure."""

import re
from collections.abc import Sequence

from credimus.kernel import limits
from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import NotFound, PeerFault, UsageError
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.state.identity import as_written
from credimus.state.operations import Evidence, Rules

_rules = decoder(Rules)
_CATEGORY = re.compile(r"[a-z][a-z0-9._-]*")


def checked_content(content: str) -> str:
    """A belief's content as it will be written.

    Raises:
        UsageError: `belief-empty`, `belief-too-long`.
    """
    written = as_written(content)
    size = len(written.encode("utf-8", "surrogatepass"))
    if not written:
        raise UsageError("belief-empty", "a belief needs some content")
    if size > limits.BELIEF_BYTES_MAX:
        raise UsageError(
            "belief-too-long",
            f"the belief has {size} bytes, at most {limits.BELIEF_BYTES_MAX} are taken; say it "
            "shorter and put the rest into evidence.",
        )
    check_unicode(written, "a belief")
    return written


def check_category(category: str) -> None:
    """Refuse a category that could not travel.

    Raises:
        UsageError: `bad-category`.
    """
    if len(category) > limits.CATEGORY_BYTES_MAX or not _CATEGORY.fullmatch(category):
        raise UsageError(
            "bad-category",
            f"category {category[:70]!r}: use at most {limits.CATEGORY_BYTES_MAX} lower-case "
            "letters, digits, dots, dashes and underscores, beginning with a letter.",
        )


def check_evidence(evidence: Sequence[Evidence]) -> None:
    """Refuse too much evidence.

    Raises:
        UsageError: `too-much-evidence`, `evidence-too-long`.
    """
    if len(evidence) > limits.EVIDENCE_COUNT_MAX:
        raise UsageError(
            "too-much-evidence",
            f"{len(evidence)} items of evidence, at most {limits.EVIDENCE_COUNT_MAX} are taken; "
            "keep the strongest.",
        )
    for item in evidence:
        check_length(item.kind, limits.NAME_BYTES_MAX, "evidence kind")
        check_length(item.content, limits.EVIDENCE_BYTES_MAX, "evidence")


def check_proposal(rules: Rules | None, electors: Sequence[NodeId] | None) -> None:
    """Refuse rules and electors that could not travel.

    Raises:
        UsageError: `bad-rules`, `bad-electors`.
    """
    if rules is not None:
        try:
            decode(encode(rules), _rules, "rules")
        except (PeerFault, OverflowError) as problem:
            raise UsageError("bad-rules", f"these rules can not travel: {problem}") from None
    if electors is not None and (
        not 1 <= len(electors) <= limits.ELECTORATE_MEMBERS_MAX
        or any(len(one) != ID_BYTES for one in electors)
    ):
        raise UsageError(
            "bad-electors",
            f"{len(electors)} electors: name 1 to {limits.ELECTORATE_MEMBERS_MAX} members by their "
            f"ids of {ID_BYTES} bytes.",
        )


def check_length(text: str, most: int, what: str) -> None:
    """Refuse a text of too many bytes.

    Raises:
        UsageError: `too-long`, `bad-unicode`.
    """
    check_unicode(text, what)
    size = len(text.encode())
    if size > most:
        raise UsageError("too-long", f"{what} has {size} bytes; at most {most} are taken")


def check_unicode(text: str, what: str) -> None:
    """Refuse half of a surrogate pair.

    Raises:
        UsageError: `bad-unicode`.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("bad-unicode", f"{what} is not valid Unicode text") from None


def check_millionths(value: int, what: str) -> None:
    """Refuse what is outside [0, 1].

    Raises:
        UsageError: `out-of-range`.
    """
    if not 0 <= value <= MILLION:
        raise UsageError("out-of-range", f"{what} is {value / MILLION}; give 0 to 1, such as 0.8")


def unknown_belief(belief: bytes) -> NotFound:
    """The error for a belief that nobody asserted here."""
    return NotFound(
        "unknown-belief",
        f"belief {belief.hex()} is not known here; list what is with `credimus beliefs`.",
    )
