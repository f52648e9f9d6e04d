"""GET /v1/events: what happens at the node as server-sent events with CloudEvents 1.0 in JSON.

An id is `<run>-<number>`. A reader who comes back with `Last-Event-ID` gets what it missed; where
that is no longer whole it is told so by `credimus.gap`, reads lists again, and goes on from there.
A reader who falls behind by more than is kept is told `credimus.cut`, and the stream ends.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from credimus.api import inputs
from credimus.api.message import Request, Stream
from credimus.api.times import iso
from credimus.kernel import limits
from credimus.kernel.errors import NotFound, UsageError
from credimus.kernel.ids import ID_BYTES, BeliefId
from credimus.node.queries import find_belief, name_of
from credimus.runtime.daemon import Daemon
from credimus.runtime.feed import KINDS, Feed, Told
from credimus.state.fleet import FleetState

MEDIA_TYPE = "text/event-stream"
PATH = "/v1/events"
GAP = "credimus.gap"
CUT = "credimus.cut"
SILENCE_S = 15.0
"""After this long without an event a comment shows that the stream lives. [guess: proxies give up
after 30 s or more]"""
RETRY_MS = 1_000
"""When a reader whose stream broke is to come back. [guess]"""
_PREFIX = "credimus."
_encode = msgspec.json.Encoder().encode


def events(daemon: Daemon, asked: inputs.EventsAsked, request: Request) -> Stream:
    """GET /v1/events: what happens, as it happens."""
    kinds = _kinds(asked.type)
    belief = None if asked.belief is None else _belief(daemon.node.state, asked.belief)
    feed = daemon.feed
    position, gap = _position(feed, request.headers.get("last-event-id"))
    feed.enter()
    chunks = _chunks(Teller(daemon, kinds, belief), position, gap)
    return Stream(chunks, MEDIA_TYPE, (("cache-control", "no-store"),), feed.leave)


class Teller:
    """Tells events of one node as chunks of a stream.

    Args:
        kinds: the types that are wanted; all when empty.
        belief: the one that is wanted; all when None.
    """

    def __init__(self, daemon: Daemon, kinds: frozenset[str], belief: BeliefId | None) -> None:
        self.feed = daemon.feed
        self._state = daemon.node.state
        self._source = f"urn:credimus:node:{daemon.node.id.hex()}"
        self._kinds = kinds
        self._belief = belief

    def wants(self, told: Told) -> bool:
        """Whether the reader asked for it."""
        return (not self._kinds or told.kind in self._kinds) and (
            self._belief is None or told.belief == self._belief
        )

    def tell(self, told: Told) -> bytes:
        """One event."""
        body = {
            "time": iso(told.wall_ms),
            **({"subject": told.belief.hex()} if told.belief is not None else {}),
            "data": _details(self._state, told),
        }
        return self._event(told.kind, told.number, body)

    def notice(self, kind: str, position: int, reason: str, message: str) -> bytes:
        """Something about the stream itself."""
        return self._event(kind, position, {"data": {"reason": reason, "message": message}})

    def place(self, position: int) -> bytes:
        """Where the reader stands; dispatches nothing."""
        return f"retry: {RETRY_MS}\nid: {self.feed.run}-{position}\n\n".encode()

    def _event(self, kind: str, number: int, body: dict[str, Any]) -> bytes:
        identifier = f"{self.feed.run}-{number}"
        whole = {
            "specversion": "1.0",
            "id": identifier,
            "source": self._source,
            "type": kind,
            "datacontenttype": "application/json",
            **body,
        }
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (
            identifier.encode(), kind.encode(), _encode(whole)
        )  # fmt: skip


async def _chunks(teller: Teller, position: int, gap: str | None) -> AsyncIterator[bytes]:
    """The stream of one reader from a position on.

    Args:
        gap: why it could not go on where the reader was, if so.
    """
    feed = teller.feed
    yield teller.place(position)
    if gap is not None:
        yield teller.notice(GAP, position, gap, _GAPS[gap])
    while True:
        if position + 1 < feed.first:
            feed.cut_count += 1
            yield teller.notice(CUT, feed.last, "reader-too-slow", _TOO_SLOW)
            return
        found = feed.after(position, limits.STREAM_BATCH_MAX)
        if found:
            position = found[-1].number
            chunk = b"".join(teller.tell(one) for one in found if teller.wants(one))
            if chunk:
                yield chunk
        elif feed.closed:
            return
        else:
            await asyncio.wait([feed.more()], timeout=SILENCE_S)
            if position == feed.last and not feed.closed:
                yield b": still here\n\n"


_GAPS = {
    "other-run": "the id is of another run of this node; read lists again, then go on from here.",
    "too-old": "what came after the id is not kept any more; read lists again, then go on from "
    "here.",
}
_TOO_SLOW = (
    f"the reader fell behind by more than {limits.FEED_EVENTS_MAX} events; read faster, or ask for "
    "fewer with type= and belief=."
)


def _position(feed: Feed, given: str | None) -> tuple[int, str | None]:
    """After which event a reader goes on, and why that is not where it was, if so.

    Raises:
        UsageError: `bad-event-id`.
    """
    if not given:
        return feed.last, None
    run, _, digits = given.partition("-")
    plain = given.isascii() and run.isalnum() and digits.isdecimal()
    if not plain or len(digits) > 18:
        raise UsageError(
            "bad-event-id", f"Last-Event-ID is {given[:40]!r}; give the id of an event of ours."
        )
    number = int(digits)
    if run != feed.run or number > feed.last:
        return feed.last, "other-run"
    return (feed.last, "too-old") if number + 1 < feed.first else (number, None)


def _kinds(given: str | None) -> frozenset[str]:
    """The types that a filter names, with or without the prefix, separated by commas.

    Raises:
        UsageError: `unknown-event-type`.
    """
    if given is None:
        return frozenset()
    known = frozenset(KINDS.values())
    kinds = frozenset(_PREFIX + one.strip().removeprefix(_PREFIX) for one in given.split(","))
    for one in sorted(kinds - known):
        raise UsageError(
            "unknown-event-type",
            f"type {one[:60]!r} is not told; known are {', '.join(sorted(known))}.",
        )
    return kinds


def _belief(state: FleetState, given: str) -> BeliefId:
    """The belief that a filter names; a whole id may be of one that is yet to come."""
    try:
        return find_belief(state, given).id
    except NotFound:
        if len(given.strip()) == 2 * ID_BYTES:
            return BeliefId(bytes.fromhex(given.strip()))
        raise


def _details(state: FleetState, told: Told) -> dict[str, Any]:
    """The fields of an event in JSON: ids in hex, members with their names."""
    found: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(told.event).items():
        if isinstance(value, bytes):
            found[name] = value.hex()
            if name in _MEMBERS:
                found[f"{name}_name"] = name_of(state, value)  # type: ignore[arg-type]
        elif isinstance(value, tuple):
            found[name] = [one.hex() for one in value]
        else:
            found[name] = value
    if told.belief is not None:
        found["belief"] = told.belief.hex()
        belief = state.beliefs.get(told.belief)
        if belief is not None:
            found["content"] = belief.content
            found["category"] = belief.category
    if told.verdict is not None:
        found["verdict"] = told.verdict
    return found


_MEMBERS = frozenset({"author", "node", "peer", "voter", "elector", "proposer"})
