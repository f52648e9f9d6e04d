"""Domain values as the API's shapes. Pure."""

from credimus.api import shapes
from credimus.kernel.fixed import ratio
from credimus.kernel.hlc import wall_ms_of
from credimus.node.queries import name_of
from credimus.runtime.evaluating.asking import Asking
from credimus.runtime.receipt import Receipt
from credimus.runtime.store.interface import BeliefRow
from credimus.state.beliefs import Belief
from credimus.state.fleet import FleetState
from credimus.state.round import Round
from credimus.state.verdict import Verdict


def receipt_view(receipt: Receipt, verdict: Verdict | None) -> shapes.Receipt:
    """How far a write has come."""
    written = receipt.written
    return shapes.Receipt(
        belief=written.belief.hex() if written.belief is not None else None,
        round=written.round.hex() if written.round is not None else None,
        author=written.author.hex(),
        sequence=receipt.sequence,
        replicas=receipt.replicas(),
        verdict=word(verdict),
    )


def evaluating_view(asking: Asking) -> shapes.Evaluating:
    """What became of the questions to slow evaluators."""
    return shapes.Evaluating(
        waiting=asking.waiting_count,
        running=asking.running_count,
        overflow=asking.overflow_count,
        late=asking.late_count,
        uncast=asking.uncast_count,
        evaluators=[
            shapes.EvaluatorItem(
                name=one.name,
                asked=one.asked_count,
                answered=one.answered_count,
                left=one.left_count,
                failures=dict(sorted(one.failures.items())),
                failing=one.is_failing,
            )
            for one in asking.counts
        ],
    )


def row_view(row: BeliefRow) -> shapes.BeliefItem:
    """A belief of the read models."""
    return shapes.BeliefItem(
        id=row.id.hex(),
        category=row.category,
        content=row.content,
        confidence=ratio(row.confidence),
        verdict=row.verdict,  # type: ignore[arg-type]
        attempt=row.attempt,
        assertion_count=row.assertion_count,
        asserted_ms=wall_ms_of(row.first_stamp),
        changed_ms=wall_ms_of(row.changed_stamp),
    )


def belief_view(state: FleetState, belief: Belief) -> shapes.BeliefDetail:
    """Everything about one belief."""
    assertions = [
        shapes.AssertionItem(
            author=author.hex(),
            name=name_of(state, author),
            confidence=ratio(said.confidence),
            asserted_ms=wall_ms_of(said.stamp),
            ttl_ms=said.ttl_ms,
            evidence=[shapes.EvidenceItem(one.kind, one.content) for one in said.evidence],
        )
        for author, _, said in state.beliefs.assertions(belief.id)
    ]
    relations = [
        shapes.RelationItem(
            source=link.source.hex(),
            relation=link.relation.name.lower(),  # type: ignore[arg-type]
            target=link.target.hex(),
        )
        for link in state.beliefs.links(belief.id)
    ]
    return shapes.BeliefDetail(
        id=belief.id.hex(),
        category=belief.category,
        content=belief.content,
        confidence=ratio(state.beliefs.confidence(belief.id)),
        verdict=word(state.rounds.verdict(belief.id)),
        asserted_ms=wall_ms_of(belief.origin[0]),
        assertions=assertions,
        relations=relations,
        rounds=[round_view(state, one) for one in state.rounds.on(belief.id)],
    )


def round_view(state: FleetState, one: Round) -> shapes.RoundItem:
    """A voting round with its votes."""
    votes = [
        shapes.VoteItem(
            elector=elector.hex(),
            name=name_of(state, elector),
            choice=choice.name.lower(),  # type: ignore[arg-type]
        )
        for elector, position in one.electorate.position.items()
        for choice in one.choices(position)
    ]
    return shapes.RoundItem(
        id=one.id.hex(),
        attempt=one.attempt,
        scheme=one.rules.scheme.name.lower(),  # type: ignore[arg-type]
        aggregation=one.rules.aggregation.name.lower(),  # type: ignore[arg-type]
        verdict=one.verdict.word,  # type: ignore[arg-type]
        electors=len(one.electorate),
        quorum=one.quorum_count,
        value_needed=one.value_needed,
        accept_value=one.accept_value,
        reject_value=one.reject_value,
        opened_ms=wall_ms_of(one.opened_stamp),
        timeout_ms=one.timeout_ms,
        votes=votes,
        refusals=[f"{elector.hex()}: {reason}" for elector, reason in one.refusals],
    )


def word(verdict: Verdict | None) -> shapes.VerdictName | None:
    """A verdict as JSON says it."""
    return None if verdict is None else verdict.word  # type: ignore[return-value]
