"""GET /v1/events/stream: events as server-sent events with CloudEvents 1.0 in JSON.

An id is the cursor of the feed, so a reader who comes back with `Last-Event-ID` gets what it
missed, after a restart of the node too; what is not kept any more is told as `credimus.missed`.

Deliberately not here: sending (asgi.py), which also ends the streams of readers who take nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, get_args

import msgspec

from credimus.api.message import Request, Stream
from credimus.api.shapes import inputs
from credimus.api.shapes.answers import Event, EventKind
from credimus.api.views.fleet import events_view
from credimus.kernel import limits
from credimus.kernel.errors import NotFound, Unavailable, UsageError
from credimus.kernel.ids import ID_BYTES
from credimus.node.showing.queries import find_belief
from credimus.runtime.daemon import Daemon
from credimus.runtime.feed import Mark
from credimus.state.fleet import FleetState

MEDIA_TYPE = "text/event-stream"
PATH = "/v1/events/stream"
MISSED = "missed"
SILENCE_S = 15.0
"""After this long without an event a comment shows that the stream lives. [guess: proxies give up
after 30 s or more]"""
RETRY_MS = 1_000
"""When a reader whose stream broke is to come back. [guess]"""
_PREFIX = "credimus."
_KINDS = frozenset(get_args(EventKind)) - {MISSED}
_encode = msgspec.json.Encoder().encode


def stream(daemon: Daemon, asked: inputs.StreamAsked, request: Request) -> Stream:
    """GET /v1/events/stream: what happens, as it happens."""
    kinds = _kinds(asked.type)
    belief = None if asked.belief is None else _belief(daemon.node.state, asked.belief)
    feed, streams = daemon.feed, daemon.streams
    cursor = request.headers.get("last-event-id") or asked.after
    after = feed.newest if cursor is None else feed.mark_of(cursor)
    feed.check_going()
    streams.enter()
    chunks = _chunks(daemon, Teller(daemon, kinds, belief), after)
    headers = (("cache-control", "no-store"),)
    return Stream(chunks, MEDIA_TYPE, headers, streams.leave, streams.cut)


class Teller:
    """Tells events of one node as chunks of a stream.

    Args:
        kinds: those that are wanted; all when empty.
        belief: the one that is wanted, in hex; all when None.
    """

    def __init__(self, daemon: Daemon, kinds: frozenset[str], belief: str | None) -> None:
        self._source = f"urn:credimus:node:{daemon.node.id.hex()}"
        self._kinds = kinds
        self._belief = belief

    def wants(self, event: Event) -> bool:
        """Whether the reader asked for it; what it missed is always told."""
        return event.kind == MISSED or (
            (not self._kinds or event.kind in self._kinds)
            and (self._belief is None or event.belief == self._belief)
        )

    def tell(self, event: Event) -> bytes:
        """One event."""
        kind = _PREFIX + event.kind
        whole: dict[str, Any] = {
            "specversion": "1.0",
            "id": event.cursor,
            "source": self._source,
            "type": kind,
            **({"subject": event.belief} if event.belief is not None else {}),
            "datacontenttype": "application/json",
            "data": event,
        }
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (
            event.cursor.encode(), kind.encode(), _encode(whole)
        )  # fmt: skip


async def _chunks(daemon: Daemon, teller: Teller, after: Mark) -> AsyncIterator[bytes]:
    """The stream of one reader from a place on, until the node stops."""
    feed, clock = daemon.feed, asyncio.get_running_loop().time
    yield f"retry: {RETRY_MS}\nid: {feed.cursor(after)}\n\n".encode()
    quiet_since = clock()
    while True:
        if feed.newest > after:
            page = events_view(daemon, after, limits.STREAM_BATCH_MAX)
            after = feed.mark_of(page.cursor)
            chunk = b"".join(teller.tell(one) for one in page.events if teller.wants(one))
            if chunk:
                yield chunk
                quiet_since = clock()
            else:
                await asyncio.sleep(0)
        left_s = quiet_since + SILENCE_S - clock()
        if left_s <= 0:  # the place too: what was not wanted need not be looked at again
            yield f": still here\nid: {feed.cursor(after)}\n\n".encode()
            quiet_since = clock()
        elif feed.newest <= after:
            try:
                await feed.wait(after, left_s)
            except Unavailable:
                return


def _kinds(given: str | None) -> frozenset[str]:
    """The types that a filter names, with or without the prefix, separated by commas.

    Raises:
        UsageError: `unknown-event-type`.
    """
    if given is None:
        return frozenset()
    kinds = frozenset(one.strip().removeprefix(_PREFIX) for one in given.split(","))
    for one in sorted(kinds - _KINDS - {MISSED}):
        raise UsageError(
            "unknown-event-type",
            f"type {one[:60]!r} is not told; known are {', '.join(sorted(_KINDS))}.",
        )
    return kinds


def _belief(state: FleetState, given: str) -> str:
    """The belief that a filter names; a whole id may be of one that is yet to come."""
    try:
        return find_belief(state, given).id.hex()
    except NotFound:
        if len(given.strip()) == 2 * ID_BYTES:
            return given.strip().lower()
        raise
