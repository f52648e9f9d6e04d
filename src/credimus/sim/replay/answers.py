"""Reads crowd-label files: who accepted, rejected or abstained on what. Bad lines are collected.

Columns `item, worker, label` or `task, worker, label`; optional `confidence` and `text` (or
`content`); others are ignored. Labels: 1 accept, 0 reject, -1 abstain.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from credimus.kernel import limits
from credimus.kernel.errors import UsageError
from credimus.kernel.fixed import MILLION, millionths
from credimus.state.identity import as_written
from credimus.state.operations import Choice

BAD_LINES_SHOWN = 20
WORKERS_MAX = 4_096
"""Workers of one replay, each a member with a chain; admitting takes their square. [guess]"""
_LABELS = {
    "1": Choice.ACCEPT, "1.0": Choice.ACCEPT, "0": Choice.REJECT, "0.0": Choice.REJECT,
    "-1": Choice.ABSTAIN, "-1.0": Choice.ABSTAIN,
}  # fmt: skip
_ITEM, _WORKER, _LABEL = ("item", "task"), ("worker",), ("label",)
_TEXT = ("text", "content")


class BadLine(msgspec.Struct, frozen=True):
    """A line that was left out."""

    line: int
    reason: str


class Answer(NamedTuple):
    """One worker's answer on one item."""

    worker: str
    choice: Choice
    confidence: int
    """Millionths."""


class Answers(msgspec.Struct, kw_only=True):
    """What a file holds; items and their answers in the order of the file."""

    by_item: dict[str, list[Answer]] = msgspec.field(default_factory=dict)
    texts: dict[str, str] = msgspec.field(default_factory=dict)
    bad_line_count: int = 0
    bad_lines: list[BadLine] = msgspec.field(default_factory=list)
    """The first few."""

    @property
    def workers(self) -> list[str]:
        """Everyone who answered, sorted."""
        return sorted({answer.worker for found in self.by_item.values() for answer in found})

    @property
    def answer_count(self) -> int:
        """How many answers count."""
        return sum(len(found) for found in self.by_item.values())


_Row: TypeAlias = dict[str, str]
_Complain: TypeAlias = Callable[[int, str], None]


class _BadLine(Exception):
    pass


def read_answers(path: Path, strict: bool = False) -> Answers:
    """The answers of a file.

    Args:
        strict: raise on the first bad line instead of collecting it.

    Raises:
        UsageError: `no-such-file`, `bad-header`, `no-answers`; `bad-line` when strict.
    """
    answers = Answers()
    seen: set[tuple[str, str]] = set()
    workers: set[str] = set()
    complain = _complainer(path, strict, answers)
    for line, row in _rows(path, (_ITEM, _WORKER, _LABEL), complain):
        try:
            item, answer = _answer(row)
        except _BadLine as problem:
            complain(line, str(problem))
            continue
        if answer.worker not in workers and len(workers) >= WORKERS_MAX:
            complain(line, f"is of a worker beyond the first {WORKERS_MAX}")
            continue
        workers.add(answer.worker)
        found = answers.by_item.setdefault(item, [])
        if (item, answer.worker) in seen:
            complain(line, f"has {answer.worker!r} answer {item!r} again; the first counts")
        elif len(found) >= limits.ELECTORATE_MEMBERS_MAX:
            complain(line, f"is over {limits.ELECTORATE_MEMBERS_MAX} answers to {item!r}")
        else:
            seen.add((item, answer.worker))
            found.append(answer)
            text = _first(row, _TEXT)
            if text and item not in answers.texts:
                answers.texts[item] = text
    if not answers.by_item:
        raise UsageError(
            "no-answers", f"{path} holds no usable line below its header{_why(answers)}."
        )
    return answers


def read_truth(path: Path, strict: bool = False) -> tuple[dict[str, bool], list[BadLine]]:
    """What is so, by item; and the lines left out.

    Raises:
        UsageError: as `read_answers`.
    """
    truth: dict[str, bool] = {}
    kept = Answers()
    complain = _complainer(path, strict, kept)
    for line, row in _rows(path, (_ITEM, _LABEL), complain):
        item, label = _first(row, _ITEM), _LABELS.get(_first(row, _LABEL))
        if not item or label is None or label is Choice.ABSTAIN:
            complain(line, "needs an item and a label that is 1 or 0")
        elif item in truth:
            complain(line, f"{item!r} stands there twice; the first counts")
        else:
            truth[item] = label is Choice.ACCEPT
    return truth, kept.bad_lines


def _why(answers: Answers) -> str:
    """What is wrong with the first bad line, when there is one."""
    if not answers.bad_lines:
        return ""
    first = answers.bad_lines[0]
    return f"; line {first.line} {first.reason}"


def _answer(row: _Row) -> tuple[str, Answer]:
    item, worker, label = _first(row, _ITEM), _first(row, _WORKER), _first(row, _LABEL)
    if not item or not worker:
        raise _BadLine("has no item" if not item else "has no worker")
    try:
        size = max(len(item.encode()), len(worker.encode()))
    except UnicodeEncodeError:
        raise _BadLine("is not UTF-8") from None
    if size > limits.BELIEF_BYTES_MAX - 64:
        raise _BadLine(f"names an item or worker of {size} bytes")
    choice = _LABELS.get(label)
    if choice is None:
        raise _BadLine(f"has label {label[:40]!r}; use 1, 0 or -1")
    given = _first(row, ("confidence",))
    try:
        confidence = millionths(float(given), "confidence") if given else MILLION
    except (ValueError, UsageError):
        raise _BadLine(f"has confidence {given[:40]!r}; use a number from 0 to 1") from None
    return item, Answer(worker, choice, confidence)


def _rows(
    path: Path, needed: Iterable[tuple[str, ...]], complain: _Complain
) -> Iterator[tuple[int, _Row]]:
    """Line number and cells by column name, for each line that has as many cells as the header."""
    try:
        file = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as problem:
        raise UsageError("no-such-file", f"{path} can not be read: {problem.strerror}") from None
    with file:
        lines = csv.reader(file, strict=True)
        try:
            header = [as_written(name).lower() for name in next(lines, [])]
        except csv.Error:
            header = []
        lacking = [names[0] for names in needed if not any(name in header for name in names)]
        if lacking:
            raise UsageError(
                "bad-header",
                f"{path} has no column {lacking[0]!r} in its first line; the columns are item, "
                "worker, label and, if there is one, confidence.",
            )
        while True:
            try:
                cells = next(lines, None)
            except csv.Error as problem:
                complain(lines.line_num, f"is no CSV: {problem}")
                continue
            if cells is None:
                return
            if len(cells) == len(header):
                yield lines.line_num, dict(zip(header, cells, strict=True))
            elif cells:
                complain(lines.line_num, f"has {len(cells)} cells, the header has {len(header)}")


def _complainer(path: Path, strict: bool, answers: Answers) -> _Complain:
    def complain(line: int, reason: str) -> None:
        if strict:
            raise UsageError("bad-line", f"line {line} of {path} {reason}")
        answers.bad_line_count += 1
        if len(answers.bad_lines) < BAD_LINES_SHOWN:
            answers.bad_lines.append(BadLine(line, reason))

    return complain


def _first(row: _Row, names: tuple[str, ...]) -> str:
    return next((row[name].strip() for name in names if name in row), "")
