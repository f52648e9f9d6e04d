"""Small wrongs: each patches a class for the length of one run, reaching into private parts on
purpose. Which sentence each must break stands in table.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from credimus.certificate.archive import Spot
from credimus.certificate.votes import CastVotes
from credimus.kernel.effects import Effects, Wake
from credimus.kernel.instant import SECOND
from credimus.node.saying.author import Author
from credimus.node.saying.enclosing import Enclosing
from credimus.node.taking import allowing, ingress
from credimus.protocol.membership.machine import Membership
from credimus.protocol.membership.probing import Probe
from credimus.protocol.partition.interface import Permit
from credimus.protocol.partition.machine import Partition
from credimus.protocol.partition.reconciling import Reconciling
from credimus.protocol.reunion.stepping import Stepping
from credimus.protocol.sync.machine import Sync
from credimus.sim import fleet as fleet_module
from credimus.sim.disk import Disk
from credimus.sim.fleet import Fleet
from credimus.sim.host import Host
from credimus.sim.network import Link, Network
from credimus.sim.saboteurs.patching import patched
from credimus.state.beliefs import Beliefs
from credimus.state.operations import Choice, Vote
from credimus.state.opinion.standing import Standing
from credimus.state.voting.electorates import Electorate
from credimus.state.voting.rounds import Rounds
from credimus.state.voting.verdict import Verdict


@contextmanager
def a_fold_that_favours_the_first(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Of several assertions of a belief only the one that arrived first counts."""
    insert = Beliefs._insert  # noqa: SLF001

    def first_only(self: Beliefs, author: Any, counter: int, key: Any, claim: Any) -> Any:
        return [] if self._claims.dots(key) else insert(self, author, counter, key, claim)

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
def a_node_that_does_not_wait_for_its_disk(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Own blocks, too, are sent before they are written, and are never synced."""
    with patched(fleet_module, "waits_for_disk", lambda _: False):
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
    with patched(allowing, "left_after", lambda *_: 1 << 40):
        yield


@contextmanager
def a_door_that_counts_no_category(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Every member may state as much of each category as it likes, within its units."""
    with patched(allowing.Allowances, "excess", lambda *_: ""):
        yield


@contextmanager
def a_network_that_garbles(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Some early messages arrive with another byte in their middle."""
    arrive = Network._arrive  # noqa: SLF001

    def garbled(self: Network, link: Link, payload: bytes, wake: Wake) -> None:
        if self.message_count < 500 and self.message_count % 20 == 0:
            middle = len(payload) // 2
            payload = payload[:middle] + bytes((payload[middle] ^ 1,)) + payload[middle + 1 :]
        arrive(self, link, payload, wake)

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
def an_undoing_that_takes_nothing_back(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """A reunion is called undone, and what it said stands."""

    def nothing(*_: Any) -> list[object]:
        return []

    with patched(Stepping, "undo", nothing):
        yield


@contextmanager
def a_key_for_everybody(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Whoever is named as a reader, all members are given the key."""
    readers = Enclosing._readers  # noqa: SLF001

    def everybody(self: Enclosing, author: Any, names: Any) -> Any:
        return readers(self, author, (*names, "all"))

    with patched(Enclosing, "_readers", everybody):
        yield


_FORGOTTEN = 40
_DEAF_FROM_NS = 4 * SECOND
