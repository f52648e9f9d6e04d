"""The rules by which a node votes, from a TOML file of [[rule]] entries."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.errors import NotFound, UsageError
from credimus.kernel.fixed import MILLION, millionths
from credimus.kernel.wording import ended, plainly
from credimus.protocol.voting.interface import Answer, Ballot, Left
from credimus.protocol.voting.rulebook import Rule, words_of
from credimus.runtime.evaluating.entries import entries_in
from credimus.state.operations import Choice

FILE_BYTES_MAX = 1_048_576
"""Bytes of a file of rules. [guess: 1 KiB a rule]"""
Text = Annotated[str, Meta(min_length=1, max_length=limits.NAME_BYTES_MAX)]
Texts = Text | Annotated[list[Text], Meta(min_length=1, max_length=limits.RULES_MAX)]
Ratio = Annotated[float, Meta(ge=0, le=1)]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One [[rule]]: conditions, then what is done where all of them hold."""

    category: Texts | None = None
    """One of these."""
    source: Texts | None = None
    """Names or ids of members: one of them asserts the belief."""
    confidence: tuple[Ratio, Ratio] = (0.0, 1.0)
    """From and to, both included, of an assertion: by one of `source`, if that is given."""
    keywords: Texts | None = None
    """Words, or several in a row: one of them stands in the content, as whole words."""
    action: Literal["accept", "reject", "abstain", "ask", "next"]
    vote_confidence: Ratio = 1.0
    """Of the vote."""
    reason: str = ""

    def __post_init__(self) -> None:
        if self.confidence[0] > self.confidence[1]:
            raise ValueError("confidence runs from high to low; give the lower bound first")
        if len(self.reason.encode()) > limits.REASON_BYTES_MAX:
            raise ValueError(f"reason has more than {limits.REASON_BYTES_MAX} bytes")
        for word in _list(self.keywords):
            if not words_of(word).strip():
                raise ValueError(f"keyword {word!r} has no letter or digit")


def read_rules(path: Path) -> list[Rule]:
    """The rules of a file, in their order.

    Raises:
        NotFound: `rules-missing`.
        UsageError: `bad-rules-file`, naming the file and the entry.
    """
    try:
        entries = entries_in(path, "rule", FILE_BYTES_MAX, _bad)
    except FileNotFoundError:
        raise NotFound(
            "rules-missing", f"{path} does not exist; mend file in [voting.rules]."
        ) from None
    if len(entries) > limits.RULES_MAX:
        raise _bad(path, f"it has {len(entries)} rules, at most {limits.RULES_MAX} are taken")
    rules = []
    for number, raw in enumerate(entries, 1):
        try:
            rules.append(_rule(msgspec.convert(raw, Entry), number))
        except msgspec.ValidationError as problem:
            raise _bad(path, f"[[rule]] number {number}: {plainly(problem, Entry)}") from None
    return rules


def _rule(entry: Entry, number: int) -> Rule:
    return Rule(
        answer=_answer(entry, number),
        categories=frozenset(_list(entry.category)),
        sources=frozenset(_list(entry.source)),
        confidence_min=millionths(entry.confidence[0], "confidence"),
        confidence_max=millionths(entry.confidence[1], "confidence"),
        keywords=tuple(words_of(word) for word in _list(entry.keywords)),
    )


def _answer(entry: Entry, number: int) -> Answer:
    match entry.action:
        case "next":
            return Left.NEXT
        case "ask":
            return Left.OPEN
        case choice:
            confidence = round(entry.vote_confidence * MILLION) if choice != "abstain" else 0
            return Ballot(Choice[choice.upper()], confidence, entry.reason or f"rule {number}")


def _list(texts: Texts | None) -> list[str]:
    return [texts] if isinstance(texts, str) else texts or []


def _bad(path: Path, why: str) -> UsageError:
    return UsageError("bad-rules-file", f"{path}: {ended(why)} Its form is in docs/evaluators.md.")
