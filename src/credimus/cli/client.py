"""Asks the local node over HTTP, with the token from its folder."""

import http.client
import json
import os
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from credimus.cli.output import Refused
from credimus.kernel.errors import Unavailable, UsageError
from credimus.runtime.home import Home
from credimus.runtime.tokens import read_token

TIMEOUT_S = 15.0
"""Seconds a node may take to answer, on top of what it is asked to wait."""


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
        self._url = home.url()
        self._token = read_token(home.token)
        self._context = pinned(home.certificate())

    def get(self, path: str, **query: object) -> Any:
        """The answer of a GET; parameters that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(given)}" if given else path
        return json.loads(self._ask("GET", target, None, TIMEOUT_S))

    def post(self, path: str, wait_s: float = 0.0, /, **body: object) -> Any:
        """The answer of a POST; fields that are None are left out.

        Args:
            wait_s: how long the node is asked to wait.
        """
        given = {name: value for name, value in body.items() if value is not None}
        raw = json.dumps(given).encode()
        return json.loads(self._ask("POST", path, raw, TIMEOUT_S + wait_s))

    def _ask(self, method: str, target: str, body: bytes | None, timeout: float) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            return exchange(
                self._url, method, target, body, headers, timeout, context=self._context
            )
        except _Refusing as problem:
            raise self._home.not_running(problem.message) from None


def post_bytes(url: str, body: bytes) -> bytes:
    """Post bytes to a URL and give the bytes of the answer; for joining.

    Raises:
        Refused: the node there says why not.
        Unavailable: `inviter-unreachable`.
    """
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    headers = {"Content-Type": "application/octet-stream"}
    try:
        return exchange(base, "POST", parts.path, body, headers, TIMEOUT_S * 2)
    except _Refusing as problem:
        raise Unavailable(
            "inviter-unreachable",
            f"{problem.message}. Is the node that made the ticket running, and is the address one "
            "that this machine can reach (see credimus invite --address)?",
        ) from None


class _Refusing(Unavailable):
    """Nobody listens there."""


def pinned(certificate: Path | None) -> ssl.SSLContext:
    """Trust in exactly the certificate that the node's folder names; without one, in none at all.

    Who joins with a ticket has none yet: request and answer are sealed with the ticket's secret.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the certificate itself is known, whatever the address
    if certificate is None:
        context.verify_mode = ssl.CERT_NONE
        return context
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(certificate)
    except (OSError, ssl.SSLError) as problem:
        raise UsageError(
            "certificate-unusable", f"{certificate} is no certificate: {problem}. Restore it."
        ) from None
    return context


def exchange(
    base: str,
    method: str,
    target: str,
    body: bytes | None,
    headers: dict[str, str],
    timeout: float,
    *,
    context: ssl.SSLContext | None = None,
) -> bytes:
    """One request and its answer.

    Raises:
        Refused: a problem document came back.
        Unavailable: `unreachable`, `no-answer`.
    """
    parts = urlsplit(base)
    if not parts.hostname:
        raise UsageError("address-unusable", f"{base!r} is no address of a node's API.")
    host, port = parts.hostname, parts.port
    if parts.scheme == "https":
        context = context or pinned(None)
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        try:
            connection.connect()
        except OSError as problem:
            raise _Refusing(
                "unreachable", f"{base} can not be reached: {problem.strerror or problem}"
            ) from None
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as problem:
        raise Unavailable(
            "no-answer", f"{base} did not answer: {type(problem).__name__}: {problem}. Try again."
        ) from None
    finally:
        connection.close()
    if answer.status >= 400:
        raise Refused(_problem(base, answer.status, content))
    return content


def _problem(base: str, status: int, content: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(content)
        if isinstance(problem, dict) and "code" in problem:
            return problem
    except ValueError:
        pass
    return {
        "code": "not-a-node",
        "kind": "unavailable",
        "status": status,
        "detail": f"{base} answered with status {status} and no problem document: is it a node?",
    }
