"""Who equivocated in what a node holds, and which hosted members can still speak. Pure."""

from collections.abc import Sequence

from credimus.lace.lace import Lace
from credimus.node.saying.author import Author
from credimus.protocol.vigilance.interface import Suspected, Suspicion
from credimus.state.fleet import FleetState


def suspected(lace: Lace, state: FleetState) -> Suspected:
    """Every equivocation that the blocks show, proven or not."""
    known = [Suspicion(who, fork=(one, other)) for who, one, other in lace.forks()]
    for found in state.rounds:
        known += [Suspicion(voter, round=found.id) for voter in found.culprits()]
    return Suspected(known)


def able(authors: Sequence[Author], state: FleetState) -> list[Author]:
    """The hosted members whose blocks all others take."""
    roster = state.roster.current
    return [
        author
        for author in authors
        if not author.forked and author.id in roster and author.id not in roster.exposed
    ]
