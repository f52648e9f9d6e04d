"""A running node's links: opened for the roster as it is, opened anew when it has new addresses.

Deliberately not here: how bytes travel (transport/).
"""

import asyncio
import logging
from dataclasses import astuple

from credimus.kernel.errors import Conflict, CredimusError
from credimus.kernel.ids import NodeId
from credimus.node.node import Node
from credimus.runtime.driver import Driver
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import LinkPaths
from credimus.runtime.settings.settings import NodeSettings
from credimus.runtime.transport.interface import Counts, Transport, peers_to_dial
from credimus.runtime.transport.zenoh import ZenohConfig, ZenohTransport

REOPEN_ATTEMPTS = 20
"""How often a port that we have just left is tried again. [guess: the engine lets go in 0.1 s]"""
REOPEN_PAUSE_S = 0.25

REFUSED_MAX = 256
"""Certificates that are refused by name; what is sent is closed for the others too. [guess]"""

_log = logging.getLogger(__name__)


class Links:
    """The transport of a node and its life.

    Args:
        first: addresses to dial as long as the roster does not name them: those told at joining.
    """

    def __init__(
        self, home: Home, settings: NodeSettings, driver: Driver, first: tuple[str, ...] = ()
    ) -> None:
        self._home = home
        self._settings = settings
        self._driver = driver
        self._first = first
        self._transport: Transport | None = None
        self._dialled: tuple[str, ...] = ()
        self._refused: tuple[NodeId, ...] = ()
        self._adopted = False
        self._past = Counts()
        self._turn = asyncio.Lock()

    @property
    def are_open(self) -> bool:
        """Whether the node listens and dials."""
        return self._transport is not None

    @property
    def dialled(self) -> tuple[str, ...]:
        """The addresses that are dialled, for ever."""
        return self._dialled

    @property
    def counts(self) -> Counts:
        """What passed since the node was started, over all openings."""
        now = self._transport.counts if self._transport is not None else Counts()
        return _sum(self._past, now)

    def neighbours(self) -> list[NodeId]:
        """The peers that are connected now, sorted."""
        return sorted(self._transport.neighbours()) if self._transport is not None else []

    async def open(self) -> None:
        """Listen and dial; when the links are open already, nothing.

        Raises:
            Conflict: `port-in-use`.
            UsageError: `certificate-unusable`, `address-unusable`, `transport-unusable`.
        """
        async with self._turn:
            if self._transport is None:
                await self._open(attempts=1)

    async def adopt(self, transport: Transport) -> None:
        """Use a transport that is open already, for good: nothing is dialled."""
        async with self._turn:
            await self._close()
            self._transport, self._adopted = transport, True
            self._driver.use(transport)

    async def close(self) -> None:
        """Let go of all links; the node goes on by itself."""
        async with self._turn:
            await self._close()

    async def set_open(self, open_: bool) -> None:
        """Take the links down, or up again; waits for a port that was only just left."""
        if not open_:
            await self.close()
            return
        async with self._turn:
            if self._transport is None:
                await self._open(REOPEN_ATTEMPTS)

    async def follow_roster(self) -> None:
        """Open the links anew when the roster has an address to dial that is not dialled yet, or
        when others are shut out."""
        async with self._turn:
            if self._transport is None or self._adopted:
                return
            if set(self._to_dial()) <= set(self._dialled) and self._refused == self._to_refuse():
                return
            _log.info("the roster has others to dial or to refuse: opening the links anew")
            await self._close()
            try:
                await self._open(REOPEN_ATTEMPTS)
            except CredimusError as problem:
                _log.error("the links are down: %s", problem.message)

    def _to_refuse(self) -> tuple[NodeId, ...]:
        shut_out = self._driver.node.state.roster.current.shut_out
        return tuple(sorted(shut_out))[:REFUSED_MAX]

    def _to_dial(self) -> tuple[str, ...]:
        return addresses_to_dial(self._driver.node, self._first)

    async def _open(self, attempts: int) -> None:
        settings, node = self._settings, self._driver.node
        dialled, self._refused = self._to_dial(), self._to_refuse()
        config = ZenohConfig(
            fleet=node.fleet,
            node=node.id,
            link=settings.link,
            listen=settings.listen,
            peers=dialled,
            credentials=LinkPaths.inside(self._home.folder),
            nodes=len(node.state.roster.current),
            shut_out=self._refused,
        )
        for left in reversed(range(attempts)):
            transport = ZenohTransport(config, self._driver.deliver)
            try:
                await transport.open()
            except Conflict:
                if not left:
                    raise
                await asyncio.sleep(REOPEN_PAUSE_S)
                continue
            self._transport, self._dialled = transport, dialled
            self._driver.use(transport)
            return

    async def _close(self) -> None:
        transport, self._transport = self._transport, None
        self._dialled = ()
        self._driver.use(None)
        if transport is not None:
            await transport.close()
            self._past = _sum(self._past, transport.counts)


def addresses_to_dial(node: Node, first: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Whom a node dials as its roster stands, each address once.

    Args:
        first: dialled too while the node is not in its own roster yet.
    """
    members = node.state.roster.current.by_id
    dialled = peers_to_dial(
        node.id, ((one.admitted_stamp, one.node, one.address) for one in members.values())
    )
    return tuple(dict.fromkeys([*dialled, *(first if node.id not in members else ())]))


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(*(a + b for a, b in zip(astuple(one), astuple(other), strict=True)))
