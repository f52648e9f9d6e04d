"""Reads the files that evaluators vote by: TOML with entries of one kind, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from credimus.kernel.errors import UsageError
from credimus.kernel.wording import did_you_mean, plainly


def entries_in(
    path: Path, kind: str, bytes_max: int, bad: Callable[[Path, str], UsageError]
) -> list[Any]:
    """The entries of a file, not yet looked at.

    Args:
        kind: what they stand under: `fact` for [[fact]].
        bytes_max: of the file.
        bad: makes the error, from the file and what is wrong with it.

    Raises:
        FileNotFoundError: there is no such file.
        UsageError: as `bad` makes it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise bad(path, problem.strerror or "it can not be read") from None
    if len(content) > bytes_max:
        raise bad(path, f"it has {len(content)} bytes, at most {bytes_max} are read")
    try:
        read: dict[str, Any] = msgspec.toml.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise bad(path, plainly(problem)) from None
    others = sorted(set(read) - {kind})
    if others:
        meant = did_you_mean(others[0], [kind]) or f"all stands under [[{kind}]]"
        raise bad(path, f"section {others[0][:60]!r} is not known; {meant}")
    entries = read.get(kind, [])
    if not isinstance(entries, list):
        raise bad(path, f"{kind} is no [[{kind}]]")
    return entries
