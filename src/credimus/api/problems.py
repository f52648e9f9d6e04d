"""Every error as a problem document (RFC 9457)."""

import logging
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from credimus.api.errors import KINDS, Waited
from credimus.api.shapes import Receipt
from credimus.kernel.errors import CredimusError, InternalError

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document."""

    type: str
    """`urn:credimus:error:<code>`."""
    title: str
    """The words of the HTTP status."""
    status: int
    detail: str
    """What happened, to which id, what was expected, what to do."""
    code: str
    """Stable."""
    kind: str
    """Whose fault it is: see `KINDS`."""
    definite: bool
    """Whether it certainly did not happen."""
    retry: bool
    """Whether the same request may succeed later."""
    belief: str | None = None
    """The belief that was written although what was waited for did not come."""
    round: str | None = None
    receipt: Receipt | None = None
    """How far that write has come."""


class HttpError(CredimusError):
    """A request that HTTP itself refuses: no such path, no such method, too large."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(code, message)
        self.status = status


def problem_of(error: CredimusError) -> Problem:
    """The document that tells of an error."""
    kind = next((word for type_, word in KINDS if isinstance(error, type_)), "internal")
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
        belief=receipt.belief if receipt is not None else None,
        round=receipt.round if receipt is not None else None,
        receipt=receipt,
    )


def answer_of(error: Exception) -> Response:
    """The response that tells of an exception; anything unexpected is logged and a bug."""
    if not isinstance(error, CredimusError):
        _log.error("a request failed", exc_info=error)
        error = InternalError(
            "bug", f"{type(error).__name__}: please report it; the log of the node has the details."
        )
    problem = problem_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else None
    return Response(msgspec.json.encode(problem), problem.status, headers, MEDIA_TYPE)
