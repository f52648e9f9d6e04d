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
    """A member, mostly another one."""

    name: str
    address: str
    connected: bool
    is_self: bool = False


def peers_of(running: Answers) -> list[Peer]:
    """The members as a running node sees them."""
    return [
        Peer(one["name"], one["address"], one["connected"], one["self"]) for one in running.members
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


def check_addresses(members: list[Peer]) -> list[Finding]:
    """Members that are dialled at one address: whoever answers there, the other is not reached."""
    at: dict[str, list[str]] = {}
    for one in members:
        if one.address:
            at.setdefault(one.address, []).append(one.name)
    return [
        warning(
            CHECK,
            f"{' and '.join(names)} have one address, {address}: others reach one of them at most",
            "if one is gone for good, have it expelled (credimus expel); if both run, have one "
            "join anew with an address of its own",
        )
        for address, names in at.items()
        if len(names) > 1
    ]


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
