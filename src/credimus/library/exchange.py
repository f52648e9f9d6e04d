"""One HTTP request and its answer, with nothing but the standard library.

Deliberately not here: what is asked (remote.py, the commands of the CLI).
"""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from credimus.kernel.errors import Unavailable, UsageError

if TYPE_CHECKING:
    import http.client
    import ssl

TIMEOUT_S = 15.0
"""Seconds a node may take to answer, on top of what it is asked to wait."""

_TLS_S = 1.0
"""Seconds that a handshake may take, which is tried to say what was wrong. [guess]"""
_ADDRESS = re.compile(r"[\w.:\[\]-]+:\d{1,5}/?")
"""What looks like host and port."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    content: bytes


class Unreachable(Unavailable):
    """Nobody listens there, so it certainly did not happen."""

    definite = True


class Place(NamedTuple):
    """Where a node answers, and how it is known to be that node."""

    url: str
    trust: "ssl.SSLContext | None" = None
    """For https; None trusts the authorities that this machine trusts."""


def exchange(
    place: Place,
    method: str,
    target: str,
    body: bytes | None,
    headers: dict[str, str],
    timeout: float,
) -> Answer:
    """One request and its answer, whatever its status.

    Raises:
        UsageError: `address-unusable`; `wrong-scheme`, when http is asked of a node that speaks
            TLS, or the other way round.
        Unreachable: `unreachable`.
        Unavailable: `no-answer`: it may have happened.
    """
    import http.client  # noqa: PLC0415 - 20 ms, which most commands' help and errors do not need

    base = place.url
    connection = connection_to(place, timeout)
    try:
        try:
            connection.connect()
        except OSError as problem:
            if getattr(problem, "reason", None) == "WRONG_VERSION_NUMBER":
                raise UsageError(
                    "wrong-scheme", f"{base} speaks plain HTTP: its address begins with http://."
                ) from None
            raise Unreachable(
                "unreachable", f"{base} can not be reached: {problem.strerror or problem}"
            ) from None
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    except (OSError, http.client.HTTPException) as problem:
        is_cut = isinstance(problem, ConnectionError | http.client.BadStatusLine)
        if is_cut and _speaks_tls(base):
            raise UsageError(
                "wrong-scheme",
                f"{base} speaks TLS, and understood nothing: its address begins with https://.",
            ) from None
        raise Unavailable(
            "no-answer", f"{base} did not answer: {type(problem).__name__}: {problem}. Try again."
        ) from None
    finally:
        connection.close()


def _speaks_tls(url: str) -> bool:
    """Whether who hung up on plain HTTP shakes hands over TLS."""
    if not url.startswith("http://"):
        return False
    connection = connection_to(place_of("https://" + url.removeprefix("http://"), None), _TLS_S)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def connection_to(place: Place, timeout: float) -> "http.client.HTTPConnection":
    """A connection, not yet opened.

    Raises:
        UsageError: `address-unusable`.
    """
    import http.client  # noqa: PLC0415 - as above

    parts = urlsplit(place.url)
    host, port = parts.hostname, parts.port
    if not host:
        raise UsageError("address-unusable", f"{place.url!r} is no address of a node's API.")
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=place.trust)
    return http.client.HTTPConnection(host, port, timeout=timeout)


def place_of(url: str, certificate: Path | None) -> Place:
    """Where a node of this machine answers, known by its certificate.

    Raises:
        UsageError: `certificate-unusable`.
    """
    return Place(url, pinned(certificate)) if url.startswith("https://") else Place(url)


def check_folder(where: str | Path) -> None:
    """Tell whoever names a node by its address, not by its folder, how that is written.

    Raises:
        UsageError: `address-unusable`.
    """
    text = str(where)
    if "://" in text:
        raise UsageError(
            "address-unusable", f"{text}: a URL of a node begins with http:// or https://."
        )
    if _ADDRESS.fullmatch(text) and not Path(where).exists():
        raise UsageError(
            "address-unusable",
            f"{text} is no folder; a URL of a node begins with http:// or https://, such as "
            f"http://{text}.",
        )


def pinned(certificate: Path | None) -> "ssl.SSLContext":
    """Trust in exactly this certificate; without one, in whoever answers.

    Who joins with a ticket has none yet: request and answer are sealed with the ticket's secret.

    Raises:
        UsageError: `certificate-unusable`.
    """
    import ssl  # noqa: PLC0415 - 10 ms, which most callers do not need

    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname = False  # the certificate itself is known, whatever the address
    if certificate is None:
        trust.verify_mode = ssl.CERT_NONE
        return trust
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        trust.load_verify_locations(certificate)
    except (OSError, ssl.SSLError) as problem:
        raise UsageError(
            "certificate-unusable", f"{certificate} is no certificate: {problem}. Restore it."
        ) from None
    return trust


def member_path(member: str) -> str:
    """The path of a member, by a name or an id.

    Raises:
        UsageError: `bad-member-id`.
    """
    if not member or set(member) & set("/{"):
        raise UsageError("bad-member-id", f"{member[:40]!r} can not be asked for; give the id.")
    return f"/v1/members/{quote(member, safe='')}"


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
