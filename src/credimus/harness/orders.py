"""What a parent tells its node processes, one JSON line each; they answer with one JSON line."""

from typing import Any

import msgspec

from credimus.protocol.voting.interface import VotingConfig


class ChildSettings(msgspec.Struct, frozen=True):
    """How one node process begins."""

    index: int
    folder: str
    fleet: str
    """Hex."""
    link: str
    listen: str
    peers: list[str]
    nodes: int
    voting: VotingConfig = VotingConfig()
    hosted: list[str] = []
    """Seeds, in hex, of the members that this process hosts beside its own."""
    job: dict[str, Any] = {}
    """What the job of the process needs beside."""
