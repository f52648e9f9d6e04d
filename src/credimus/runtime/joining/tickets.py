"""Tickets at the inviter: issued, kept durably until they expire, good for one joiner each.

A ticket is marked with its joiner's key before the joiner is admitted. So a crash in between, or an
answer that got lost, leaves a ticket with which the same joiner, and nobody else, may ask again.
"""

import time
from collections.abc import Callable

import msgspec

from credimus.kernel import codec
from credimus.kernel.errors import Conflict, NotPermitted, StorageError, UsageError
from credimus.kernel.ids import FleetId
from credimus.runtime.joining.ticket import (
    JoinRequest,
    Ticket,
    make_ticket,
    open_request,
    requested_ticket,
)
from credimus.runtime.store.interface import Store
from credimus.state.member_operations import ALL_POWERS, Powers

FAMILY = "ticket"
TICKETS_MAX = 1_024
"""Tickets kept at once; past it the oldest is let go. [guess]"""
LIFE_S_MAX = 30 * 86_400
"""Thirty days: the longest life of a ticket, in seconds. [guess]"""


def now_wall_ms() -> int:
    """This moment."""
    return time.time_ns() // 1_000_000


class Kept(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the inviter keeps of a ticket."""

    secret: bytes
    expires_wall_ms: int
    used_by: bytes = b""
    """The public key of whoever joined with it; empty until then."""
    powers: Powers = ALL_POWERS
    """What the joiner may say."""


class Tickets:
    """The tickets of one node.

    Args:
        wall_ms: reads the wall clock, in ms since the Unix epoch.
    """

    def __init__(self, store: Store, wall_ms: Callable[[], int] = now_wall_ms) -> None:
        self._store = store
        self._wall_ms = wall_ms

    def issue(
        self,
        address: str,
        fleet: FleetId,
        fleet_key: bytes,
        life_s: float,
        powers: Powers = ALL_POWERS,
    ) -> Ticket:
        """A new ticket, durable before it is given out.

        Args:
            powers: what the joiner may say.

        Raises:
            UsageError: `out-of-range`, `ticket-malformed`.
        """
        if not 1 <= life_s <= LIFE_S_MAX:
            raise UsageError(
                "out-of-range",
                f"a ticket can not live {life_s:g} s; give 1 s to {LIFE_S_MAX} s (30 days).",
            )
        self._drop_expired()
        expires = self._wall_ms() + round(life_s * 1_000)
        ticket = make_ticket(address, fleet, fleet_key, expires)
        self._keep(ticket.ticket, Kept(ticket.secret, expires, powers=powers))
        return ticket

    def redeem(
        self, request: bytes, check: Callable[[JoinRequest], None]
    ) -> tuple[JoinRequest, bytes]:
        """The joiner's request and the ticket's secret; the ticket is this joiner's from now on.

        Args:
            check: refuses a proven request by raising; the ticket is then as good as before.

        Raises:
            NotPermitted: `ticket-wrong`.
            UsageError: `ticket-expired`.
            Conflict: `ticket-used`.
        """
        identifier = requested_ticket(request)
        kept = self._recall(identifier)
        if kept is None:
            raise NotPermitted(
                "ticket-wrong",
                "this node keeps no such ticket: it expired, or another node issued it. Ask a "
                "member for a new one.",
            )
        asked = open_request(kept.secret, request)
        if self._wall_ms() >= kept.expires_wall_ms:
            raise UsageError(
                "ticket-expired",
                f"ticket {identifier.hex()} has expired. Ask a member for a new one (invite).",
            )
        if kept.used_by not in (b"", asked.public_key):
            raise Conflict(
                "ticket-used",
                f"somebody joined with ticket {identifier.hex()} already. Ask a member for a new "
                "one: each is good for one node.",
            )
        if not kept.used_by:
            check(asked)
            used = msgspec.structs.replace(kept, used_by=asked.public_key)
            self._keep(identifier, used)
        return asked, kept.secret

    def powers_of(self, asked: JoinRequest) -> Powers:
        """What whoever joins with the ticket of a redeemed request may say."""
        kept = self._recall(asked.ticket)
        return ALL_POWERS if kept is None else kept.powers

    def waiting_count(self) -> int:
        """How many tickets are out and not used."""
        return sum(not kept.used_by for _, kept in self._all())

    def _keep(self, identifier: bytes, kept: Kept) -> None:
        self._store.remember(f"{FAMILY}/{identifier.hex()}", codec.encode(kept), TICKETS_MAX)

    def _recall(self, identifier: bytes) -> Kept | None:
        key = f"{FAMILY}/{identifier.hex()}"
        value = self._store.recall(key)
        return None if value is None else _read(key, value)

    def _all(self) -> list[tuple[str, Kept]]:
        return [(key, _read(key, value)) for key, value in self._store.facts(FAMILY)]

    def _drop_expired(self) -> None:
        now = self._wall_ms()
        for key, kept in self._all():
            if now >= kept.expires_wall_ms:
                self._store.forget(key)


def _read(key: str, value: bytes) -> Kept:
    try:
        return msgspec.msgpack.decode(value, type=Kept)
    except msgspec.DecodeError as problem:
        raise StorageError("corrupt", f"fact {key} is not a ticket: {problem}.") from None
