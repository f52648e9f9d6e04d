"""Small wrongs in how members hold each other, under which a checker must fail."""

from collections.abc import Iterator
from contextlib import contextmanager

from credimus.protocol.vigilance import docket
from credimus.protocol.vigilance.claims import Claims
from credimus.protocol.vigilance.interface import Claim, StateClaim
from credimus.sim.checkers.vigilant import (
    a_liar_about_its_state_is_noticed,
    an_honest_member_is_never_quarantined,
)
from credimus.sim.fleet import Fleet
from credimus.sim.saboteurs.patching import patched


@contextmanager
def a_node_that_believes_any_accuser(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """One member's word is enough."""
    with patched(docket, "witnesses_needed", lambda _: 1):
        yield


@contextmanager
def a_node_that_compares_no_claims(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Claims are kept, and never held against anybody."""
    note = Claims.note

    def unjudged(self: Claims, claim: StateClaim, message: Claim) -> None:
        note(self, claim, message)

    with patched(Claims, "differs", lambda *_: False), patched(Claims, "note", unjudged):
        yield


VIGILANCE_WRONGS = (
    (a_node_that_believes_any_accuser, an_honest_member_is_never_quarantined, "deceit"),
    (a_node_that_compares_no_claims, a_liar_about_its_state_is_noticed, "deceit"),
)
"""Each wrong, the checker that it must trip, and the profile under which it shows."""
