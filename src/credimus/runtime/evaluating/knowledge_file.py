"""What a node knows by itself, from a TOML file of [[fact]] entries."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.errors import NotFound, UsageError
from credimus.kernel.fixed import MILLION
from credimus.kernel.wording import ended, plainly
from credimus.protocol.voting.knowledge import Known
from credimus.runtime.evaluating.entries import entries_in
from credimus.state.identity import normalised

FILE_BYTES_MAX = 16 * 1_048_576
"""Bytes of a knowledge file. [guess: some 50,000 facts]"""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One [[fact]]."""

    content: str
    holds: bool
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0
    reason: str = "known here"

    def __post_init__(self) -> None:
        if not normalised(self.content):
            raise ValueError("content is empty")
        if len(self.content.encode()) > limits.BELIEF_BYTES_MAX:
            raise ValueError(f"content has more than {limits.BELIEF_BYTES_MAX} bytes")
        if len(self.reason.encode()) > limits.REASON_BYTES_MAX:
            raise ValueError(f"reason has more than {limits.REASON_BYTES_MAX} bytes")


def read_knowledge(path: Path) -> dict[str, Known]:
    """The facts of a file, by content.

    Raises:
        NotFound: `knowledge-missing`.
        UsageError: `bad-knowledge`, naming the file and the entry.
    """
    try:
        entries = entries_in(path, "fact", FILE_BYTES_MAX, _bad)
    except FileNotFoundError:
        raise NotFound("knowledge-missing", f"{path} does not exist; check --knowledge.") from None
    facts: dict[str, Known] = {}
    seen: dict[bytes, int] = {}
    for number, raw in enumerate(entries, 1):
        try:
            entry = msgspec.convert(raw, Entry)
        except msgspec.ValidationError as problem:
            raise _bad(path, f"[[fact]] number {number}: {plainly(problem, Entry)}") from None
        same = seen.setdefault(normalised(entry.content), number)
        if same != number:
            raise _bad(path, f"[[fact]] number {number} says again what number {same} says")
        facts[entry.content] = Known(entry.holds, round(entry.confidence * MILLION), entry.reason)
    return facts


def _bad(path: Path, why: str) -> UsageError:
    return UsageError("bad-knowledge", f"{path}: {ended(why)} Its form is in docs/evaluators.md.")
