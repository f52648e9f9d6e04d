"""What all endpoints have in common: who asks, the shape of what is asked, what is answered.

Deliberately not here: what the endpoints do (endpoints/), finding one (app.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from credimus.api.message import JSON, Answer, Request, Stream
from credimus.api.problems import HttpError
from credimus.kernel.errors import NotPermitted, UsageError
from credimus.kernel.wording import sentence
from credimus.runtime.access.principals import Principal, Scope, require
from credimus.runtime.daemon import Daemon

BODY_BYTES_MAX = 65_536
"""Bytes of a request's body: ten items of evidence and a belief, written with escapes. [guess]"""
KEY_HEADER = "idempotency-key"
_PARAMETERS_MAX = 64
_encode = msgspec.json.Encoder().encode

Asked = TypeVar("Asked")
Work = Callable[[Daemon, Any, Request], object]
"""Gets the daemon, what is asked (None without a shape) and the request; gives a value to encode, a
whole `Answer` or `Stream`, or an awaitable of one."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One line of the API's table: enough to serve it and to describe it."""

    method: str
    path: str
    """With `{id}` where it names something."""
    work: Work
    asked: type[msgspec.Struct] | None = None
    """The shape of the query of a GET, of the body of a POST."""
    answers: Any = None
    """The shape of the answer; None where it is no JSON."""
    media_type: str = JSON
    status: int = 200
    scope: Scope | None = "read"
    """What the token must allow; None asks for no token."""
    tagged: bool = False
    """Whether answers carry an entity tag, and are left out where the caller has them."""
    keyed: bool = False
    """Whether it takes an `Idempotency-Key`."""
    raw: bool = False
    """Whether the body is bytes of its own format, for the work to read."""
    _decoder: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        decoder = msgspec.json.Decoder(self.asked) if self.asked and self.is_post else None
        object.__setattr__(self, "_decoder", decoder)

    @property
    def is_post(self) -> bool:
        """Whether what is asked stands in the body."""
        return self.method == "POST"

    def begin(self, daemon: Daemon, request: Request) -> object:
        """What the work gives; the caller encodes it with `answer`.

        Raises:
            CredimusError: as the work, and whatever is wrong with the request.
        """
        if self.scope is not None:
            request.principal = _identified(daemon, request)
            try:
                require(request.principal, self.scope)
            except NotPermitted as refusal:
                daemon.enter_refusal(refusal.code, request.principal)
                raise
        daemon.rates.check_request(request.principal)
        asked: object = None
        if self.is_post:
            if request.query:
                read_query(request.query, None)
            if not self.keyed and KEY_HEADER in request.headers:
                raise UsageError(
                    "key-not-taken",
                    f"{self.path} takes no Idempotency-Key; send the request without it.",
                )
            if self._decoder is not None:
                asked = read_json(request.body, self._decoder)
        elif self.asked is not None or request.query:
            asked = read_query(request.query, self.asked)
        return self.work(daemon, asked, request)

    def answer(self, found: object, request: Request) -> Answer | Stream:
        """What the work gave, as an answer."""
        if isinstance(found, Answer | Stream):
            return found
        body = _encode(found)
        if not self.tagged:
            return Answer(body, self.status)
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        headers = (("etag", tag), ("cache-control", "no-cache"))
        wanted = request.headers.get("if-none-match")
        if wanted is not None and _matches(wanted, tag):
            return Answer(b"", 304, "", headers)
        return Answer(body, self.status, JSON, headers)


def _identified(daemon: Daemon, request: Request) -> Principal:
    try:
        return daemon.principals.identify(request.headers.get("authorization"))
    except NotPermitted as refusal:
        daemon.rates.check_request(None)
        daemon.enter_refusal(refusal.code)
        raise


def read_json(body: bytes, decoder: "msgspec.json.Decoder[Asked]") -> Asked:
    """A body as the shape it must have.

    Raises:
        HttpError: `bad-json`, status 400.
        UsageError: `bad-field`, naming the field.
    """
    try:
        return decoder.decode(body or b"{}")
    except msgspec.ValidationError as problem:
        raise UsageError("bad-field", sentence(problem, decoder.type)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise HttpError("bad-json", f"the body is not JSON: {_sentence(problem)}.", 400) from None


def read_query(query: str, shape: type[Asked] | None) -> Asked | None:
    """The query of a URL as the shape it must have; without one it must be empty.

    Raises:
        UsageError: `bad-field`, naming the parameter.
    """
    given: dict[str, str] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_PARAMETERS_MAX)
    except ValueError:
        raise UsageError(
            "bad-field", f"the query has more than {_PARAMETERS_MAX} parameters; give fewer."
        ) from None
    for name, value in pairs:
        if name in given:
            raise UsageError("bad-field", f"parameter `{_shown(name)}` is given twice; give one.")
        given[name] = value
    known = shape.__struct_fields__ if shape is not None else ()  # type: ignore[attr-defined]
    for name in given:
        if name not in known:
            may = f"known are {', '.join(known)}" if known else "none is taken here"
            raise UsageError("bad-field", f"parameter `{_shown(name)}` is not known; {may}.")
    if shape is None:
        return None
    try:
        asked = msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as problem:
        raise UsageError("bad-field", sentence(problem, shape)) from None
    for name in given:
        if getattr(asked, name) is None:  # converting takes the word for the value
            raise UsageError("bad-field", f"parameter `{name}` is null; leave it out instead.")
    return asked


def _matches(wanted: str, tag: str) -> bool:
    """Whether `If-None-Match` names the tag; weak ones count, as RFC 9110 has it for GETs."""
    if wanted.strip() == "*":
        return True
    return tag in (one.strip().removeprefix("W/") for one in wanted.split(","))


def _shown(name: str) -> str:
    return name[:40].encode("utf-8", "replace").decode()


def _sentence(problem: Exception) -> str:
    return str(problem).rstrip(".")[:300]
