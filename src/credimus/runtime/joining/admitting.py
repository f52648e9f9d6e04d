"""The inviter's side of joining: one sealed request in, a member in the roster, one sealed answer.

Deliberately not here: who may issue tickets (api/), the life of tickets (tickets.py).
"""

from functools import partial

from credimus.kernel.errors import Conflict, NotPermitted
from credimus.kernel.ids import node_id
from credimus.node.commands import AdmitMember
from credimus.runtime.daemon import Daemon
from credimus.runtime.identity.credentials import read_file, read_private_file
from credimus.runtime.joining.ticket import JoinAnswer, JoinRequest, seal_answer

HISTORY_BYTES_MAX = 8 * 1_048_576
"""Bytes of blocks in an answer, parents first; the new member pulls the rest. [guess]"""


async def admit(daemon: Daemon, request: bytes) -> bytes:
    """Make the sender of a request a member; returns the sealed answer once that is durable.

    Raises:
        NotPermitted: `ticket-wrong`, `authority-missing`, `forbidden`.
        UsageError: `ticket-expired` and what `AdmitMember` refuses.
        Conflict: `ticket-used`, `not-a-member`, `address-taken`.
        Unavailable, StorageError: nothing was admitted; the same request may be sent again.
    """
    folder = daemon.home.folder
    if not (folder / "fleet-ca.key").exists():
        raise NotPermitted(
            "authority-missing", "this node has no fleet-ca.key, so it can not invite anyone."
        )
    certificate, key = (
        read_file(folder / "fleet-ca.crt"),
        read_private_file(folder / "fleet-ca.key"),
    )
    asked, secret = daemon.tickets.redeem(request, partial(_check_address, daemon))
    await _make_member(daemon, asked)
    roster = daemon.node.state.roster
    joiner = node_id(asked.public_key)
    answer = JoinAnswer(
        fleet_name=roster.fleet_name,
        authority_certificate_pem=certificate,
        authority_key_pem=key,
        peers=tuple(
            (one.node, one.address)
            for one in roster.current.by_id.values()
            if one.address and one.node != joiner
        ),
        blocks=tuple(_history(daemon)),
    )
    return seal_answer(secret, answer)


def _check_address(daemon: Daemon, asked: JoinRequest) -> None:
    """Refuse a joiner at the address of a member that is there, or of this node: nobody could reach
    both. A member that is gone may be followed by another at its place."""
    there = {daemon.node.id, *daemon.links.neighbours()}
    for one in daemon.node.state.roster.current.by_id.values():
        if one.address and one.address in asked.addresses and one.node in there:
            raise Conflict(
                "address-taken",
                f"{one.address} is the address of member {one.node.hex()[:12]} ({one.name}), which "
                "is there. Join with another --listen, or with --address where others are to dial; "
                "the ticket is still good.",
            )


async def _make_member(daemon: Daemon, asked: JoinRequest) -> None:
    """Admit, unless it is in already: its first answer got lost, and it describes itself."""
    address = asked.addresses[0] if asked.addresses else ""
    known = node_id(asked.public_key) in daemon.node.state.roster.current
    if known and not daemon.driver.failure:
        return
    command = AdmitMember(
        public_key=asked.public_key,
        name=asked.name,
        address=address,
        powers=daemon.tickets.powers_of(asked),
    )
    await daemon.driver.submit(command).local()
    daemon.enter("admitted", f"{node_id(asked.public_key).hex()} {asked.name}")


def _history(daemon: Daemon) -> list[bytes]:
    """Wires from the genesis on, as many as fit: a prefix of the log is closed under parents. Once
    blocks were let go, the genesis alone."""
    wires: list[bytes] = []
    size = 0
    compacted = daemon.node.compacting.base is not None
    for block in daemon.store.blocks():
        if compacted and block.id != daemon.node.state.roster.founding:
            continue  # the new member gets the checkpoint from a peer, and what came after it
        size += len(block.wire)
        if size > HISTORY_BYTES_MAX:
            break
        wires.append(block.wire)
    return wires
