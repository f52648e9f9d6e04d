"""Makes a node's folder: by founding a fleet, or by joining one with a ticket.

Whole or not at all. Deliberately not here: how the request travels (the caller posts it), the
inviter's side (admitting.py), running the node (daemon.py).
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from credimus.kernel.errors import PeerFault, Unavailable, UsageError
from credimus.kernel.hlc import HybridClock
from credimus.kernel.ids import FleetId, NodeId
from credimus.kernel.limits import SKEW_MS_MAX, UNITS_PER_S_MAX
from credimus.lace.lace import Lace
from credimus.node.taking.ingress import Ingress
from credimus.runtime.access.tokens import make_token
from credimus.runtime.addresses import is_everywhere
from credimus.runtime.daemon import owner_facts
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import NodeKey, create_node_key, write_file
from credimus.runtime.identity.protection import check_passphrase
from credimus.runtime.joining.authority import Authority
from credimus.runtime.joining.founding import Policy, found_fleet, stored
from credimus.runtime.joining.ticket import (
    JoinAnswer,
    Ticket,
    make_request,
    open_answer,
    parse_ticket,
)
from credimus.runtime.settings.settings import (
    FleetSettings,
    Link,
    NodeSettings,
    Settings,
    VotingSettings,
    check_name,
    host_port,
    write_settings,
)
from credimus.runtime.store.interface import Fact, StoredBlock
from credimus.runtime.store.sqlite import SqliteStore
from credimus.state.fleet import FleetState
from credimus.state.member_operations import Charter, Limit
from credimus.state.membership.members import Member

Ask = Callable[[str, bytes], bytes]
"""Posts bytes to a URL; returns the body of a good answer, raises a CredimusError otherwise."""
ASK_ATTEMPTS = 3
"""How often the same request is sent when an answer gets lost. [guess]"""
ASK_PAUSE_S = 0.5


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a new node wants to be."""

    name: str
    listen: str = "127.0.0.1:7447"
    api: str = "127.0.0.1:8701"
    link: Link = "tls"
    address: str | None = None
    """Where others dial it, when that is not `listen`."""
    passphrase: bytes | None = None
    """Protects the node's key, when given."""

    def __repr__(self) -> str:
        return f"Plan(name={self.name!r}, listen={self.listen!r})"  # a passphrase is never shown

    @property
    def dialled(self) -> str:
        """The address in the roster."""
        return self.address or self.listen

    def check(self) -> None:
        """Refuse what could not work.

        Raises:
            UsageError: `bad-name`, `address-unusable`, `passphrase-unusable`.
        """
        check_name(self.name, "the node's name")
        if self.passphrase is not None:
            check_passphrase(self.passphrase)
        host_port(self.listen, "--listen")
        host_port(self.api, "--api", any_port=True)
        host, _ = host_port(self.dialled, "--address")
        if is_everywhere(host):
            raise UsageError(
                "address-unusable",
                f"nobody can dial {self.dialled}, which stands for all addresses of a machine. "
                "Give --address: host:port where others reach this node.",
            )


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that is ready for `up`."""

    fleet: FleetId
    fleet_name: str
    node: NodeId
    block_count: int
    namesakes: tuple[NodeId, ...] = ()
    """Other members that have the same name: no name stands for one of them alone."""


def found_home(
    home: Home,
    fleet_name: str,
    plan: Plan,
    units_per_s_max: int = 0,
    charter: Charter | None = None,
    *,
    limit: Limit | None = None,
) -> Made:
    """Found a fleet in a new folder.

    Args:
        units_per_s_max: what each member may write, in units per second; 0 for no limit; for ever.
        charter: how it admits, for ever; by any member when None.
        limit: what each member may state by category, for ever; as it likes when None.

    Raises:
        UsageError: `bad-name`, `address-unusable`.
        Conflict: `folder-not-empty`.
        StorageError: `disk-failed`, `disk-full`.
    """
    plan.check()
    check_name(fleet_name, "the fleet's name")
    if not 0 <= units_per_s_max <= UNITS_PER_S_MAX:
        raise UsageError(
            "out-of-range",
            f"{units_per_s_max} units a second: give 0, for no limit, to {UNITS_PER_S_MAX}.",
        )
    with home.made_whole() as draft:
        key = create_node_key(draft.key, plan.passphrase)
        policy = Policy(0, units_per_s_max, charter, limit)
        fleet, blocks = found_fleet(key, fleet_name, plan.name, plan.dialled, policy=policy)
        authority = Authority.create(fleet)
        settings = _settings(fleet, fleet_name, plan)
        _furnish(draft, settings, authority, key, plan.dialled)
        _write_log(draft, [stored(one) for one in blocks], owner_facts(settings, key))
    return Made(fleet=fleet, fleet_name=fleet_name, node=key.node_id, block_count=len(blocks))


def join_home(home: Home, ticket_word: str, plan: Plan, ask: Ask) -> Made:
    """Join the fleet of a ticket in a new folder.

    Raises:
        UsageError: `ticket-malformed`, `ticket-expired`, `bad-name`, `address-unusable`.
        NotPermitted: `ticket-wrong`.
        Conflict: `folder-not-empty`, `ticket-used`.
        Unavailable: the inviter does not answer.
        PeerFault: `answer-altered`, when its answer does not prove to be this fleet's.
        StorageError: `disk-failed`, `disk-full`.
    """
    plan.check()
    ticket = parse_ticket(ticket_word, _wall_ms())
    with home.made_whole() as draft:
        key = create_node_key(draft.key, plan.passphrase)
        request = make_request(ticket, key.public, plan.name, (plan.dialled,))
        answer = open_answer(ticket, _ask_patiently(ask, f"{ticket.address}/v1/join", request))
        blocks, members = _verified(ticket, answer)
        authority = Authority(answer.authority_certificate_pem, answer.authority_key_pem)
        settings = _settings(ticket.fleet, answer.fleet_name, plan)
        _furnish(draft, settings, authority, key, plan.dialled)
        peers = [address for _, address in answer.peers]
        _write_log(draft, blocks, owner_facts(settings, key, peers))
    return Made(
        fleet=ticket.fleet,
        fleet_name=answer.fleet_name,
        node=key.node_id,
        block_count=len(blocks),
        namesakes=tuple(
            one.node for one in members if one.name == plan.name and one.node != key.node_id
        ),
    )


def _ask_patiently(ask: Ask, url: str, request: bytes) -> bytes:
    """The answer; the same request may be sent again, for the ticket is ours from the first on."""
    for left in reversed(range(ASK_ATTEMPTS)):
        try:
            return ask(url, request)
        except Unavailable:
            if not left:
                raise
            time.sleep(ASK_PAUSE_S)
    raise AssertionError("unreachable")


def _verified(ticket: Ticket, answer: JoinAnswer) -> tuple[list[StoredBlock], list[Member]]:
    """The blocks of the answer, checked back to the fleet's founder, and the members."""
    state = FleetState(ticket.fleet)
    ingress = Ingress(ticket.fleet, Lace(), state, HybridClock(SKEW_MS_MAX))
    blocks: list[StoredBlock] = []
    for wire in answer.blocks:
        blocks += [stored(one.block) for one in ingress.take(wire, _wall_ms())]
    founder = state.roster.founder
    if founder is None or state.roster.keys[founder] != ticket.fleet_key or len(ingress.orphans):
        raise PeerFault(
            "answer-altered",
            f"the history that {ticket.address} sent is not that of the ticket's fleet. Ask "
            "another member for a ticket.",
        )
    return blocks, list(state.roster.current.by_id.values())


def _settings(fleet: FleetId, fleet_name: str, plan: Plan) -> Settings:
    return Settings(
        fleet=FleetSettings(id=fleet.hex(), name=fleet_name),
        node=NodeSettings(name=plan.name, listen=plan.listen, api=plan.api, link=plan.link),
        voting=VotingSettings(),
    )


def _furnish(
    draft: Home, settings: Settings, authority: Authority, key: NodeKey, dialled: str
) -> None:
    """All files but the key and the log."""
    authority.store(draft.folder)
    hosts = {host_port(one, "--listen")[0] for one in (settings.node.listen, dialled)}
    authority.equip(draft.folder, key.node_id, tuple(sorted(hosts)))
    write_settings(draft.config, settings)
    write_file(draft.token, make_token().encode() + b"\n", private=True)


def _write_log(draft: Home, blocks: Sequence[StoredBlock], facts: Sequence[Fact]) -> None:
    store = SqliteStore(draft.database)
    try:
        store.append(blocks, facts)
    finally:
        store.close()


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
