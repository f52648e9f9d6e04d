"""Small wrongs about members, as in table.py."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from credimus.kernel.effects import Effects
from credimus.kernel.ids import NodeId
from credimus.lace.lace import Place
from credimus.node.showing.reading import Reading
from credimus.node.telling.shielding import Shield
from credimus.protocol.vigilance.machine import Vigilance
from credimus.sim.checkers.membering import (
    an_equivocator_is_exposed_to_all,
    an_expelled_member_gets_nothing_more,
    an_honest_member_is_never_expelled,
    every_member_was_admitted,
    nothing_unauthorised_is_folded,
)
from credimus.sim.checkers.secrecy import only_readers_read
from credimus.sim.fleet import Fleet
from credimus.sim.saboteurs.patching import patched
from credimus.state.member_operations import Vouch
from credimus.state.membership import members, roster
from credimus.state.membership.draft import Draft
from credimus.state.membership.law import Law
from credimus.state.membership.roster import Roster
from credimus.state.operations import Admit, Operation


@contextmanager
def an_expulsion_by_one_word(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Whoever says that a member is to go has it gone."""

    def one(law: Law, *_: Any) -> dict[NodeId, int]:
        return {who: term for who, term, _ in law.ballots}

    with patched(members, "_expulsions", one):
        yield


@contextmanager
def a_vigilance_that_sleeps(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Equivocations are seen, and nobody proves them."""

    def nothing(*_: Any) -> Effects[Any, Any, Any]:
        return Effects()

    with patched(Vigilance, "tick", nothing), patched(Vigilance, "deadline", lambda _: None):
        yield


@contextmanager
def a_door_that_asks_for_no_permission(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Members may say whatever they like."""

    def nothing(*_: Any) -> None:
        return None

    with patched(roster, "check_permitted", nothing):
        yield


@contextmanager
def a_node_that_forgets_its_former_keys(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Who takes a new key throws the old one away."""

    def nothing(*_: Any) -> None: ...

    with patched(Reading, "lend", nothing):
        yield


@contextmanager
def a_word_that_admits(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Whoever is vouched for is a member from then on."""

    class Unheard:
        """Nothing that is said is one."""

    def say(draft: Draft, said: Operation, index: int) -> None:
        if isinstance(said, Vouch):
            draft._endorse(Admit(said.public_key, said.name, ""), index)  # noqa: SLF001
        else:
            honest(draft, said, index)

    def apply(self: Roster, place: Place, operations: Sequence[Operation], past: Any) -> Any:
        for said in operations:
            if isinstance(said, Vouch):
                self.vouches.note(said, place)
        return fold(self, place, operations, past)

    honest, fold = Draft.say, Roster.apply
    with (
        patched(roster, "Vouch", Unheard),
        patched(Draft, "say", say),
        patched(Roster, "apply", apply),
    ):
        yield


@contextmanager
def a_shield_that_hides_nothing(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Messages go out in the clear, whoever was expelled."""

    def clear(_: Shield, payload: bytes, to: object = None) -> bytes:  # noqa: ARG001
        return payload

    with patched(Shield, "wrapped", clear):
        yield


MEMBER_WRONGS = (
    (an_expulsion_by_one_word, an_honest_member_is_never_expelled, "slander"),
    (a_vigilance_that_sleeps, an_equivocator_is_exposed_to_all, "byzantine"),
    (a_shield_that_hides_nothing, an_expelled_member_gets_nothing_more, "expulsion"),
    (a_node_that_forgets_its_former_keys, only_readers_read, "rotation"),
    (a_word_that_admits, every_member_was_admitted, "tickets"),
    (a_door_that_asks_for_no_permission, nothing_unauthorised_is_folded, "slander"),
)
"""Each wrong, the checker that it must trip, and the profile under which it shows."""
