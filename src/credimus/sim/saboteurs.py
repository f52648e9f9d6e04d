"""Small wrongs under which a checker must fail: proof that it can.

Each patches a class for the length of one run, private parts included; nothing but tests uses them.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from typing import Any

import msgspec

from credimus.certificate.archive import Spot
from credimus.certificate.votes import CastVotes
from credimus.kernel.effects import Effects
from credimus.kernel.instant import SECOND
from credimus.node import ingress
from credimus.node.author import Author
from credimus.node.enclosing import Enclosing
from credimus.protocol.membership.machine import Membership
from credimus.protocol.membership.probing import Probe
from credimus.protocol.partition.interface import Permit
from credimus.protocol.partition.machine import Partition
from credimus.protocol.partition.reconciling import Reconciling
from credimus.protocol.sync.machine import Sync
from credimus.sim.checker import Checker
from credimus.sim.checkers import (
    a_decided_belief_stays_decided,
    a_durable_vote_is_never_contradicted,
    a_round_is_of_the_whole_fleet,
    a_verdict_follows_from_its_votes,
    every_verdict_has_a_certificate,
    healed_fleet_converges,
    no_two_certificates_conflict,
    nothing_acknowledged_is_lost,
    same_blocks_same_state,
)
from credimus.sim.compaction_wrongs import WRONGS
from credimus.sim.delivering import (
    a_message_is_processed_at_most_once,
    an_acknowledged_message_was_durable,
    at_least_once_arrives_after_healing,
)
from credimus.sim.delivering_wrongs import (
    a_disk_that_takes_no_records,
    a_receiver_that_forgets_what_it_finished,
    a_sender_that_sends_once,
)
from credimus.sim.disk import Disk
from credimus.sim.fleet import Fleet
from credimus.sim.guarding import (
    an_honest_peer_is_never_faulted,
    no_node_starts_from_a_damaged_disk,
    nothing_exceeds_its_limit,
    nothing_unsigned_is_taken,
)
from credimus.sim.host import Host
from credimus.sim.liveness import (
    a_partition_is_noticed_and_told_healed,
    the_dead_are_noticed,
    the_living_are_not_declared_dead,
)
from credimus.sim.member_saboteurs import MEMBER_WRONGS
from credimus.sim.network import Link, Network
from credimus.sim.opinions import same_blocks_same_standing
from credimus.sim.patching import patched
from credimus.sim.reaching import (
    a_block_reaches_all_that_can_be_reached,
    a_node_keeps_enough_neighbours,
    no_message_travels_in_a_loop,
    no_node_has_too_many_neighbours,
)
from credimus.sim.recovering_wrongs import RECOVERY_WRONGS
from credimus.sim.secrecy import only_readers_read
from credimus.sim.splits import (
    both_sides_reconcile_alike,
    severe_partition_refuses_writes_and_changes_nothing,
)
from credimus.sim.spoiling import (
    a_forwarder_that_forgets_whom_it_told,
    a_node_that_spreads_nothing,
    an_overlay_that_loses_neighbours,
    an_overlay_that_takes_everybody,
)
from credimus.state.beliefs import Beliefs
from credimus.state.electorates import Electorate
from credimus.state.operations import Choice, Vote
from credimus.state.rounds import Rounds
from credimus.state.standing import Standing
from credimus.state.verdict import Verdict


class Saboteur(msgspec.Struct, frozen=True, kw_only=True):
    """A wrong, the checker that it must trip, and the profile under which it shows."""

    sabotage: Callable[[Fleet], AbstractContextManager[None]]
    trips: type[Checker]
    profile: str
    nodes: int | None = None
    """Computers that it needs to show; as many as usual when None."""
    statements: int = 30
    """Groups of commands that it needs to show."""
    safety_s: int = 4
    """Virtual seconds under faults that it needs to show."""

    @property
    def name(self) -> str:
        """As tests show it."""
        return self.sabotage.__name__


@contextmanager
def a_fold_that_favours_the_first(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Of several assertions of a belief only the one that arrived first counts."""
    insert = Beliefs._insert  # noqa: SLF001

    def first_only(self: Beliefs, author: Any, counter: int, key: Any, claim: Any) -> None:
        if not self._claims.dots(key):
            insert(self, author, counter, key, claim)

    with patched(Beliefs, "_insert", first_only):
        yield


@contextmanager
def a_view_of_what_came_first(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Skill is worked out from the first beliefs that were voted on, in order of arrival."""
    items = Standing._items  # noqa: SLF001

    def first_few(self: Standing, *lens: Any) -> Iterator[Any]:
        return islice(items(self, *lens), 3)

    with patched(Standing, "_items", first_few):
        yield


@contextmanager
def a_threshold_of_one(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Any single vote decides."""

    def one(*_: Any) -> int:
        return 1

    with patched(Electorate, "value_needed", one), patched(Electorate, "quorum_count", one):
        yield


@contextmanager
def a_fold_that_trusts_every_electorate(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Whatever electorate is published may decide."""

    def fair(*_: Any) -> bool:
        return True

    with patched(Rounds, "_is_fair", fair):
        yield


@contextmanager
def a_node_that_votes_twice(fleet: Fleet) -> Iterator[None]:
    """The second node, or the only one, adds the opposite answer to each of its own."""
    liar = fleet.hosts[:2][-1].id
    vote = Author.vote

    def both(self: Author, said: Vote) -> None:
        vote(self, said)
        if self.id == liar:
            other = Choice.REJECT if said.choice is Choice.ACCEPT else Choice.ACCEPT
            vote(self, Vote(said.round, other, said.confidence))

    with patched(Author, "vote", both):
        yield


@contextmanager
def a_verdict_that_is_taken_back(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Recording a verdict opens its round again."""
    conclude = Rounds.conclude

    def reset(self: Rounds, said: Any, place: Any) -> None:
        conclude(self, said, place)
        for conclusion in said.conclusions:
            found = self.get(conclusion.round)
            if found is not None:
                found.verdict = Verdict.OPEN

    with patched(Rounds, "conclude", reset):
        yield


@contextmanager
def a_disk_that_forgets(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """A crash takes back the last blocks that were said to be durable."""
    stop = Host.stop

    def forgetful(self: Host) -> None:
        stop(self)
        wires = self.disk._rows  # noqa: SLF001
        for identifier in list(wires)[-_FORGOTTEN:]:
            del wires[identifier]

    with patched(Host, "stop", forgetful):
        yield


@contextmanager
def a_sync_that_never_pulls(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """What was lost on the way is never asked for."""

    def nothing(*_: Any, **__: Any) -> Effects[Any, Any, Any]:
        return Effects()

    with patched(Sync, "_pull", nothing):
        yield


@contextmanager
def a_proof_without_its_last_vote(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Certificates show one vote too few."""
    chosen = CastVotes.chosen

    def fewer(self: CastVotes) -> list[Spot]:
        return chosen(self)[:-1]

    with patched(CastVotes, "chosen", fewer):
        yield


@contextmanager
def a_door_that_checks_no_signature(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Whoever claims to be an author is believed."""

    def nothing(*_: Any) -> None:
        return None

    with patched(ingress, "check_signature", nothing):
        yield


@contextmanager
def a_door_that_counts_nothing(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Every member may write as much as it likes."""
    with patched(ingress, "left_after", lambda *_: 1 << 40):
        yield


@contextmanager
def a_network_that_garbles(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Some early messages arrive with another byte in their middle."""
    arrive = Network._arrive  # noqa: SLF001

    def garbled(self: Network, link: Link, payload: bytes) -> None:
        if self.message_count < 500 and self.message_count % 20 == 0:
            middle = len(payload) // 2
            payload = payload[:middle] + bytes((payload[middle] ^ 1,)) + payload[middle + 1 :]
        arrive(self, link, payload)

    with patched(Network, "_arrive", garbled):
        yield


@contextmanager
def a_disk_that_is_not_verified(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Rows are read as they are, checksum or not."""

    def read(self: Disk, identifier: Any) -> bytes:
        return self._rows[identifier].wire

    with patched(Disk, "_read", read):
        yield


@contextmanager
def a_probe_that_never_fails(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Nobody is accused of silence."""

    def nothing(self: Membership, probe: Probe, *_: Any) -> None:
        self._probes.end(probe.target)

    with patched(Membership, "_fail", nothing):
        yield


@contextmanager
def a_node_that_hears_no_probe(fleet: Fleet) -> Iterator[None]:
    """The second node does all its work, but becomes deaf to membership."""
    deaf = fleet.hosts[1].id
    hear = Membership._hear  # noqa: SLF001

    def nothing(self: Membership, *heard: Any) -> None:
        if self._own != deaf or fleet.agenda.now_ns < _DEAF_FROM_NS:
            hear(self, *heard)

    with patched(Membership, "_hear", nothing):
        yield


@contextmanager
def a_policy_that_permits_everything(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Whatever the level, writes are taken as ever."""

    def ever(*_: Any) -> Permit:
        return Permit()

    with patched(Partition, "permit", ever):
        yield


@contextmanager
def a_node_that_never_looks_around(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Who went away is not seen to have gone."""

    def nothing(*_: Any) -> None:
        return None

    with patched(Partition, "_look", nothing):
        yield


@contextmanager
def a_fleet_that_never_reconciles(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """What was accepted apart stays as it is."""

    def nothing(self: Reconciling, *_: Any) -> None:
        self._search_due = None

    with patched(Reconciling, "_search", nothing):
        yield


@contextmanager
def a_key_for_everybody(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Whoever is named as a reader, all members are given the key."""
    readers = Enclosing._readers  # noqa: SLF001

    def everybody(self: Enclosing, author: Any, names: Any) -> Any:
        return readers(self, author, (*names, "all"))

    with patched(Enclosing, "_readers", everybody):
        yield


SABOTEURS: tuple[Saboteur, ...] = (
    *(Saboteur(sabotage=w, trips=t, profile="recovery", safety_s=s) for w, t, s in RECOVERY_WRONGS),
    *(Saboteur(sabotage=w, trips=t, profile="checkpoints", safety_s=s) for w, t, s in WRONGS),
    Saboteur(
        sabotage=a_receiver_that_forgets_what_it_finished,
        trips=a_message_is_processed_at_most_once,
        profile="lossy",
    ),
    Saboteur(
        sabotage=a_disk_that_takes_no_records,
        trips=an_acknowledged_message_was_durable,
        profile="calm",
    ),
    Saboteur(
        sabotage=a_sender_that_sends_once,
        trips=at_least_once_arrives_after_healing,
        profile="lossy",
    ),
    Saboteur(sabotage=a_fold_that_favours_the_first, trips=same_blocks_same_state, profile="lossy"),
    Saboteur(sabotage=a_view_of_what_came_first, trips=same_blocks_same_standing, profile="lossy"),
    Saboteur(sabotage=a_threshold_of_one, trips=no_two_certificates_conflict, profile="lossy"),
    Saboteur(sabotage=a_threshold_of_one, trips=a_verdict_follows_from_its_votes, profile="calm"),
    Saboteur(
        sabotage=a_fold_that_trusts_every_electorate,
        trips=a_round_is_of_the_whole_fleet,
        profile="stacked",
    ),
    Saboteur(
        sabotage=a_node_that_votes_twice,
        trips=a_durable_vote_is_never_contradicted,
        profile="calm",
    ),
    Saboteur(
        sabotage=a_verdict_that_is_taken_back,
        trips=a_decided_belief_stays_decided,
        profile="calm",
    ),
    Saboteur(
        sabotage=a_disk_that_forgets, trips=a_durable_vote_is_never_contradicted, profile="churn"
    ),
    Saboteur(sabotage=a_disk_that_forgets, trips=nothing_acknowledged_is_lost, profile="storm"),
    Saboteur(sabotage=a_sync_that_never_pulls, trips=healed_fleet_converges, profile="lossy"),
    Saboteur(
        sabotage=a_proof_without_its_last_vote,
        trips=every_verdict_has_a_certificate,
        profile="calm",
    ),
    Saboteur(
        sabotage=a_door_that_checks_no_signature,
        trips=nothing_unsigned_is_taken,
        profile="byzantine",
    ),
    Saboteur(sabotage=a_door_that_counts_nothing, trips=nothing_exceeds_its_limit, profile="flood"),
    Saboteur(
        sabotage=a_network_that_garbles, trips=an_honest_peer_is_never_faulted, profile="calm"
    ),
    Saboteur(
        sabotage=a_disk_that_is_not_verified,
        trips=no_node_starts_from_a_damaged_disk,
        profile="disk",
    ),
    *(Saboteur(sabotage=what, trips=whom, profile=where) for what, whom, where in MEMBER_WRONGS),
    Saboteur(sabotage=a_key_for_everybody, trips=only_readers_read, profile="calm"),
    Saboteur(
        sabotage=a_probe_that_never_fails, trips=the_dead_are_noticed, profile="absent", safety_s=12
    ),
    Saboteur(
        sabotage=a_node_that_hears_no_probe,
        trips=the_living_are_not_declared_dead,
        profile="calm",
        safety_s=8,
    ),
    Saboteur(
        sabotage=a_node_that_spreads_nothing,
        trips=a_block_reaches_all_that_can_be_reached,
        profile="calm",
        nodes=13,
        statements=8,
        safety_s=8,
    ),
    Saboteur(
        sabotage=a_forwarder_that_forgets_whom_it_told,
        trips=no_message_travels_in_a_loop,
        profile="crowd",
        nodes=13,
        statements=3,
        safety_s=3,
    ),
    Saboteur(
        sabotage=an_overlay_that_takes_everybody,
        trips=no_node_has_too_many_neighbours,
        profile="crowd",
        nodes=16,
        statements=3,
        safety_s=2,
    ),
    Saboteur(
        sabotage=an_overlay_that_loses_neighbours,
        trips=a_node_keeps_enough_neighbours,
        profile="calm",
        nodes=13,
        statements=3,
        safety_s=6,
    ),
    Saboteur(
        sabotage=a_policy_that_permits_everything,
        trips=severe_partition_refuses_writes_and_changes_nothing,
        profile="apart",
        safety_s=16,
    ),
    Saboteur(
        sabotage=a_node_that_never_looks_around,
        trips=a_partition_is_noticed_and_told_healed,
        profile="apart",
        safety_s=25,
    ),
    Saboteur(
        sabotage=a_fleet_that_never_reconciles,
        trips=both_sides_reconcile_alike,
        profile="apart",
        safety_s=16,
    ),
)

_FORGOTTEN, _DEAF_FROM_NS = 40, 4 * SECOND
