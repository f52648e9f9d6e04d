"""The end of a key's rotation: a node whose log has a new owner takes that owner's key.

Done before every start, and as often as need be: a crash at any moment leaves one whole node.

Deliberately not here: the beginning (rotating.py).
"""

import logging
import os
import re
from pathlib import Path

from credimus.kernel.errors import CredimusError
from credimus.node.saying.sealing import OWNER as OWNER_FACT
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import Ask, NodeKey, load_node_key, name_of_key
from credimus.runtime.identity.secret_files import sync_folder
from credimus.runtime.store.sqlite import SqliteStore

__all__ = ("OWNER_FACT", "former_key_files", "former_keys", "owning_key")

_log = logging.getLogger(__name__)


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


def former_key_files(home: Home) -> list[Path]:
    """Where the keys lie that the node had before it took new ones."""
    named = re.compile(rf"{re.escape(home.key.name)}\.[0-9a-f]{{12}}")
    return sorted(one for one in home.folder.iterdir() if named.fullmatch(one.name))


def former_keys(home: Home, ask: Ask | None = None) -> list[NodeKey]:
    """The keys that the node had before; with them it reads what was closed for it then. One that
    can not be opened is told, and left out."""
    found: list[NodeKey] = []
    for path in former_key_files(home):
        try:
            found.append(load_node_key(path, ask))
        except CredimusError as problem:
            _log.warning("beliefs closed for %s can not be read: %s", path.name, problem.message)
    return found
