"""The bearer token of a node's API: who can read the node's folder may ask its API.

Deliberately light: commands of the CLI read it without loading the node. Not here: tokens with
scopes (principals.py).
"""

import logging
import os
import secrets
import stat
from pathlib import Path

from credimus.kernel.errors import NotFound, NotPermitted, StorageError, UsageError

PREFIX = "credimus-token-"
_RANDOM_BYTES = 24
_LENGTH_MAX = 256
_log = logging.getLogger(__name__)


def make_token() -> str:
    """A fresh token of 192 random bits."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def own_token(path: Path) -> str:
    """The token of the folder of the node that starts here, made anew where the file is gone: who
    may write the folder may use the node.

    Raises:
        as `read_token`, but for `token-missing`.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return read_token(path)
    except OSError as problem:
        raise StorageError("disk-failed", f"{path}: {problem.strerror}.") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(make_token() + "\n")
        file.flush()
        os.fsync(file.fileno())
    _log.warning("%s was gone; a new token was made, and the old one is good no more", path)
    return read_token(path)


def read_token(path: Path) -> str:
    """The token that a file of mode 0600 holds.

    Raises:
        NotFound: `token-missing`.
        UsageError: `token-readable-by-others`.
        NotPermitted: `token-unreadable`, when the file belongs to another user.
        StorageError: `token-corrupt`, `disk-failed`.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            token = file.read(_LENGTH_MAX + 1).decode("ascii", "replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            "token-missing",
            f"{path} does not exist; start the node again (credimus up), and it makes a new one.",
        ) from None
    except PermissionError:
        raise NotPermitted(
            "token-unreadable", f"{path} belongs to another user; only they may ask this node."
        ) from None
    except OSError as problem:
        raise StorageError("disk-failed", f"{path}: {problem.strerror}.") from None
    if mode & 0o077:
        raise UsageError(
            "token-readable-by-others",
            f"{path} has mode {mode:04o}, so others can use the node. Run: chmod 600 {path}",
        )
    if not token.startswith(PREFIX) or len(token) > _LENGTH_MAX:
        raise StorageError(
            "token-corrupt",
            f"{path} is not an intact token. Remove the file and start the node again (credimus "
            "up): it makes a new one.",
        )
    return token
