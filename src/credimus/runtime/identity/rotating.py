"""A stopped node takes a new key.

    1  the new key is written beside the old one (node.key.next)
    2  in one transaction, the operation that names it becomes durable, and the log has a new owner
    3  the link's certificate is made anew, the new key takes the old one's name (succession.py)

Until 2 is done the new key is worth nothing; from then on it is the only one.
"""

import os
import time

import msgspec

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant, Now
from credimus.node.commands import RotateKey
from credimus.node.node import Node
from credimus.runtime.daemon import check_owner
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
from credimus.runtime.joining.founding import stored
from credimus.runtime.settings.settings import Settings, read_settings
from credimus.runtime.store.interface import Fact
from credimus.runtime.store.sqlite import SqliteStore
from credimus.state.evidence import rotation_message


class Rotated(msgspec.Struct, frozen=True, kw_only=True):
    """A folder whose node has a new key."""

    old: NodeId
    new: NodeId


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
        store = SqliteStore(home.database)
    except Conflict as problem:
        raise Conflict(
            "node-running", f"{problem.message} A key is rotated while the node is stopped."
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
    node.restore(block.wire for block in store.blocks())
    new = load_node_key(home.next_key, ask)
    proof = new.sign(rotation_message(settings.fleet_id, old.node_id, new.public))
    moment = Now(Instant(0), time.time_ns() // 1_000_000)
    try:
        node.execute(RotateKey(public_key=new.public, proof=proof), moment)
        blocks = [stored(block) for block in node.collect(moment).persist]
        store.append(blocks, [Fact(OWNER_FACT, settings.fleet_id + new.node_id)])
    except BaseException:
        owner = store.recall(OWNER_FACT)
        if owner is not None and owner[16:] == old.node_id:
            home.next_key.unlink(missing_ok=True)
        raise
