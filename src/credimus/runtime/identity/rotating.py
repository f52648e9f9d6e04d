"""A node takes a new key.

    1  the new key is written beside the old one (node.key.next)
    2  in one transaction, the operation that names it becomes durable, and the log has a new owner
    3  the link's certificate is made anew, the new key takes the old one's name (succession.py)

Until 2 is done the new key is worth nothing; from then on it is the only one. A running node does 1
and 2, stops, and begins again in the same process, which does 3 (api/serving.py).
"""

import os
import time
from collections.abc import Sequence
from functools import partial

import msgspec

from credimus.kernel.effects import Record
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict
from credimus.kernel.ids import FleetId, NodeId
from credimus.kernel.instant import Instant, Now
from credimus.node.commands import RotateKey
from credimus.node.node import Node
from credimus.runtime.daemon import Daemon, check_owner
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import (
    Ask,
    NodeKey,
    create_node_key,
    load_node_key,
    name_of_key,
)
from credimus.runtime.identity.protection import passphrase_around
from credimus.runtime.identity.succession import OWNER_FACT, owning_key
from credimus.runtime.joining.founding import facts_of, stored
from credimus.runtime.settings.settings import Settings, read_settings
from credimus.runtime.store import failures
from credimus.runtime.store.snapshots import kept_snapshot
from credimus.runtime.store.sqlite import SqliteStore, kept_store
from credimus.state.membership.evidence import rotation_message


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """A folder whose node has a new key."""

    old: NodeId
    new: NodeId


async def rotate_running(daemon: Daemon, passphrase: bytes | None = None) -> Rotated:
    """Give a running node a new key; durable when this returns, and `daemon.succeeded` is set: the
    node says nothing more, and is to be loaded again.

    Args:
        passphrase: of a protected key, which goes over to the new one; the environment is asked
            when None.

    Raises:
        Conflict: `rotation-under-way`, `not-a-member`.
        NotPermitted: `passphrase-missing`, `passphrase-wrong`.
        StorageError: nothing was rotated; with a full disk it is done when there is room.
    """
    home, node = daemon.home, daemon.node
    if home.next_key.exists():
        raise Conflict(
            "rotation-under-way",
            "the node is taking a new key already, which waits to be written; see credimus status.",
        )
    old = load_node_key(home.key, None if passphrase is None else lambda: passphrase)
    if name_of_key(home.key).protected:
        passphrase = passphrase_around() if passphrase is None else passphrase
        daemon.successor_ask = lambda: passphrase
    else:
        passphrase = None
    new = create_node_key(home.next_key, passphrase)
    try:
        receipt = daemon.driver.submit(_command(node.fleet, old.node_id, new))
    except BaseException:
        home.next_key.unlink(missing_ok=True)
        raise
    await receipt.local()
    if not daemon.succeeded.is_set():
        home.next_key.unlink(missing_ok=True)
        raise _void()
    return Rotated(old=old.node_id, new=new.node_id)


def rotate_key(home: Home, ask: Ask | None = None) -> Rotated:
    """Give the stopped node of a folder a new key; it is the same member under a new id.

    Args:
        ask: gives the passphrase of a protected key, which goes over to the new one; the
            environment is asked when None.

    Raises:
        NotFound: `no-node-here`, `key-missing`.
        Conflict: `node-running`, `wrong-fleet`, `not-a-member`, `exposed`.
        StorageError: nothing was rotated, or the next start ends it.
    """
    home.check_made()
    settings = read_settings(home.config)
    try:
        store = kept_store(home.database)
    except Conflict as problem:
        raise Conflict(
            "node-running",
            f"{problem.message} Ask the node itself to rotate its key (POST /v1/key/rotate).",
        ) from None
    try:
        old = owning_key(home, store, ask)
        check_owner(home, store, settings, old)
        passphrase = None
        if name_of_key(home.key).protected:
            passphrase = (ask or passphrase_around)()
        create_node_key(home.next_key, passphrase)
        _write_rotation(home, settings, old, store, ask)
        new = owning_key(home, store, ask)
    finally:
        store.close()
    return Rotated(old=old.node_id, new=new.node_id)


def _write_rotation(
    home: Home, settings: Settings, old: NodeKey, store: SqliteStore, ask: Ask | None
) -> None:
    """Have the node name its next key; durable together with the log's new owner."""
    node = Node(settings.fleet_id, [old], settings.core(), Entropy(os.urandom(32)))
    kept = kept_snapshot(store, partial(failures.corrupt, home.database))
    if kept is not None:
        node.restore_snapshot(kept[0])
    node.restore(block.wire for block in store.blocks())
    new = load_node_key(home.next_key, ask)
    moment = Now(Instant(0), time.time_ns() // 1_000_000)
    try:
        node.execute(_command(settings.fleet_id, old.node_id, new), moment)
        effects = node.collect(moment)
        _check_handed_over(effects.remember)
        store.append([stored(block) for block in effects.persist], facts_of(effects.remember))
    except BaseException:
        owner = store.recall(OWNER_FACT)
        if owner is not None and owner[16:] == old.node_id:
            home.next_key.unlink(missing_ok=True)
        raise


def _command(fleet: FleetId, old: NodeId, new: NodeKey) -> RotateKey:
    proof = new.sign(rotation_message(fleet, old, new.public))
    return RotateKey(public_key=new.public, proof=proof)


def _check_handed_over(records: Sequence[Record]) -> None:
    if not any(record.key == OWNER_FACT for record in records):
        raise _void()


def _void() -> Conflict:
    return Conflict(
        "key-in-use", "the new key is known in this fleet already; nothing was rotated. Try again."
    )
