"""The other members: who is connected, and who can be reached at the address in the roster.

Only explicit addresses are tried, by opening a TCP connection and closing it; a name is not looked
up, for that would ask somebody else.
"""

import socket
from ipaddress import ip_address
from typing import NamedTuple

from credimus.kernel.errors import UsageError
from credimus.runtime.doctor.finding import Answers, Finding, ok, problem, warning
from credimus.runtime.settings.settings import host_port

CHECK = "peers"
CONNECT_S = 1.0
"""Seconds that a peer may take to answer. [guess]"""
PEERS_TRIED_MAX = 64
"""Peers tried at most: each may take a second. [guess]"""


class Peer(NamedTuple):
    """Another member."""

    name: str
    address: str
    connected: bool


def peers_of(running: Answers) -> list[Peer]:
    """The other members as a running node sees them."""
    return [
        Peer(one["name"], one["address"], one["connected"])
        for one in running.members
        if not one["self"]
    ]


def check_peers(peers: list[Peer], link: str, *, running: bool) -> list[Finding]:
    """Who is connected, and who else could be."""
    if not peers:
        return [ok(CHECK, "this node is the fleet's only member")]
    connected = [one for one in peers if one.connected]
    found = []
    if running:
        words = f"{len(connected)} of {len(peers)} other members are connected"
        found.append(
            ok(CHECK, words)
            if connected
            else problem(CHECK, words, "start the others, or look at the network between them")
        )
    away = [one for one in peers if not one.connected]
    return found + [judge(one, link) for one in away[:PEERS_TRIED_MAX]]


def judge(peer: Peer, link: str) -> Finding:
    """What can be told of a member that is not connected."""
    if link == "quic":
        return ok(CHECK, f"{peer.name} at {peer.address} was not tried: QUIC takes no TCP")
    try:
        host, port = host_port(peer.address, "address")
    except UsageError:
        return warning(
            CHECK,
            f"{peer.name} has no address to dial",
            "nothing, where it dials this node by itself",
        )
    if not _explicit(host):
        return ok(CHECK, f"{peer.name} at {peer.address} was not tried: it is a name")
    try:
        socket.create_connection((host, port), CONNECT_S).close()
    except OSError as error:
        return warning(
            CHECK,
            f"{peer.name} can not be reached at {peer.address}: {error.strerror or error}",
            "start it, or let this machine through to it",
        )
    return ok(CHECK, f"{peer.name} can be reached at {peer.address}")


def _explicit(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
