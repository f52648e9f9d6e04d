"""What a parent tells a node process, one JSON line for all its nodes: first the settings, then
orders, of each node its own; no orders end it. It answers each line with one of its own."""

from typing import Any

import msgspec

from credimus.protocol.voting.interface import VotingConfig


class ChildSettings(msgspec.Struct, frozen=True):
    """How one node of a process begins."""

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
