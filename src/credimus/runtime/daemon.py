"""A whole node from its folder: store, core, read models, links; opened and closed in safe order.

    store -> node.restore -> read models -> links -> driver, slow evaluators

Deliberately not here: HTTP (api/), making the folder (joining/joining.py).
"""

import asyncio
import logging
import os
import time
from collections.abc import Coroutine, Sequence
from functools import cache, partial
from typing import Any, Self

import msgspec

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict, CredimusError, StorageError
from credimus.node.events import IdentityForked, NodeEvent, PeerFaulted
from credimus.node.node import Node
from credimus.node.taking.proving import exposure_wanted
from credimus.protocol.checkpointing.interface import CheckpointDisputed, CheckpointTaken
from credimus.protocol.guard.interface import PeerHeardAgain, PeerIgnored
from credimus.protocol.recovery.interface import RecoveryBegan, RecoveryEnded
from credimus.protocol.vigilance.interface import EvidenceWanted
from credimus.runtime.access.principals import Principal, Principals
from credimus.runtime.access.rates import Rates
from credimus.runtime.access.tokens import own_token
from credimus.runtime.archiving import Archiving
from credimus.runtime.audit.journal import Journal
from credimus.runtime.diary import PartitionDiary
from credimus.runtime.driver import Driver
from credimus.runtime.evaluating.asking import Asking
from credimus.runtime.evaluating.callback import Function
from credimus.runtime.evaluating.evaluators import Evaluators
from credimus.runtime.feed import Feed
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import Ask, KeyName, NodeKey
from credimus.runtime.identity.succession import OWNER_FACT, former_keys, owning_key
from credimus.runtime.joining.tickets import Tickets
from credimus.runtime.links import Links
from credimus.runtime.mailbox import Mailbox
from credimus.runtime.projector import Projector
from credimus.runtime.settings.settings import Settings, VotingSettings, read_settings
from credimus.runtime.store import failures
from credimus.runtime.store.interface import Fact
from credimus.runtime.store.readmodel import ReadModels
from credimus.runtime.store.snapshots import kept_snapshot
from credimus.runtime.store.sqlite import SqliteStore, kept_store
from credimus.runtime.streams import Streams
from credimus.state.events import MEMBER_CHANGES, KeyRotated

PEERS_FACT = "identity/peers"
"""Where the store keeps the addresses told at joining."""

_log = logging.getLogger(__name__)


class Daemon:
    """One node at work. Make it with `Daemon.load`, then `start`, and `close` in any case."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        key: NodeKey,
        store: SqliteStore,
        callback: Function | None = None,
    ) -> None:
        self.home = home
        self.settings = settings
        self.store = store
        voters = Evaluators(home.folder, settings, key, callback)
        self.node = Node(settings.fleet_id, [key], settings.core(), Entropy(os.urandom(32)), voters)
        voters.know(self.node.state)
        self.driver = Driver(self.node, store)
        self.asking = _asking(self.driver, voters, settings.voting)
        self.models = ReadModels(store.database)
        self.projector = Projector(self.node, self.models)
        self.feed = Feed(self.node.id)
        self.mailbox = Mailbox(self.driver, os.urandom(4).hex())
        self.diary = PartitionDiary(store, self.node.partition.episode)
        kept = settings.checkpoints
        self.archive = Archiving(self.node, store, kept.core(), kept.certificates)
        self.streams = Streams()
        self.tickets = Tickets(store)
        self.links = Links(home, settings.node, self.driver, _first_peers(store))
        self.token = own_token(home.token)
        self.principals = Principals(store, self.token)
        self.journal = Journal(store, key)
        self.rates = Rates(settings.limits)
        self.rules = settings.core().voting.rules
        """The node's own, for rounds that it opens."""
        self.url = f"http://{settings.node.api}"
        """Where the API answers; corrected once it listens."""
        self.started_ns = time.monotonic_ns()
        self.succeeded = asyncio.Event()
        """Set when a new key took this one's place: the node is to be loaded again."""
        self.successor_ask: Ask | None = None
        """Gives the new key's passphrase, where the old one had it from a caller."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._fingerprint: tuple[tuple[int, int], str] = (-1, 0), ""

    @classmethod
    def load(
        cls,
        home: Home,
        settings: Settings | None = None,
        callback: Function | None = None,
        ask: Ask | None = None,
    ) -> "Daemon":
        """The node of a folder, restored from its store, not yet started.

        Args:
            settings: in place of what the folder's config.toml says.
            callback: the evaluator of that name, in place of the function in the settings.
            ask: gives the passphrase of a protected key; the environment is asked when None.

        Raises:
            NotFound: `no-node-here`, `key-missing`, `knowledge-missing`, `rules-missing`.
            UsageError: `bad-config`, `bad-evaluators`, `bad-knowledge`, `bad-rules-file`,
                `bad-callback`, `key-readable-by-others`.
            NotPermitted: `passphrase-missing`, `passphrase-wrong`.
            Conflict: `folder-in-use`, `wrong-fleet`.
            StorageError: `corrupt`, `disk-full` and others.
        """
        home.check_made()
        settings = settings or read_settings(home.config)
        store = kept_store(home.database)
        try:
            ask = None if ask is None else cache(ask)
            key = owning_key(home, store, ask)
            check_owner(home, store, settings, key)
            daemon = cls(home, settings, key, store, callback)
            daemon.node.lend(former_keys(home, ask))
            daemon._restore()
        except BaseException:
            store.close()
            raise
        return daemon

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the links and take up work.

        Raises:
            Conflict, UsageError: as `Links.open`.
        """
        await self.links.open()
        self.begin()

    def begin(self) -> None:
        """Take up work with the links as they are."""
        self.enter("started", self.settings.node.name)
        self.driver.listen(self._hear)
        self.driver.listen(self.projector.note)
        self.driver.listen(self.feed.note)
        self.driver.listen(self.mailbox.note)
        self.driver.listen(self.diary.note)
        self.driver.listen(self.archive.note)
        self.archive.submit = self.driver.submit
        self.driver.listen(_log_recovery)
        self.driver.listen(self._hand_over)
        if self.asking is not None:
            self.driver.listen(self.asking.note)
        self.driver.pruning.events_told = lambda: self.feed.number
        self.driver.begin()
        self.driver.pruning.drop_some()
        self._keep(self.projector.keep_up(self.driver.pace, _report))
        self._keep(self.archive.keep_up(_report_archive))

    def dismiss(self) -> None:
        """Stop working, and tell all who wait; they can be answered before `close`."""
        self.driver.close()
        self.feed.end()
        self.mailbox.end()

    async def close(self) -> None:
        """Stop cleanly: what was written is durable, the folder is free for the next run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.asking is not None:
            await self.asking.close()
        self.dismiss()
        await self.links.close()
        self._flush_quietly()
        if not self.succeeded.is_set():  # then callers wait at the same address
            self.home.note_stopped()
        self.store.close()

    def enter(self, what: str, on: str = "", principal: Principal | None = None) -> None:
        """Write into the journal, unless the disk is full; that stops no one."""
        try:
            self.journal.note(what, on, principal)
        except StorageError as problem:
            _log.error("the journal: %s", problem.message)

    def enter_refusal(self, code: str, principal: Principal | None = None) -> None:
        """Write into the journal that somebody was not permitted something."""
        try:
            self.journal.refused(code, time.monotonic(), principal)
        except StorageError as problem:
            _log.error("the journal: %s", problem.message)

    def fingerprint(self) -> str:
        """The state's fingerprint in hex; computed once per state.

        Cost: grows with the state, some 2 us a belief.
        """
        blocks = len(self.node.lace), self.node.state.checkpoints.number
        if self._fingerprint[0] != blocks:
            self._fingerprint = blocks, self.node.state.fingerprint().hex()
        return self._fingerprint[1]

    # --- private

    def _restore(self) -> None:
        """Fold the log and bring the read models up; altered ones are named and made anew."""
        try:
            self.models.check()
        except StorageError as problem:
            if problem.code != "read-models-corrupt":
                raise
            _log.warning("%s They are made anew from the log.", problem.message)
            self.models.clear()
        kept = kept_snapshot(self.store, partial(failures.corrupt, self.home.database))
        if kept is not None:
            image, self.feed.number = kept
            self.node.restore_snapshot(image)
        wires = (block.wire for block in self.store.blocks())
        self.projector.restore(wires, self.feed.note)
        law = self.node.state.roster.current.law
        self.feed.know(law.ids({law.person(self.node.id)}))
        self.driver.pruning.add(self.node.compacting.trim())
        self.node.recall(self.store.facts)

    def _flush_quietly(self) -> None:
        try:
            self.projector.flush()
        except StorageError as problem:
            _report(problem)

    def _hear(self, events: Sequence[NodeEvent]) -> None:
        for event in events:
            kind = type(event)
            if kind in MEMBER_CHANGES:
                self._keep(self.links.follow_roster())
            elif isinstance(event, PeerFaulted):
                _log.warning("peer %s: %s: %s", event.peer.hex()[:12], event.code, event.message)
            elif isinstance(event, EvidenceWanted):
                self._keep(self._prove(event))
            elif isinstance(event, CheckpointTaken):
                _log.info(
                    "checkpoint %d is in force: %d beliefs and %d blocks are let go",
                    event.checkpoint.number, event.checkpoint.released.beliefs, event.block_count,
                )  # fmt: skip
            elif isinstance(event, CheckpointDisputed):
                _log.error("checkpoint %s: %s", event.identifier.hex()[:12], event.reason)
            elif isinstance(event, PeerIgnored):
                _log.warning(
                    "peer %s: floods or faults too often; ignored for %d ms",
                    event.peer.hex()[:12], event.pause_ms,
                )  # fmt: skip
            elif isinstance(event, PeerHeardAgain):
                _log.warning("peer %s: heard again", event.peer.hex()[:12])
            elif isinstance(event, IdentityForked):
                _log.error(
                    "our own chain is forked: this folder is an old copy; nothing is written"
                )

    def _hand_over(self, events: Sequence[NodeEvent]) -> None:
        """Our own new key is durable: from here on this node says nothing more."""
        for event in events:
            if isinstance(event, KeyRotated) and event.old == self.node.id:
                self.enter("key-rotated", event.new.hex()[:12])
                self.succeeded.set()

    async def _prove(self, wanted: EvidenceWanted) -> None:
        """Make evidence of an equivocation from our store and have the node say it."""
        culprit = wanted.suspicion.culprit.hex()[:12]
        try:
            command = exposure_wanted(self.node, wanted, self.store.wires)
            if command is not None:
                await self.driver.submit(command).local()
                _log.warning("member %s equivocated; the proof is written", culprit)
        except CredimusError as problem:  # somebody else was quicker, or it is tried again later
            _log.info("no proof that %s equivocated was written: %s", culprit, problem.message)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _log_recovery(events: Sequence[NodeEvent]) -> None:
    for event in events:
        if isinstance(event, RecoveryBegan):
            _log.warning("recovery began: %s", event.cause.name.lower())
        elif isinstance(event, RecoveryEnded):
            told = event.said_count, event.lost_count
            _log.warning("recovery ended: %d steps said again, %d blocks lost", *told)


def _report(problem: StorageError) -> None:
    _log.error("read models: %s", problem.message)


def _report_archive(problem: StorageError) -> None:
    _log.error("certificates: %s", problem.message)


def _asking(driver: Driver, voters: Evaluators, voting: VotingSettings) -> Asking | None:
    """What asks the slow evaluators, if there are any."""
    if not voters.is_slow:
        return None
    return Asking(driver, voters.steps, voting.evaluations_at_once, voting.evaluations_waiting)


def check_owner(home: Home, store: SqliteStore, settings: Settings, key: NodeKey | KeyName) -> None:
    """Refuse a log that another fleet or another node wrote.

    Raises:
        Conflict: `wrong-fleet`, `wrong-node`.
        StorageError: `corrupt`, when the log says nothing of its owner.
    """
    owner = store.recall(OWNER_FACT)
    if owner is None:
        raise StorageError(
            "corrupt",
            f"{home.database} does not say whose it is. {failures.RESTORE}",
        )
    if owner[:16] != settings.fleet_id:
        raise Conflict(
            "wrong-fleet",
            f"{home} holds the log of fleet {owner[:16].hex()}, but config.toml names fleet "
            f"{settings.fleet.id}. Use one folder for each fleet.",
        )
    if owner[16:] != key.node_id:
        raise Conflict(
            "wrong-node",
            f"{home} holds the log of node {owner[16:].hex()}, but node.key is that of "
            f"{key.node_id.hex()}. Restore the key that belongs to it.",
        )


def owner_facts(settings: Settings, key: NodeKey, peers: Sequence[str] = ()) -> list[Fact]:
    """What a new store says of its owner."""
    return [
        Fact(OWNER_FACT, settings.fleet_id + key.node_id),
        Fact(PEERS_FACT, msgspec.json.encode(list(peers))),
    ]


def _first_peers(store: SqliteStore) -> tuple[str, ...]:
    value = store.recall(PEERS_FACT) or b"[]"
    return msgspec.json.decode(value, type=tuple[str, ...])
