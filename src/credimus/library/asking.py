"""Asks a node's API: JSON out, shapes and typed errors in."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from credimus.api.errors import KINDS, Waited
from credimus.api.shapes import answers as shapes
from credimus.kernel.errors import CredimusError, InternalError, Unavailable, UsageError
from credimus.library.described import described
from credimus.library.exchange import TIMEOUT_S, Answer, Place, exchange, problem_in

Shape = TypeVar("Shape")
_CLASSES: dict[str, type[CredimusError]] = {word: kind for kind, word in KINDS}


class Asker:
    """The API of one node. Keeps no connection, so threads may share it."""

    __slots__ = ("_headers", "_place")

    def __init__(self, place: Place, token: str) -> None:
        self._place = place
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(
        self,
        path: str,
        shape: type[Shape],
        query: Mapping[str, object] | None = None,
        wait_s: float = 0.0,
    ) -> Shape:
        """The answer of a GET, as a shape; parameters that are None are left out.

        Args:
            wait_s: how long the node is asked to wait.
        """
        given = {name: value for name, value in (query or {}).items() if value is not None}
        target = f"{path}?{urlencode(given)}" if given else path
        return self._answer("GET", target, None, wait_s, shape)

    def post(
        self, path: str, shape: type[Shape], fields: Mapping[str, object], wait_s: float
    ) -> Shape:
        """The answer of a POST, as a shape; fields that are None are left out."""
        given = {name: value for name, value in fields.items() if value is not None}
        try:
            body = msgspec.json.encode(given)
        except UnicodeEncodeError:  # half of a pair of surrogates
            raise UsageError("bad-field", "a text is not valid Unicode.") from None
        return self._answer("POST", path, body, wait_s, shape)

    def _answer(
        self, method: str, target: str, body: bytes | None, wait_s: float, shape: type[Shape]
    ) -> Shape:
        answer = exchange(self._place, method, target, body, self._headers, TIMEOUT_S + wait_s)
        if answer.status >= 400:
            raise error_of(problem_in(self._place.url, answer))
        try:
            return msgspec.json.decode(answer.content, type=described(shape))
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise error_of(problem_in(self._place.url, Answer(answer.status, b""))) from problem


def error_of(problem: Mapping[str, Any]) -> CredimusError:
    """The error that a problem document tells of, of the class that it had at the node."""
    code, detail = str(problem.get("code")), str(problem.get("detail"))
    if problem.get("receipt") is not None:
        receipt = msgspec.convert(problem["receipt"], described(shapes.Receipt))
        return Waited(code, detail, receipt)
    error = _CLASSES.get(str(problem.get("kind")), InternalError)(code, detail)
    error.status = int(problem.get("status", error.status))
    error.definite = bool(problem.get("definite", error.definite))
    error.retry = bool(problem.get("retry", error.retry))
    if isinstance(error, Unavailable):
        error.retry_after_ms = problem.get("retry_after_ms")
    return error
