"""Every error as a problem document (RFC 9457)."""

import logging
from http import HTTPStatus

import msgspec

from credimus.api.errors import KINDS, Waited
from credimus.api.message import Answer, Headers
from credimus.api.shapes.answers import Problem, ProblemKind
from credimus.kernel.errors import CredimusError, InternalError, Unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
"""What `Retry-After` says where a request may succeed later. [guess]"""

_log = logging.getLogger(__name__)


class HttpError(CredimusError):
    """A request that HTTP itself refuses: no such path, no such method, too large."""

    def __init__(self, code: str, message: str, status: int, headers: Headers = ()) -> None:
        super().__init__(code, message)
        self.status = status
        self.headers = headers


def problem_of(error: CredimusError) -> Problem:
    """The document that tells of an error."""
    kind: ProblemKind = next(
        (word for type_, word in KINDS if isinstance(error, type_)), "internal"
    )
    receipt = None
    if isinstance(error, HttpError):
        kind = "usage"
    elif isinstance(error, Waited):
        receipt = error.receipt
    return Problem(
        type=f"urn:credimus:error:{error.code}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.message,
        code=error.code,
        kind=kind,
        definite=error.definite,
        retry=error.retry,
        retry_after_ms=error.retry_after_ms if isinstance(error, Unavailable) else None,
        belief=receipt.belief if receipt is not None else None,
        round=receipt.round if receipt is not None else None,
        receipt=receipt,
    )


def answer_of(error: Exception) -> Answer:
    """The answer that tells of an exception; anything unexpected is logged and a bug."""
    if not isinstance(error, CredimusError):
        _log.error("a request failed", exc_info=error)
        error = InternalError(
            "bug", f"{type(error).__name__}: please report it; the log of the node has the details."
        )
    problem = problem_of(error)
    headers = error.headers if isinstance(error, HttpError) else ()
    if problem.status == 401:
        headers += (("www-authenticate", "Bearer"),)
    elif problem.status in (429, 503):
        wait_ms = getattr(error, "retry_after_ms", None)
        seconds = RETRY_AFTER_S if wait_ms is None else max(1, -(-wait_ms // 1_000))
        headers += (("retry-after", str(seconds)),)
    return Answer(msgspec.json.encode(problem), problem.status, MEDIA_TYPE, headers)
