"""Commands on the node's key: key rotate, protect, unprotect; and where passphrases come from."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import AsJson, Common
from credimus.cli.output import Outcome, complain, say
from credimus.kernel.errors import Unavailable, UsageError

PROMPT = "Passphrase of the node's key: "
FILE = Parameter(help="File of mode 0600 whose first line is the passphrase.")


def protect(
    home: Annotated[Path | None, Parameter(help="The node's folder.")] = None,
    *,
    passphrase_file: Annotated[Path | None, FILE] = None,
    present_file: Annotated[
        Path | None, Parameter(help="Likewise, of the passphrase that the key has now.")
    ] = None,
    output: AsJson = AsJson(),
) -> Outcome:
    """Put the node's key under a passphrase, or under another one; asks for it on a terminal.

    Example: credimus key protect ./n0 --passphrase-file ./passphrase
    """
    from credimus.runtime.identity.credentials import name_of_key, protect_node_key
    from credimus.runtime.identity.succession import former_key_files

    folder = home_of(home)
    folder.check_made()
    name_of_key(folder.key)  # what is wrong with the file is told before anybody types
    passphrase = new_passphrase(passphrase_file)
    ask = cache(opener(present_file, "Present passphrase: "))
    for path in (folder.key, *former_key_files(folder)):
        protect_node_key(path, passphrase, ask)
    data = {"home": str(folder), "protected": True}
    return Outcome(data, lambda: say(f"{folder.key} is protected. Keep the passphrase: without it "
                                     "the node is lost."))  # fmt: skip


def unprotect(
    home: Annotated[Path | None, Parameter(help="The node's folder.")] = None,
    *,
    passphrase_file: Annotated[Path | None, FILE] = None,
    output: AsJson = AsJson(),
) -> Outcome:
    """Keep the node's key without a passphrase again.

    Example: credimus key unprotect ./n0 --passphrase-file ./passphrase
    """
    from credimus.runtime.identity.credentials import unprotect_node_key
    from credimus.runtime.identity.succession import former_key_files

    folder = home_of(home)
    folder.check_made()
    ask = cache(opener(passphrase_file))
    for path in (folder.key, *former_key_files(folder)):
        unprotect_node_key(path, ask)
    data = {"home": str(folder), "protected": False}
    return Outcome(data, lambda: say(f"{folder.key} needs no passphrase any more."))


def rotate(
    *,
    passphrase_file: Annotated[Path | None, FILE] = None,
    common: Common = Common(),
) -> Outcome:
    """Give a node a new key: it stays the same member, under a new id.

    A running node goes on with it by itself, within seconds. The old key is kept beside the new
    one: it signs nothing any more, and opens private beliefs of before. A passphrase goes over to
    the new one. A crash in between is mended by the next start, or by rotating again.
    Example: credimus key rotate --home ./n0
    """
    home = home_of(common.home)
    ask = cache(opener(passphrase_file))
    try:
        client = Client(home)
    except Unavailable:
        from credimus.runtime.identity.rotating import rotate_key

        stopped = rotate_key(home, ask)
        made = {"old": stopped.old.hex(), "new": stopped.new.hex()}
        then = f"Start the node with: credimus up {home}"
    else:
        from credimus.runtime.identity.credentials import name_of_key

        given = ask() if name_of_key(home.key).protected else None
        passphrase = None if given is None else given.decode()
        made = client.post("/v1/key/rotate", passphrase=passphrase)
        then = "It goes on under that id."
    data = {"home": str(home), **made}

    def show() -> None:
        say(f"{data['old']} is now {data['new']}. {then}")
        complain("The old key is kept as node.key.<its id>; it opens private beliefs of before.")

    return Outcome(data, show)


def opener(path: Path | None = None, prompt: str = PROMPT) -> "Callable[[], bytes | None]":
    """Gives the passphrase of a key: from a file, from the environment, or typed on a terminal."""

    def ask() -> bytes | None:
        from credimus.runtime.identity.protection import passphrase_around, read_passphrase

        found = passphrase_around() if path is None else read_passphrase(path)
        return _typed(prompt) if found is None else found

    return ask


def new_passphrase(path: Path | None) -> bytes:
    """A passphrase from a file, or typed twice.

    Raises:
        UsageError: `passphrase-unusable`, also when the two differ, or nobody can be asked.
    """
    from credimus.runtime.identity.protection import check_passphrase, read_passphrase

    if path is not None:
        return read_passphrase(path)
    passphrase = _typed("New passphrase: ")
    if passphrase is None:
        raise UsageError(
            "passphrase-unusable", "nobody can type it here; give a file with --passphrase-file."
        )
    check_passphrase(passphrase)
    if _typed("Once more: ") != passphrase:
        raise UsageError("passphrase-unusable", "the two differ; begin again.")
    return passphrase


def _typed(prompt: str) -> bytes | None:
    """What is typed on the terminal, unseen; None where there is none."""
    if not sys.stdin.isatty():
        return None
    from getpass import getpass

    return getpass(prompt).encode()
