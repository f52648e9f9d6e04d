"""A node in this process, for people: names, numbers and texts in, the API's shapes out.

Deliberately not here: the HTTP API of such a node (`credimus up` has it), founding and joining.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Unpack

from credimus.api import commands
from credimus.api.endpoints.convergence import convergence_view
from credimus.api.shapes import answers as shapes
from credimus.api.shapes import inputs
from credimus.api.shapes.convergence import ConvergenceAsked, ConvergenceView
from credimus.api.shapes.members import MemberItem
from credimus.api.views.beliefs import belief_view, page_view
from credimus.api.views.fleet import events_view, members_view, status_view
from credimus.kernel.errors import Unavailable
from credimus.library.comparing import Similarity
from credimus.library.fields import (
    Filter,
    Ruling,
    SomeEvidence,
    Stating,
    Waiting,
    evidence_fields,
    filter_fields,
    known_kinds,
    read,
    wanted,
)
from credimus.library.judging import Judge
from credimus.library.loading import loaded
from credimus.library.membering import MemberCalls
from credimus.library.messages import Messaging
from credimus.library.receipt import Receipt
from credimus.library.renewing import KeyCalls, Lives, living
from credimus.library.troubles import Troubles
from credimus.node.commands import AnyCommand
from credimus.node.showing.disclosing import disclosed
from credimus.node.showing.queries import find_belief
from credimus.runtime.daemon import Daemon
from credimus.runtime.feed import Mark
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import Ask
from credimus.why.explain import explain
from credimus.why.explanation import Explanation

EVENTS_AT_ONCE = 256
"""Events that a watcher is given before it must ask again. [guess]"""


class Node(Messaging, MemberCalls, KeyCalls, Troubles):
    """One node at work. Beliefs are named by their ids, or by unambiguous beginnings of them.

    Every write takes `wait_for=` (`local`, `replicated:K` or `decided`), `timeout=` and `key=`, see
    `Waiting`; what opens a round takes `scheme=`, `threshold=` and `aggregation=`, see `Ruling`.

    Example:
        >>> receipt = await node.assert_belief("route 9 is blocked", wait_for="decided")
        >>> receipt.verdict
        'accepted'
    """

    def __init__(self, daemon: Daemon, lives: Lives | None = None) -> None:
        self._first = daemon
        self._lives = lives

    @property
    def _daemon(self) -> Daemon:
        daemon, closed = self._first, self._first.driver.closed
        if self._lives is not None:
            self._lives.check_thread()
            daemon, closed = self._lives.daemon, self._lives.ended
        if closed:
            raise Unavailable("stopping", "this node is closed, or is stopping; open it again.")
        return daemon

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: str | Path, judge: Judge | None = None, similarity: Similarity | None = None
    ) -> "AsyncIterator[Node]":
        """Run the node of a folder, made by `credimus init` or `credimus join`.

        Args:
            judge: how it votes; as its settings say when None.
            similarity: how statements that were accepted apart bear on each other; by their words
                when None.

        Raises:
            NotFound: `no-node-here`.
            Conflict: `folder-in-use`, when it runs already; `port-in-use`.

        Example:
            >>> async with credimus.Node.open(elsewhere) as opened:
            ...     opened.status().members
            1
        """

        async def begin(ask: Ask | None) -> Daemon:
            daemon = loaded(Home(Path(path)), None, judge, ask, similarity)
            return await daemon.__aenter__()

        async with living(begin) as lives:
            yield cls(lives.daemon, lives)

    # --- writing

    async def assert_belief(
        self,
        content: str,
        *,
        confidence: float = 1.0,
        evidence: Sequence[SomeEvidence] = (),
        **options: Unpack[Stating],
    ) -> Receipt:
        """State a belief, and put it to the vote unless a round is open or it is accepted.

        Args:
            confidence: 0 to 1.
            evidence: up to ten texts, pairs of kind and content, or `Evidence`.
            options: see `Stating`.

        Raises:
            UsageError: nothing was changed.
            NotFound, Conflict: `unknown-member`, `ambiguous-member`, of a reader.
            Conflict: `key-reused`.
            Waited: it is written, but what is waited for has not come in time.

        Example:
            >>> seen = ["a ship at berth 4", ("camera", "frame 81")]
            >>> said = "berth 4 is taken"
            >>> receipt = await node.assert_belief(said, confidence=0.9, evidence=seen)
            >>> await receipt.decided()
            'accepted'
        """
        given = {
            "content": content, "confidence": confidence, "evidence": evidence_fields(evidence),
            **options, "readers": list(options.get("readers", ())),
        }  # fmt: skip
        asked = read(inputs.NewBelief, given)
        return await self._write(commands.assertion(self._daemon, asked), asked)

    async def vote(
        self,
        belief: str,
        choice: shapes.ChoiceName,
        *,
        confidence: float = 1.0,
        reason: str = "",
        **options: Unpack[Waiting],
    ) -> Receipt:
        """Vote in the open round on a belief; a vote is final.

        Raises:
            Conflict: `already-voted`, `round-closed`, `not-an-elector`.

        Example:
            >>> receipt = await node.assert_belief("the judge is undecided")
            >>> later = await node.vote(receipt.belief, "reject", reason="it made up its mind")
            >>> await later.decided()
            'rejected'
        """
        given = {"choice": choice, "confidence": confidence, "reason": reason, **options}
        asked = read(inputs.NewVote, given)
        return await self._write(commands.vote(self._daemon, belief, asked), asked)

    async def retract(self, belief: str, reason: str = "", **options: Unpack[Waiting]) -> Receipt:
        """Take back this node's own assertions of a belief.

        Raises:
            Conflict: `nothing-to-retract`.

        Example:
            >>> receipt = await node.assert_belief("the crane works")
            >>> retracted = await node.retract(receipt.belief, "it was the other crane")
            >>> node.belief(receipt.belief).assertions
            []
        """
        asked = read(inputs.NewRetraction, {"reason": reason, **options})
        return await self._write(commands.retraction(self._daemon, belief, asked), asked)

    async def share(
        self, belief: str, readers: Sequence[str], **options: Unpack[Waiting]
    ) -> Receipt:
        """Let further members read an enclosed belief.

        Args:
            readers: members by name or id, or `all` for those of now.

        Raises:
            UsageError: `not-enclosed`.
            Conflict: `not-a-reader`.
            NotFound, Conflict: `unknown-member`, `ambiguous-member`, of a reader.

        Example:
            >>> receipt = await node.assert_belief("the keeper is ill", readers=["all"])
            >>> shared = await node.share(receipt.belief, ["all"])
            >>> node.belief(receipt.belief).content
            'the keeper is ill'
        """
        asked = read(inputs.NewReaders, {"readers": tuple(readers), **options})
        return await self._write(commands.sharing(self._daemon, belief, asked), asked)

    async def relate(
        self, belief: str, relation: shapes.RelationName, target: str, **options: Unpack[Waiting]
    ) -> Receipt:
        """State how one belief bears on another.

        Example:
            >>> rain = await node.assert_belief("it rains")
            >>> flood = await node.assert_belief("the river rises")
            >>> related = await node.relate(rain.belief, "implies", flood.belief)
            >>> node.explain(flood.belief).history.leans_on == [rain.belief]
            True
        """
        asked = read(inputs.NewRelation, {"relation": relation, "target": target, **options})
        return await self._write(commands.relation(self._daemon, belief, asked), asked)

    async def propose(self, belief: str, **options: Unpack[Ruling]) -> Receipt:
        """Open a further attempt on a belief, on new evidence or under other rules.

        Raises:
            Conflict: `round-open`, `attempts-exhausted`.

        Example:
            >>> receipt = await node.assert_belief("the lock is open", wait_for="decided")
            >>> again = await node.propose(receipt.belief, scheme="supermajority", threshold="4/5")
            >>> await again.decided()
            'accepted'
        """
        asked = read(inputs.NewRound, options)
        return await self._write(commands.proposal(self._daemon, belief, asked), asked)

    def receipt(self, kept: shapes.Receipt) -> Receipt:
        """The receipt of an earlier write, from its data (`Receipt.view`, or of a `Waited`).

        Example:
            >>> kept = (await node.assert_belief("the buoy is lit")).view()
            >>> await node.receipt(kept).decided()
            'accepted'
        """
        asked = inputs.ReceiptAsked(belief=kept.belief, round=kept.round)
        inner = commands.receipt_of(self._daemon, str(kept.sequence), asked)
        return Receipt(self._daemon, inner)

    # --- reading

    def beliefs(self, **conditions: Unpack[Filter]) -> shapes.BeliefPage:
        """The beliefs that meet every condition, newest first, page by page.

        Example:
            >>> receipt = await node.assert_belief("the ferry is late", category="observation")
            >>> page = node.beliefs(category="observation", text="ferry", limit=10)
            >>> [one.content for one in page.beliefs]
            ['the ferry is late']
        """
        asked = read(inputs.BeliefsAsked, filter_fields(conditions))
        return page_view(self._daemon, asked)

    def belief(self, belief: str) -> shapes.BeliefDetail:
        """Everything about one belief.

        Raises:
            NotFound: `unknown-belief`.

        Example:
            >>> receipt = await node.assert_belief("the gate is shut")
            >>> node.belief(receipt.belief[:12]).content
            'the gate is shut'
        """
        state = self._daemon.node.state
        return belief_view(self._daemon.node, find_belief(state, belief))

    def explain(self, belief: str) -> Explanation:
        """Why a belief has the verdict that it has, and what would change it.

        Raises:
            NotFound: `unknown-belief`.

        Example:
            >>> receipt = await node.assert_belief("the bell rings", wait_for="decided")
            >>> told = node.explain(receipt.belief)
            >>> (told.verdict, told.rounds[0].tally.accept, told.changes[0].verdict)
            ('accepted', 1, 'contested')
        """
        daemon = self._daemon
        found = find_belief(daemon.node.state, belief)
        attempts_max = daemon.settings.voting.attempts_max
        node = daemon.node
        told = explain(node.state, node.lace, found, daemon.store.wires, attempts_max)
        return disclosed(told, daemon.node.reading.shown)

    def members(self) -> list[MemberItem]:
        """Who is in the fleet, in order of admission.

        Example:
            >>> [one.name for one in node.members()]
            ['n0']
        """
        return members_view(self._daemon)

    def status(self) -> shapes.Status:
        """How the node is.

        Example:
            >>> node.status().fleet_name
            'harbour'
        """
        return status_view(self._daemon)

    def convergence(
        self, topology: str | None = None, nodes: int | None = None, urgency: str = "normal"
    ) -> ConvergenceView:
        """How long a block takes to reach all: measured here, and estimated for such a fleet.

        Args:
            topology: `full-mesh`, `ring`, `star`, `random` or `small-world`; this fleet's if None.
            nodes: as many as are there if None.
            urgency: `critical`, `normal` or `low`; what was measured of that is what counts.

        Example:
            >>> told = node.convergence("ring", nodes=50)
            >>> (told.estimate.nodes, told.estimate.base_ms)
            (50, 135)
        """
        given = {"topology": topology, "nodes": nodes, "urgency": urgency}
        return convergence_view(self._daemon.node, read(ConvergenceAsked, given))

    def watch(
        self,
        after: str | None = None,
        *,
        kinds: Sequence[shapes.EventKind] | None = None,
        belief: str | None = None,
    ) -> AsyncIterator[shapes.Event]:
        """What happens, from now on or after the cursor of an earlier event, for ever.

        A reader that falls too far behind is told so by an event of kind `missed`, and goes on with
        the oldest that is kept. Cursors outlive a restart of the node.

        Args:
            after: `Event.cursor` of the last event seen.
            kinds: only these, and `missed`.
            belief: only what concerns this one, by its whole id, and `missed`.

        Raises:
            UsageError: `bad-cursor`, `unknown-event-type`.
            Unavailable: `stopping`, while iterating, when the node stops.

        Example:
            >>> events = node.watch(kinds=["decided"])
            >>> receipt = await node.assert_belief("the fog lifts")
            >>> event = await anext(events)
            >>> (event.kind, event.verdict, event.belief == receipt.belief)
            ('decided', 'accepted', True)
        """
        known_kinds(kinds)
        feed = self._daemon.feed
        start = feed.newest if after is None else feed.mark_of(after)
        return self._events(start, kinds, belief)

    # --- private

    async def _events(
        self, after: Mark, kinds: Sequence[shapes.EventKind] | None, belief: str | None
    ) -> AsyncIterator[shapes.Event]:
        feed = self._daemon.feed
        while True:
            await feed.wait(after)
            page = events_view(self._daemon, after, EVENTS_AT_ONCE)
            after = feed.mark_of(page.cursor)
            for event in page.events:
                if wanted(event, kinds, belief):
                    yield event

    async def _write(self, command: AnyCommand, wait: inputs.Wait) -> Receipt:
        return Receipt(self._daemon, await commands.write(self._daemon, command, wait, wait.key))
