"""What the API's requests mean, as commands of a node; how far their writes must have come."""

from credimus.api.errors import Waited
from credimus.api.shapes import inputs
from credimus.api.views.beliefs import receipt_view
from credimus.kernel.errors import Unavailable, UsageError
from credimus.kernel.fixed import millionths
from credimus.kernel.ids import ID_BYTES, BeliefId, RoundId
from credimus.node.commands import (
    AnyCommand,
    AssertBelief,
    CastVote,
    ProposeBelief,
    RelateBeliefs,
    RetractBelief,
    ShareBelief,
    Written,
)
from credimus.node.showing.queries import find_belief
from credimus.protocol.dissemination.urgency import Urgency
from credimus.runtime.access.principals import OWNER, Principal
from credimus.runtime.daemon import Daemon
from credimus.runtime.receipt import Receipt
from credimus.runtime.settings.settings import rules_of
from credimus.state.operations import Choice, Evidence, Relation, Rules


def assertion(daemon: Daemon, asked: inputs.NewBelief) -> AssertBelief:
    """States a belief."""
    if asked.wait_for == "decided" and not asked.propose:
        raise UsageError("bad-field", "wait_for decided needs propose: nobody votes otherwise.")
    return AssertBelief(
        content=asked.content,
        category=asked.category,
        confidence=millionths(asked.confidence, "confidence"),
        evidence=tuple(Evidence(one.kind, one.content) for one in asked.evidence),
        ttl_ms=asked.ttl_ms,
        propose=asked.propose,
        readers=asked.readers,
        rules=_rules(daemon, asked),
        urgency=urgency_of(asked.urgency),
    )


def vote(daemon: Daemon, belief: str, asked: inputs.NewVote) -> CastVote:
    """Votes in the open round on a belief."""
    return CastVote(
        belief=named(daemon, belief),
        choice=Choice[asked.choice.upper()],
        confidence=millionths(asked.confidence, "confidence"),
        reason=asked.reason,
        urgency=urgency_of(asked.urgency),
    )


def retraction(daemon: Daemon, belief: str, asked: inputs.NewRetraction) -> RetractBelief:
    """Takes back the node's own assertions of a belief."""
    return RetractBelief(
        belief=named(daemon, belief), reason=asked.reason, urgency=urgency_of(asked.urgency)
    )


def sharing(daemon: Daemon, belief: str, asked: inputs.NewReaders) -> ShareBelief:
    """Lets further members read an enclosed belief."""
    return ShareBelief(
        belief=named(daemon, belief), readers=asked.readers, urgency=urgency_of(asked.urgency)
    )


def relation(daemon: Daemon, belief: str, asked: inputs.NewRelation) -> RelateBeliefs:
    """States how one belief bears on another."""
    return RelateBeliefs(
        source=named(daemon, belief),
        relation=Relation[asked.relation.upper()],
        target=named(daemon, asked.target),
        urgency=urgency_of(asked.urgency),
    )


def proposal(daemon: Daemon, belief: str, asked: inputs.NewRound) -> ProposeBelief:
    """Opens a further attempt on a belief."""
    return ProposeBelief(
        belief=named(daemon, belief), rules=_rules(daemon, asked), urgency=urgency_of(asked.urgency)
    )


async def write(
    daemon: Daemon,
    command: AnyCommand,
    wait: inputs.Wait,
    key: str | None,
    principal: Principal = OWNER,
) -> Receipt:
    """Carry out a command, once under a key, and wait for what its caller asked.

    Raises:
        UsageError, Unavailable, StorageError: as `Driver.submit`.
        Waited: it is written, but what is waited for has not come.
    """
    check_wait(daemon, wait.wait_for)
    if key is None or daemon.driver.keys.first(key, command) is None:
        daemon.rates.check_write(principal, command)
    receipt = daemon.driver.submit(command, key)
    return await waited(daemon, receipt, wait.wait_for, wait.timeout)


async def waited(daemon: Daemon, receipt: Receipt, wait_for: str, timeout: float) -> Receipt:
    """The receipt, once its write has come so far.

    Raises:
        StorageError: it could not be made durable.
        Waited: what is waited for has not come.
    """
    await receipt.local()
    try:
        replicas = _replicas(wait_for)
        if replicas:
            await receipt.replicated(replicas, timeout)
        elif wait_for == "decided" and receipt.written.belief is not None:
            await receipt.decided(timeout)
    except Unavailable as problem:
        view = receipt_view(receipt, daemon.driver)
        raise Waited(problem.code, problem.message, view) from None
    return receipt


def receipt_of(daemon: Daemon, sequence: str, asked: inputs.ReceiptAsked) -> Receipt:
    """The receipt of an earlier write of this node, by what its first answer said.

    Raises:
        UsageError: `bad-field`, when this node has written no such block.
    """
    head = daemon.node.lace.head(daemon.node.id)
    written = head.sequence if head is not None else 0
    digits = sequence.isascii() and sequence.isdecimal() and len(sequence) < 16
    if not (digits and 1 <= int(sequence) <= written):
        raise UsageError(
            "bad-field", f"{sequence[:40]!r} is none of the {written} blocks of this node."
        )
    check_wait(daemon, asked.wait_for)
    belief = None if asked.belief is None else named(daemon, asked.belief)
    round_ = None if asked.round is None else _round(asked.round)
    receipt = Receipt(Written(daemon.node.id, belief, round_, standing=None), daemon.driver)
    receipt.settle(int(sequence))
    return receipt


def urgency_of(word: inputs.UrgencyName) -> Urgency:
    """How soon others are to know."""
    return Urgency[word.upper()]


def named(daemon: Daemon, belief: str) -> BeliefId:
    """The belief of an id, or of a beginning of one."""
    return find_belief(daemon.node.state, belief).id


def check_wait(daemon: Daemon, wait_for: str) -> None:
    """Refuse to wait for more members than the fleet has."""
    word, _, count = wait_for.partition(":")
    members = len(daemon.node.state.roster.current)
    if word == "replicated" and not 1 <= int(count) <= members:
        raise UsageError(
            "out-of-range", f"wait_for is {wait_for}; the fleet has {members} members to hold it."
        )


def _replicas(wait_for: str) -> int:
    """How many members must hold the write; 0 when that is not waited for."""
    word, _, count = wait_for.partition(":")
    return int(count) if word == "replicated" else 0


def _round(name: str) -> RoundId:
    try:
        identifier = bytes.fromhex(name)
    except ValueError:
        identifier = b""
    if len(identifier) != ID_BYTES:
        raise UsageError("bad-field", f"round {name[:40]!r} is no id of {2 * ID_BYTES} hex digits.")
    return RoundId(identifier)


def _rules(daemon: Daemon, asked: inputs.NewRules) -> Rules | None:
    """The rules asked for, completed by the node's own; None when nothing is asked for."""
    if asked.scheme is asked.threshold is asked.aggregation is None:
        return None
    own = daemon.settings.voting
    scheme = asked.scheme or own.scheme
    threshold = asked.threshold
    if threshold is None and scheme == own.scheme:
        threshold = own.threshold
    return rules_of(scheme, threshold, asked.aggregation or own.aggregation)
