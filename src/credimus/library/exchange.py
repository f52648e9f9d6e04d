"""One HTTP request and its answer, with nothing but the standard library.

Deliberately not here: what is asked (remote.py, the commands of the CLI).
"""

import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from credimus.kernel.errors import Unavailable, UsageError

TIMEOUT_S = 15.0
"""Seconds a node may take to answer, on top of what it is asked to wait."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    content: bytes


class Unreachable(Unavailable):
    """Nobody listens there, so it certainly did not happen."""

    definite = True


def exchange(
    base: str, method: str, target: str, body: bytes | None, headers: dict[str, str], timeout: float
) -> Answer:
    """One request and its answer, whatever its status.

    Raises:
        UsageError: `address-unusable`.
        Unreachable: `unreachable`.
        Unavailable: `no-answer`: it may have happened.
    """
    import http.client  # noqa: PLC0415 - 20 ms, which most commands' help and errors do not need

    parts = urlsplit(base)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    if not parts.hostname:
        raise UsageError("address-unusable", f"{base!r} is no address of a node's API.")
    connection = kind(parts.hostname, parts.port, timeout=timeout)
    try:
        try:
            connection.connect()
        except OSError as problem:
            raise Unreachable(
                "unreachable", f"{base} can not be reached: {problem.strerror or problem}"
            ) from None
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    except (OSError, http.client.HTTPException) as problem:
        raise Unavailable(
            "no-answer", f"{base} did not answer: {type(problem).__name__}: {problem}. Try again."
        ) from None
    finally:
        connection.close()


def problem_in(base: str, answer: Answer) -> dict[str, Any]:
    """The problem document of an answer with a status of 400 or more."""
    try:
        problem = json.loads(answer.content)
        if isinstance(problem, dict) and "code" in problem:
            return problem
    except ValueError:
        pass
    return {
        "code": "not-a-node",
        "kind": "unavailable",
        "status": answer.status,
        "detail": f"{base} answered with status {answer.status} and no problem document: is it a "
        "node?",
    }
