"""What a node holds, as the API's shapes: receipts and beliefs. Changes nothing."""

import msgspec

from credimus.api.endpoints.partitions import outcome_views
from credimus.api.shapes import answers as shapes
from credimus.api.shapes import inputs
from credimus.kernel.fixed import ratio
from credimus.kernel.hlc import stamp_of, wall_ms_of
from credimus.kernel.ids import BeliefId
from credimus.kernel.odds import BILLION
from credimus.lace.enclosing import is_enclosed, name_in
from credimus.node.node import Node
from credimus.node.showing.disclosing import disclosed
from credimus.node.showing.queries import name_of
from credimus.runtime.daemon import Daemon
from credimus.runtime.receipt import Progress, Receipt
from credimus.runtime.store.interface import BeliefQuery, BeliefRow, cursor_after
from credimus.state.beliefs import Belief
from credimus.state.fleet import FleetState
from credimus.state.opinion.standing import Credence
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

_WALL_MS_MAX = (1 << 47) - 1


def receipt_view(receipt: Receipt, progress: Progress) -> shapes.Receipt:
    """How far a write has come."""
    written = receipt.written
    verdict = None if written.belief is None else progress.verdict(written.belief)
    return shapes.Receipt(
        belief=written.belief.hex() if written.belief is not None else None,
        round=written.round.hex() if written.round is not None else None,
        author=written.author.hex(),
        sequence=receipt.sequence,
        replicas=receipt.replicas(),
        verdict=word(verdict),
        standing=None if written.standing is None else written.standing.word,  # type: ignore[arg-type]
        reason=written.reason,
    )


def page_view(daemon: Daemon, asked: inputs.BeliefsAsked) -> shapes.BeliefPage:
    """The beliefs that meet some conditions, as of the node's last step."""
    daemon.projector.flush()
    since = None if asked.since is None else stamp_of(min(asked.since, _WALL_MS_MAX))
    rows = daemon.models.beliefs(
        BeliefQuery(
            category=asked.category,
            verdict=asked.verdict,
            since=since,
            text=asked.text,
            limit=asked.limit,
            cursor=asked.cursor,
        )
    )
    return shapes.BeliefPage(
        beliefs=[row_view(daemon.node, row) for row in rows],
        cursor=cursor_after(rows[-1]) if len(rows) == asked.limit else None,
    )


def row_view(node: Node, row: BeliefRow) -> shapes.BeliefItem:
    """A belief of the read models."""
    credence = node.state.standing.credence(BeliefId(row.id))
    belief = node.state.beliefs.get(BeliefId(row.id))
    return shapes.BeliefItem(
        id=row.id.hex(),
        category=row.category,
        content=row.content,
        confidence=ratio(row.confidence),
        verdict=row.verdict,  # type: ignore[arg-type]
        credence=credence_shown(credence),
        votes=credence.votes,
        witnesses_effective=credence.witnesses,
        attempt=row.attempt,
        assertion_count=row.assertion_count,
        asserted_ms=wall_ms_of(row.first_stamp),
        changed_ms=wall_ms_of(row.changed_stamp),
        enclosed=belief is not None and is_enclosed(belief.content),
    )


def belief_view(node: Node, belief: Belief) -> shapes.BeliefDetail:
    """Everything about one belief, as this node can read it."""
    state, name = node.state, name_in(belief.content)
    reconciled = outcome_views(node, belief.id)
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
    credence = state.standing.credence(belief.id)
    alternatives = [one.other for one in reconciled if one.effect == "alternative"]
    relations += [
        shapes.RelationItem(source=belief.id.hex(), relation="alternative_to", target=other)
        for other in alternatives
    ]
    view = shapes.BeliefDetail(
        id=belief.id.hex(),
        category=belief.category,
        content=belief.content,
        confidence=ratio(state.beliefs.confidence(belief.id)),
        verdict=word(state.rounds.verdict(belief.id)),
        credence=credence_shown(credence),
        votes=credence.votes,
        witnesses_effective=credence.witnesses,
        asserted_ms=wall_ms_of(belief.origin[0]),
        assertions=assertions,
        relations=relations,
        rounds=[round_view(state, one) for one in state.rounds.on(belief.id)],
        reconciled=reconciled,
    )
    if name is None:
        return view
    readers = [reader.hex() for reader in state.enclosures.readers(name)]
    return disclosed(msgspec.structs.replace(view, readers=readers), node.reading.shown)


def credence_shown(credence: Credence) -> float:
    """A credence as JSON says it: to a millionth."""
    return round(credence.billionths / BILLION, 6)


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
