"""The end of a key's rotation: a node whose log has a new owner takes that owner's key.

Done before every start, and as often as need be: a crash at any moment leaves one whole node.

Deliberately not here: the beginning (rotating.py).
"""

import os

from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import Ask, NodeKey, load_node_key, name_of_key
from credimus.runtime.identity.secret_files import sync_folder
from credimus.runtime.store.sqlite import SqliteStore

OWNER_FACT = "identity/owner"
"""Where the store keeps fleet and node: 32 bytes."""


def owning_key(home: Home, store: SqliteStore, ask: Ask | None = None) -> NodeKey:
    """The key of the node of a folder; a rotation that is durable in the log is brought to its end,
    one that is not is forgotten.

    Args:
        ask: gives the passphrase of a protected key; the environment is asked when None.

    Raises:
        NotFound: `key-missing`.
        UsageError: `key-readable-by-others`, `authority-malformed`.
        StorageError: `key-corrupt`, `disk-failed`.
    """
    if not home.next_key.exists():
        return load_node_key(home.key, ask)
    owner, new = store.recall(OWNER_FACT), name_of_key(home.next_key)
    old = name_of_key(home.key)
    if owner is None or owner[16:] != new.node_id:
        home.next_key.unlink()
        return load_node_key(home.key, ask)
    if (home.folder / "fleet-ca.key").exists():
        from credimus.runtime.joining.authority import Authority  # noqa: PLC0415 - 10 MiB

        Authority.load(home.folder).renew(home.folder, new.node_id)
    kept = home.key.with_name(f"{home.key.name}.{old.node_id.hex()[:12]}")
    if not kept.exists():
        os.link(home.key, kept)
    home.next_key.replace(home.key)
    sync_folder(home.folder)
    return load_node_key(home.key, ask)
