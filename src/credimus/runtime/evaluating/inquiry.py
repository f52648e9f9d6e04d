"""A question with what a stranger to the node needs to judge it: callbacks and webhooks get this.

Ids are hex, ratios numbers from 0 to 1, times milliseconds since the Unix epoch, as in the API.
"""

import msgspec

from credimus.kernel import limits
from credimus.kernel.fixed import ratio
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import BeliefId
from credimus.node.node import Node
from credimus.node.showing.queries import name_of
from credimus.protocol.voting.interface import Question
from credimus.state.voting.round import Round


class Proof(msgspec.Struct, frozen=True):
    """A piece of evidence."""

    kind: str
    content: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One member's assertion of the belief."""

    author: str
    name: str
    """The author's; empty when it is no member now. Members name themselves: rely on ids."""
    confidence: float
    said_ms: int
    evidence: tuple[Proof, ...]


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """Would this elector accept this belief?"""

    fleet: str
    node: str
    """Who asks."""
    elector: str
    """Who votes: the node itself, or a member that it hosts."""
    elector_name: str
    round: str
    attempt: int
    ends_ms: int
    """When the round may be closed; later answers are of no use."""
    belief: str
    content: str
    category: str
    assertions: tuple[Said, ...]
    """The boldest first."""
    assertion_count: int
    """Of all; those past a limit are left out."""


def inquiry_of(node: Node, question: Question, found: Round) -> Inquiry:
    """The question with the round's time and what is asserted.

    Args:
        found: the round that is asked about.
    """
    state = node.state
    said = state.beliefs.assertions(BeliefId(question.belief))
    said.sort(key=lambda one: (-one[2].confidence, one[0], one[1]))
    return Inquiry(
        fleet=node.fleet.hex(),
        node=node.id.hex(),
        elector=question.elector.hex(),
        elector_name=name_of(state, question.elector),
        round=question.round.hex(),
        attempt=found.attempt,
        ends_ms=wall_ms_of(found.opened_stamp) + found.timeout_ms,
        belief=question.belief.hex(),
        content=node.reading.shown(question.content),
        category=question.category,
        assertions=tuple(
            Said(
                author=author.hex(),
                name=name_of(state, author),
                confidence=ratio(one.confidence),
                said_ms=wall_ms_of(one.stamp),
                evidence=tuple(
                    Proof(item.kind, node.reading.shown(item.content)) for item in one.evidence
                ),
            )
            for author, _, one in said[: limits.INQUIRY_ASSERTIONS_MAX]
        ),
        assertion_count=len(said),
    )
