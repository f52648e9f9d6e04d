"""A node's folder: where everything is, how it is made whole or not at all, where it answers.

Deliberately light: commands of the CLI find a running node through it without loading one. Not
here: what the files mean (settings, credentials, tokens, store).
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from credimus.kernel.errors import Conflict, NotFound, StorageError, Unavailable

_MINE = ("node.key", "config.toml", "credimus.db", "token")


class Home:
    """The paths inside a node's folder."""

    __slots__ = ("folder",)

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()

    def __str__(self) -> str:
        return str(self.folder)

    @property
    def key(self) -> Path:
        """The node's Ed25519 key, mode 0600."""
        return self.folder / "node.key"

    @property
    def next_key(self) -> Path:
        """The key that is to take its place, while it is being rotated."""
        return self.folder / "node.key.next"

    @property
    def config(self) -> Path:
        """The settings, TOML."""
        return self.folder / "config.toml"

    @property
    def database(self) -> Path:
        """Log, facts and read models."""
        return self.folder / "credimus.db"

    @property
    def token(self) -> Path:
        """The bearer token of the API, mode 0600."""
        return self.folder / "token"

    @property
    def running(self) -> Path:
        """Process id and address of the running node; left behind by one that was killed."""
        return self.folder / "api.json"

    @property
    def copy(self) -> Path:
        """Where a running node puts the copy of its database that a backup fetches."""
        return self.folder / "credimus.db.copy"

    def check_made(self) -> None:
        """Refuse a folder that holds no node.

        Raises:
            NotFound: `no-node-here`.
        """
        if not self.config.is_file():
            raise NotFound(
                "no-node-here",
                f"{self} holds no node. Make one with `credimus init` or `credimus join`, or name "
                "its folder with --home.",
            )

    def check_free(self) -> None:
        """Refuse a folder in which something is already.

        Raises:
            Conflict: `folder-not-empty`.
        """
        try:
            found = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return
        except NotADirectoryError:
            raise Conflict(
                "folder-not-empty", f"{self} is, or lies in, a file; name a new folder."
            ) from None
        except OSError as problem:
            raise StorageError("disk-failed", f"{self}: {problem.strerror}.") from None
        if not found:
            return
        what = "a node already" if set(found) & set(_MINE) else f"other files, such as {found[0]}"
        raise Conflict(
            "folder-not-empty",
            f"{self} holds {what}; name a new folder. A node belongs to one fleet for life.",
        )

    @contextmanager
    def made_whole(self) -> "Iterator[Home]":
        """A draft beside the folder that takes its place when all went well, and else vanishes.

        Raises:
            NotFound: `parent-missing`.
            Conflict: `folder-not-empty`.
            StorageError: `disk-failed`, when it can not be made or moved.
        """
        self.check_free()
        draft = self.folder.with_name(f".{self.folder.name}.{secrets.token_hex(4)}")
        try:
            draft.mkdir(mode=0o700)
        except FileNotFoundError:  # mistyped, more likely than wanted
            parent = self.folder.parent
            raise NotFound(
                "parent-missing",
                f"{parent} does not exist, so nothing was made. Mend the path, or make that folder "
                f"first: mkdir -p {parent}",
            ) from None
        except OSError as problem:
            raise StorageError("disk-failed", f"{draft}: {problem.strerror}.") from None
        try:
            yield Home(draft)
            try:
                draft.replace(self.folder)  # onto nothing, or onto an empty folder
                _sync(self.folder.parent)
            except OSError as problem:
                raise StorageError("disk-failed", f"{self}: {problem.strerror}.") from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def note_running(self, url: str, certificate: Path | None = None) -> None:
        """Say where the running node answers, and the certificate that it shows there."""
        draft = self.running.with_name(f".api.json.{secrets.token_hex(4)}")
        try:
            note = {"pid": os.getpid(), "url": url}
            if certificate is not None:
                note["certificate"] = str(certificate)
            draft.write_text(json.dumps(note) + "\n")
            draft.replace(self.running)
        except OSError as problem:
            raise StorageError("disk-failed", f"{self.running}: {problem.strerror}.") from None

    def note_stopped(self) -> None:
        """Take that back, if it is our own note."""
        with suppress(OSError, ValueError):
            if json.loads(self.running.read_text())["pid"] == os.getpid():
                self.running.unlink()

    def url(self) -> str:
        """Where the running node answers.

        Raises:
            NotFound: `no-node-here`.
            Unavailable: `node-not-running`.
        """
        self.check_made()
        try:
            note: dict[str, Any] = json.loads(self.running.read_text())
            pid, url = int(note["pid"]), str(note["url"])
        except (OSError, ValueError, KeyError, TypeError):
            raise self.not_running("it is not running") from None
        if not _alive(pid):
            raise self.not_running(f"process {pid} ended without a clean stop")
        return url

    def certificate(self) -> Path | None:
        """The certificate that the running node shows, if it shows one."""
        try:
            named = json.loads(self.running.read_text()).get("certificate")
        except (OSError, ValueError, AttributeError):
            return None
        return Path(named) if isinstance(named, str) else None

    def not_running(self, why: str) -> Unavailable:
        """The error for a node that does not answer."""
        error = Unavailable(
            "node-not-running", f"no node answers for {self}: {why}. Start it: credimus up {self}"
        )
        error.definite = True
        return error


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
