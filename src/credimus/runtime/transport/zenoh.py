"""Links over Eclipse Zenoh: peer mode, explicit endpoints, mutual TLS; no discovery of any kind.

Deliberately not used: multicast, scouting, gossip, shared memory, routers, `express`, blocking
congestion control. The engine runs its own threads; what they hear crosses to the event loop
through `Inbox` only.

Key expressions, under `credimus/<fleet>`: `all`, `to/<node>` and, for what can wait,
`soon/<node>` and `calm/<node>` carry messages (16 bytes of sender, then the payload);
`here/<node>/<session>` is a liveliness token, from which peers learn who is connected. A token is
declared after the subscriptions, so a neighbour also hears us.
"""

import asyncio
import json
import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
import zenoh

from credimus.kernel.effects import Wake
from credimus.kernel.errors import Conflict, CredimusError, UsageError
from credimus.kernel.ids import ID_BYTES, FleetId, NodeId
from credimus.kernel.limits import SMALL_FLEET_MAX
from credimus.runtime.identity.credentials import LinkPaths
from credimus.runtime.transport.half_open import Ends, HalfOpen, cut
from credimus.runtime.transport.inbox import Inbox
from credimus.runtime.transport.interface import (
    Counts,
    OnMessages,
    check_payload,
)
from credimus.runtime.transport.lingering import end_lingering

LEASE_MS, LEASE_MS_LARGE = 5_000, 10_000
"""A silent link is given up after this long; in fleets that are not small after the second.
[measured: a split of 30 s heals in 2 s with 5 s, and in 4 s with 10 s; of 100 nodes on two cores
those with 5 s never came up]"""
KEEP_ALIVES = 2
"""Signs of life in a lease on a link without messages. [measured: each costs some .1 ms of CPU at
both ends; with 4 in 3 s they alone took each node of 60 12 ms of every second]"""
CLOSE_TIMEOUT_S = 3.0
"""How long `close` waits for the engine. [measured: 10 s when a QUIC peer closed first]"""
RETRY_MS = {"period_init_ms": 100, "period_max_ms": 1_000, "period_increase_factor": 2}
"""Dialling again: first wait, longest wait, growth. [guess: a restarted peer is back in 1 s]"""
OPEN_TIMEOUT_MS = 3_000
"""One dial, the handshake included. [measured: with the engine's 10 s the kernel's repeated dials,
1, 2 and 4 s apart, found a healed link up to 6 s late; 2 s are too few where a fifth is lost]"""
QUEUE_BATCHES = 16
"""Batches of up to 64 KiB that wait for a slow link, made when needed. [the engine's greatest]"""
ENGINE_THREADS = (
    "(rx:(worker_threads:1),net:(worker_threads:1),"
    "tx:(handover:net),acc:(handover:net),app:(handover:net))"
)
"""Two threads, so that hearing, which waits for Python, does not hold up sending. [measured]"""
FRAGMENT_WAIT_US = 5_000
"""How long a payload over 64 KiB waits for a stuck link before it is lost; once, then links are
known to be congested and cost nothing. [measured: 50 ms, the engine's own, can hold up the loop]"""
PUBLISHERS_MAX = 1_024
"""Peers for whom the route of directed sends is kept; past it the oldest is let go. [guess]"""
TOKENS_MAX = 4_096
"""Liveliness tokens kept; past it the newest is passed over. [guess: 4 runs of each peer]"""

TEND_S = 4.0
"""Between two looks after the links. [guess: well below the lease]"""
HALF_OPEN_LOOKS = 4
"""Looks after which a link without its peer's token is cut. [guess: 16 s; a busy start takes 10]"""

_ALL_MESSAGES = [
    "put", "delete", "declare_subscriber", "query", "reply", "declare_queryable",
    "liveliness_token", "liveliness_query", "declare_liveliness_subscriber",
]  # fmt: skip

_WAYS = {Wake.NOW: "to", Wake.SOON: "soon", Wake.NEVER: "calm"}

_log = logging.getLogger(__name__)


class ZenohConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How one node's links are made."""

    fleet: FleetId
    node: NodeId
    link: Literal["tls", "quic", "tcp"] = "tls"
    """`tcp` is neither encrypted nor authenticated: only inside one machine, on request."""
    listen: str = "127.0.0.1:0"
    """`host:port` to listen on; anything but loopback must be asked for."""
    peers: tuple[str, ...] = ()
    """`host:port` of the peers to dial, for ever: the result of `peers_to_dial`."""
    credentials: LinkPaths | None = None
    """Needed unless `link` is `tcp`."""
    nodes: int = 0
    """How many the fleet has, about."""
    shut_out: tuple[NodeId, ...] = ()
    """Whose certificates are refused: nothing is sent to their links, or heard from them."""


class ZenohTransport:
    """A `Transport` over one Zenoh session."""

    def __init__(self, config: ZenohConfig, on_messages: OnMessages) -> None:
        self.counts = Counts()
        self._config = config
        self._on_messages = on_messages
        self._root = f"credimus/{config.fleet.hex()}"
        self._own = bytes(config.node)
        self._session: zenoh.Session | None = None
        self._inbox: Inbox | None = None
        self._to_all: zenoh.Publisher | None = None
        self._to_one: dict[tuple[NodeId, Wake], zenoh.Publisher] = {}
        self._tokens: dict[str, NodeId] = {}
        self._neighbours: frozenset[NodeId] = frozenset()
        self._half_open = HalfOpen(HALF_OPEN_LOOKS)
        self._tending: asyncio.TimerHandle | None = None
        self._has_new_links = False

    async def open(self) -> None:
        """Listen and begin to dial; see `Transport.open`."""
        settings = engine_settings(self._config)
        loop = asyncio.get_running_loop()
        self._inbox = Inbox(loop, self._on_messages, self.counts)
        try:
            self._session = await asyncio.to_thread(_open_session, settings)
        except zenoh.ZError as problem:
            raise opening_error(str(problem), self._config) from None
        self._declare(self._session, self._inbox, loop)
        self._tending = loop.call_later(TEND_S, self._tend, self._session)

    def broadcast(self, payload: bytes) -> None:
        """Send to every connected peer; see `Transport.broadcast`."""
        check_payload(payload)
        if self._to_all is not None:
            self._put(self._to_all, payload)

    def send(self, to: NodeId, payload: bytes, wake: Wake = Wake.NOW) -> None:
        """Send to one peer; see `Transport.send`."""
        check_payload(payload)
        if self._session is None or to == self._own:
            return
        publisher = self._to_one.get((to, wake))
        if publisher is None:
            publisher = self._publisher(self._session, f"{self._root}/{_WAYS[wake]}/{to.hex()}")
            if len(self._to_one) >= PUBLISHERS_MAX:
                _let_go(self._to_one.pop(next(iter(self._to_one))).undeclare)
            self._to_one[to, wake] = publisher
        self._put(publisher, payload)

    def fetch(self, *, calm: bool = True) -> None:
        """Hand over at once; see `Transport.fetch`."""
        if self._inbox is not None:
            self._inbox.fetch(calm=calm)

    def gather(self, seconds: float) -> None:
        """Let messages wait for more; see `Transport.gather`."""
        if self._inbox is not None:
            self._inbox.gather(seconds)

    def neighbours(self) -> frozenset[NodeId]:
        """The peers whose liveliness tokens are seen."""
        return self._neighbours

    async def close(self) -> None:
        """Hear and send nothing more at once; wait for the engine at most `CLOSE_TIMEOUT_S`."""
        session, self._session = self._session, None
        if self._inbox is not None:
            self._inbox.shut()
        if self._tending is not None:
            self._tending.cancel()
        self._to_all = None
        self._to_one.clear()
        self._tokens.clear()
        self._neighbours = frozenset()
        if session is None:
            return
        loop = asyncio.get_running_loop()
        closed = asyncio.Event()
        # A daemon: an engine that does not come back must not keep the process from ending.
        ending = threading.Thread(target=_close_session, args=(session, loop, closed), daemon=True)
        ending.start()
        try:
            await asyncio.wait_for(closed.wait(), CLOSE_TIMEOUT_S)
        except TimeoutError:
            _log.warning("the links did not close within %s s; left behind", CLOSE_TIMEOUT_S)
        else:
            ending.join()  # at once; a session that it lets go amid the process's end aborts it

    def _declare(
        self, session: zenoh.Session, inbox: Inbox, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Subscribe, prepare to publish, and only then say that we are here."""
        put = inbox.put

        def hear(wake: Wake) -> Callable[[zenoh.Sample], None]:
            return lambda sample: put(sample.payload.to_bytes(), wake)

        def notice(sample: zenoh.Sample) -> None:
            arrived = sample.kind == zenoh.SampleKind.PUT
            try:
                loop.call_soon_threadsafe(self._note_token, str(sample.key_expr), arrived)
            except RuntimeError:  # the loop was closed before the transport
                return

        own = self._own.hex()
        # indirect=False: no Python thread of the engine's own, which would outlive the session.
        ways = [("all", Wake.NOW), *((f"{way}/{own}", wake) for wake, way in _WAYS.items())]
        for key, wake in ways:
            session.declare_subscriber(
                f"{self._root}/{key}",
                zenoh.handlers.Callback(hear(wake), indirect=False),
                allowed_origin=zenoh.Locality.REMOTE,
            )
        self._to_all = self._publisher(session, f"{self._root}/all")
        liveliness = session.liveliness()
        liveliness.declare_subscriber(
            f"{self._root}/here/*/*",
            zenoh.handlers.Callback(notice, indirect=False),
            history=True,
        )
        self._token = liveliness.declare_token(f"{self._root}/here/{own}/{session.info.zid()}")

    def _publisher(self, session: zenoh.Session, key: str) -> zenoh.Publisher:
        return session.declare_publisher(
            key,
            congestion_control=zenoh.CongestionControl.DROP,
            allowed_destination=zenoh.Locality.REMOTE,
            express=False,
        )

    def _put(self, publisher: zenoh.Publisher, payload: bytes) -> None:
        publisher.put(self._own + payload)
        counts = self.counts
        counts.sent += 1
        counts.sent_bytes += len(payload)

    def _note_token(self, key: str, arrived: bool) -> None:
        """Keep `neighbours` current; a token names its session, so a restart can not confuse it."""
        if self._session is None:
            return
        try:
            peer = NodeId(bytes.fromhex(key.split("/")[-2]))
        except (ValueError, IndexError):
            return
        if not arrived:
            self._tokens.pop(key, None)
        elif peer != self._own and len(peer) == ID_BYTES and len(self._tokens) < TOKENS_MAX:
            self._tokens[key] = peer
            self._has_new_links = True
        self._neighbours = frozenset(self._tokens.values())
        if self._inbox is not None:
            self._inbox.peer_count = max(1, len(self._neighbours))

    def _tend(self, session: zenoh.Session) -> None:
        """Look after the links: they do not linger, and are cut when they carry nothing."""
        if self._has_new_links:
            self._has_new_links = False
            end_lingering()
        heard = {key.rpartition("/")[2] for key in self._tokens}
        mute = [_ends(link) for link in session.info.links() if str(link.zid) not in heard]
        worn = self._half_open.look(mute)
        if cut(worn):
            peers = ", ".join(link.peer for link in worn)
            _log.info("links to %s carried nothing and were cut: they are made anew", peers)
        loop = asyncio.get_running_loop()
        self._tending = loop.call_later(TEND_S, self._tend, session)


def engine_settings(config: ZenohConfig) -> dict[str, Any]:
    """The engine's settings for a node: slash-separated names and plain JSON values.

    Raises:
        UsageError: `certificate-unusable`, when credentials are needed and a file is missing.
    """
    link = config.link
    settings: dict[str, Any] = {
        "mode": "peer",
        "scouting/multicast/enabled": False,
        "scouting/gossip/enabled": False,
        "scouting/delay": 0,
        "listen/endpoints": [f"{link}/{config.listen}"],
        "listen/exit_on_failure": True,
        "connect/endpoints": [f"{link}/{peer}" for peer in config.peers],
        "connect/timeout_ms": -1,
        "connect/exit_on_failure": False,
        "connect/retry": RETRY_MS,
        "transport/unicast/open_timeout": OPEN_TIMEOUT_MS,
        "transport/link/protocols": [link],
        "transport/link/tx/lease": LEASE_MS if config.nodes <= SMALL_FLEET_MAX else LEASE_MS_LARGE,
        "transport/link/tx/keep_alive": KEEP_ALIVES,
        "transport/link/tx/queue/size/data": QUEUE_BATCHES,
        "transport/link/tx/queue/congestion_control/drop/max_wait_before_drop_fragments": (
            FRAGMENT_WAIT_US
        ),
        # Without the engine's priority queues a link that was congested once stays mute for ever.
        "transport/unicast/qos/enabled": True,
        "transport/shared_memory/enabled": False,
    }
    if config.shut_out:
        settings["access_control"] = _refusing(config.shut_out)
    if link == "tcp":
        return settings
    paths = config.credentials
    if paths is None:
        raise UsageError(
            "certificate-unusable",
            f"a {link} link needs credentials: run init or join, which make them.",
        )
    for path in (paths.authority, paths.certificate, paths.key):
        if not os.access(path, os.R_OK):
            raise UsageError(
                "certificate-unusable",
                f"{path} is missing or not yours to read. Restore it from a backup.",
            )
    settings["transport/link/tls"] = {
        "root_ca_certificate": str(paths.authority),
        "enable_mtls": True,
        "verify_name_on_connect": True,
        "listen_certificate": str(paths.certificate),
        "listen_private_key": str(paths.key),
        "connect_certificate": str(paths.certificate),
        "connect_private_key": str(paths.key),
    }
    return settings


def _refusing(nodes: Sequence[NodeId]) -> dict[str, Any]:
    """The engine's rules by which nothing passes on links with the certificates of some nodes."""
    return {
        "enabled": True,
        "default_permission": "allow",
        "rules": [{
            "id": "nothing", "messages": _ALL_MESSAGES, "flows": ["egress", "ingress"],
            "permission": "deny", "key_exprs": ["**"],
        }],
        "subjects": [{
            "id": "shut-out",
            "cert_common_names": [f"node-{node.hex()}.credimus" for node in nodes],
        }],
        "policies": [{"rules": ["nothing"], "subjects": ["shut-out"]}],
    }  # fmt: skip


def opening_error(reason: str, config: ZenohConfig) -> CredimusError:
    """What to tell the caller, from the engine's words."""
    said = reason.split(" at /", 1)[0]
    lowered = reason.lower()
    if "address already in use" in lowered or "os error 10048" in lowered:
        return Conflict(
            "port-in-use",
            f"{config.listen} is taken by another program. Stop it, or change `listen` under "
            "[node] in the node's config.toml.",
        )
    if any(word in lowered for word in ("lookup", "socket address", "port value", "assign")):
        return UsageError(
            "address-unusable",
            f"can not listen on {config.listen}: {said}. Give host:port of this machine, such as "
            "127.0.0.1:7447.",
        )
    if config.link != "tcp" and any(
        word in lowered for word in ("certificate", "trust anchor", "key", "no such file", "pem")
    ):
        return UsageError(
            "certificate-unusable",
            f"the link's certificate files do not work: {said}. Restore them from a backup.",
        )
    return UsageError("transport-unusable", f"can not open the links: {said}.")


def _open_session(settings: dict[str, Any]) -> zenoh.Session:
    os.environ.setdefault("ZENOH_RUNTIME", ENGINE_THREADS)  # read once, by the first session
    engine = zenoh.Config()
    for name, value in settings.items():
        engine.insert_json5(name, json.dumps(value))
    return zenoh.open(engine)


def _ends(link: zenoh.Link) -> Ends:
    """The engine's `tls/127.0.0.1:7447` without the protocol."""
    return Ends(str(link.src).partition("/")[2], str(link.dst).partition("/")[2])


def _let_go(ending: Callable[[], object]) -> None:
    """Call one of the engine's methods that its stubs leave untyped."""
    ending()


def _close_session(
    session: zenoh.Session, loop: asyncio.AbstractEventLoop, closed: asyncio.Event
) -> None:
    try:
        _let_go(session.close)
    except zenoh.ZError as problem:
        _log.warning("the links closed with an error: %s", problem)
    try:
        loop.call_soon_threadsafe(closed.set)
    except RuntimeError:  # the loop was closed first
        return
