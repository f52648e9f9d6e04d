"""Asks the local node over HTTP, with the token from its folder."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from credimus.cli.output import Refused, complain
from credimus.kernel.errors import Unavailable, UsageError
from credimus.library.exchange import TIMEOUT_S, Answer, Unreachable, exchange, place_of, problem_in
from credimus.runtime.access.tokens import read_token
from credimus.runtime.home import Home


def home_of(folder: Path | None) -> Home:
    """The folder named, or $CREDIMUS_HOME, or the user's own."""
    named = folder or os.environ.get("CREDIMUS_HOME")
    if named:
        return Home(Path(named))
    from platformdirs import user_data_path

    return Home(user_data_path("credimus", appauthor=False))


class Client:
    """The API of one running node.

    Raises:
        NotFound: `no-node-here`, `token-missing`.
        Unavailable: `node-not-running`.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._place = place_of(home.url(), home.certificate())
        self._token = read_token(home.token)

    def get(self, path: str, **query: object) -> Any:
        """The answer of a GET; parameters that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(given)}" if given else path
        return json.loads(self._ask("GET", target, None, TIMEOUT_S))

    def get_text(self, path: str) -> str:
        """The answer of a GET as it came."""
        return self._ask("GET", path, None, TIMEOUT_S).decode()

    def post(self, path: str, wait_s: float = 0.0, /, **body: object) -> Any:
        """The answer of a POST; fields that are None are left out.

        Args:
            wait_s: how long the node is asked to wait.
        """
        given = {name: value for name, value in body.items() if value is not None}
        raw = json.dumps(given).encode()
        try:
            return json.loads(self._ask("POST", path, raw, TIMEOUT_S + wait_s))
        except KeyboardInterrupt:
            complain("stopped waiting: what was asked for may be done all the same; look first.")
            raise

    def _ask(self, method: str, target: str, body: bytes | None, timeout: float) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            answer = exchange(self._place, method, target, body, headers, timeout)
            return _content(self._place.url, answer)
        except Unreachable as problem:
            raise self._home.not_running(problem.message) from None


def post_bytes(url: str, body: bytes) -> bytes:
    """Post bytes to a URL and give the bytes of the answer; for joining.

    Raises:
        Refused: the node there says why not.
        UsageError: `wrong-scheme`.
        Unavailable: `inviter-unreachable`.
    """
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    headers = {"Content-Type": "application/octet-stream"}
    try:
        place = place_of(base, None)
        return _content(base, exchange(place, "POST", parts.path, body, headers, TIMEOUT_S * 2))
    except UsageError as problem:
        if problem.code != "wrong-scheme":
            raise
        raise UsageError(
            "wrong-scheme",
            f"{problem.message} The ticket says otherwise, and is still good where it was made: "
            "have a new one made with that address (credimus invite --address).",
        ) from None
    except Unreachable as problem:
        raise Unavailable(
            "inviter-unreachable",
            f"{problem.message}. Is the node that made the ticket running, and is the address one "
            "that this machine can reach (see credimus invite --address)?",
        ) from None


def _content(base: str, answer: Answer) -> bytes:
    """The body of a good answer.

    Raises:
        Refused: a problem document came back.
    """
    if answer.status >= 400:
        raise Refused(problem_in(base, answer))
    return answer.content
