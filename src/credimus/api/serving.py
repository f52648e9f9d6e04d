"""Runs a node with its API on one event loop until it is told to stop."""

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from typing import TypeAlias

import uvicorn

from credimus.api.asgi import application
from credimus.api.lean import Connection
from credimus.api.tls import Identity, identity_of
from credimus.kernel.errors import Conflict, InternalError, UsageError
from credimus.runtime.daemon import Daemon
from credimus.runtime.identity.credentials import Ask
from credimus.runtime.settings.settings import host_port

GRACE_S = 2
"""How long requests that wait are given when the node stops. [guess]"""
KEEP_ALIVE_S = 60
"""How long an idle connection is kept for its caller's next request. [guess]"""
_BACKLOG = 512


class _Server(uvicorn.Server):
    """uvicorn without its own handling of signals, for the node stops in its own order, and without
    its clock, which asks ten times a second whether to end: half of what a node at rest does."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Stop taking requests; finish those under way."""
        self.should_exit = True
        self._ending.set()

    async def main_loop(self) -> None:
        """Serve until told to end."""
        await self._ending.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


Again: TypeAlias = Callable[[Ask | None], Daemon]
"""Loads the node anew, with what gives its new key's passphrase, if that is known."""


async def serve(
    daemon: Daemon, announce: Callable[[Daemon], None], again: Again | None = None
) -> Daemon:
    """Start the node and its API, announce it, run until SIGINT or SIGTERM, stop cleanly; where it
    takes a new key, begin again with that, at the same port. Returns the node that ran last.

    Args:
        again: without it a node that took a new key stops.

    Raises:
        Conflict: `port-in-use`, for either port; nothing was left behind.
        UsageError: `api-needs-tls`, `certificate-unusable`, `address-unusable` and others of the
            links.
        InternalError: `step-failed`, a bug that stopped the node.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    listening: socket.socket | None = None
    while True:
        listening = await _serve_one(daemon, announce, stop, listening)
        if listening is None:
            return daemon
        if again is None:
            listening.close()
            daemon.home.note_stopped()
            return daemon
        try:
            daemon = again(daemon.successor_ask)
        except BaseException:
            listening.close()
            raise


async def _serve_one(
    daemon: Daemon,
    announce: Callable[[Daemon], None],
    stop: asyncio.Event,
    listening: socket.socket | None,
) -> socket.socket | None:
    """One life of a node, until it is told to stop, crashes or takes a new key; in the last case
    returns its socket, on which callers wait meanwhile."""
    bugs: list[InternalError] = []

    def crash(bug: InternalError) -> None:
        bugs.append(bug)
        stop.set()

    daemon.driver.on_crash = crash
    loop = asyncio.get_running_loop()
    kept: socket.socket | None = None
    try:
        identity = identity_of(daemon.home, daemon.settings.node)
        listening = listening or listen(daemon.settings.node.api)
        with contextlib.closing(listening):
            daemon.url = url_of(listening, secure=identity is not None)
            server = _Server(_config(daemon, identity))
            await daemon.start()
            _calm_collector()
            serving = loop.create_task(server.serve([listening]))
            try:
                await _until_started(server, serving)
                certificate = None if identity is None else identity.certificate
                daemon.home.note_running(daemon.url, certificate)
                announce(daemon)
                ends = [loop.create_task(one.wait()) for one in (stop, daemon.succeeded)]
                await asyncio.wait({*ends, serving}, return_when=asyncio.FIRST_COMPLETED)
                for end in ends:
                    end.cancel()
                if daemon.succeeded.is_set() and not stop.is_set():
                    kept = listening.dup()
            finally:
                daemon.dismiss()  # callers who wait are told, so that the server can end
                server.end()
                await serving
    finally:
        await daemon.close()
    if bugs:
        raise bugs[0]
    return kept


def listen(address: str) -> socket.socket:
    """A bound socket for the API.

    Raises:
        Conflict: `port-in-use`.
        UsageError: `address-unusable`.
    """
    host, port = host_port(address, "--api", any_port=True)
    # With the protocol named, the loop turns Nagle's algorithm off for every connection: an answer
    # in two writes else waits 40 ms for the caller's acknowledgement.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
        listening.setblocking(False)  # noqa: FBT003
    except OSError as problem:
        listening.close()
        if problem.errno == errno.EADDRINUSE:
            raise Conflict(
                "port-in-use",
                f"{address} is taken by another program. Stop it, or change `api` under [node] in "
                "the node's config.toml.",
            ) from None
        raise UsageError(
            "address-unusable",
            f"can not listen on {address}: {problem.strerror or problem}. Give host:port of this "
            "machine, such as 127.0.0.1:8701.",
        ) from None
    return listening


def url_of(listening: socket.socket, *, secure: bool = False) -> str:
    """The URL of a bound socket."""
    host, port = listening.getsockname()[:2]
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _config(daemon: Daemon, identity: Identity | None) -> uvicorn.Config:
    return uvicorn.Config(
        application(daemon),
        http=Connection,
        ssl_certfile=None if identity is None else str(identity.certificate),
        ssl_keyfile=None if identity is None else str(identity.key),
        lifespan="off",
        interface="asgi3",
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # `Connection` gives it
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        backlog=_BACKLOG,
    )


def _calm_collector() -> None:
    """What was loaded stays: the cyclic collector need not look at it again. [measured]"""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _until_started(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    if serving.done():
        await serving
