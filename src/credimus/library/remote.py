"""A node that runs elsewhere, asked over HTTP, for scripts and notebooks: nothing here is async.

The same names as `library/node.py`, the same shapes, the same classes of errors.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

from credimus.api.shapes import answers as shapes
from credimus.api.shapes.convergence import ConvergenceView
from credimus.api.shapes.members import MemberItem
from credimus.api.shapes.messages import ModeName, SentMessage
from credimus.kernel.errors import NotPermitted, UsageError
from credimus.library.asking import Asker
from credimus.library.exchange import Place, check_folder, place_of
from credimus.library.fields import (
    Filter,
    Ruling,
    SomeEvidence,
    Stating,
    Waiting,
    evidence_fields,
    filter_fields,
    known_kinds,
    wanted,
)
from credimus.library.remote_membering import RemoteMemberCalls
from credimus.library.remote_messages import (
    RemoteMessage,
    RemoteMessageReceipt,
    content_fields,
    message_path,
    read_inbox,
)
from credimus.library.remote_receipt import RemoteReceipt
from credimus.library.remote_troubles import RemoteTroubles
from credimus.runtime.access.tokens import read_token
from credimus.runtime.home import Home
from credimus.why.explanation import Explanation

WAIT_S = 10.0
"""Seconds that a write waits for what it names, unless told otherwise: as `inputs.Wait`."""
POLL_S = 20.0
"""Seconds that one request for events waits at the node. [guess]"""


def connect(where: str | Path, token: str | None = None) -> "RemoteNode":
    """The node that runs for a folder of this machine, or at a URL.

    Args:
        where: the folder of a node that `credimus up` runs, or `http://host:port`; with https the
            node of a folder is known by its certificate, others by this machine's authorities.
        token: the node's bearer token, from its file `token`; read from there for a folder.

    Raises:
        NotFound: `no-node-here`.
        UsageError: `address-unusable`.
        Unavailable: `node-not-running`.
        NotPermitted: `token-missing`, for a URL without one.

    Example:
        >>> credimus.connect(url, token).status().fleet_name
        'harbour'
    """
    if str(where).startswith(("http://", "https://")):
        if token is None:
            raise NotPermitted(
                "token-missing", f"{where}: give the token of that node, from its file token."
            )
        return RemoteNode(str(where).rstrip("/"), token)
    check_folder(where)
    home = Home(Path(where))
    place = place_of(home.url(), home.certificate())
    return RemoteNode(place, token or read_token(home.token))


class RemoteNode(RemoteMemberCalls, RemoteTroubles):
    """A running node. Beliefs are named by their ids, or by unambiguous beginnings of them.

    Every write takes `wait_for=`, `timeout=` and `key=`, see `Waiting`; what opens a round takes
    `scheme=`, `threshold=` and `aggregation=`, see `Ruling`. Where an answer got lost
    (`Unavailable` with `definite` false), repeat the call with the same key.

    Example:
        >>> receipt = node.assert_belief("route 9 is blocked", wait_for="decided")
        >>> receipt.verdict
        'accepted'
    """

    def __init__(self, where: str | Place, token: str) -> None:
        self._asker = Asker(Place(where) if isinstance(where, str) else where, token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is kept open between calls."""

    # --- writing

    def assert_belief(
        self,
        content: str,
        *,
        confidence: float = 1.0,
        evidence: Sequence[SomeEvidence] = (),
        **options: Unpack[Stating],
    ) -> RemoteReceipt:
        """State a belief, and put it to the vote unless a round is open or it is accepted.

        Args: as `Node.assert_belief`.

        Example:
            >>> seen = ["a ship at berth 4", ("camera", "frame 81")]
            >>> receipt = node.assert_belief("berth 4 is taken", confidence=0.9, evidence=seen)
            >>> receipt.decided()
            'accepted'
        """
        given = {
            "content": content, "confidence": confidence, "evidence": evidence_fields(evidence),
            **options, "readers": list(options.get("readers", ())),
        }  # fmt: skip
        return self._write("/v1/beliefs", given)

    def vote(
        self,
        belief: str,
        choice: shapes.ChoiceName,
        *,
        confidence: float = 1.0,
        reason: str = "",
        **options: Unpack[Waiting],
    ) -> RemoteReceipt:
        """Vote in the open round on a belief; a vote is final.

        Example:
            >>> receipt = node.assert_belief("the judge is undecided")
            >>> node.vote(receipt.belief, "reject", reason="it made up its mind").decided()
            'rejected'
        """
        given = {"choice": choice, "confidence": confidence, "reason": reason, **options}
        return self._write(f"{_path(belief)}/votes", given)

    def retract(self, belief: str, reason: str = "", **options: Unpack[Waiting]) -> RemoteReceipt:
        """Take back the node's own assertions of a belief.

        Example:
            >>> receipt = node.assert_belief("the crane works")
            >>> retracted = node.retract(receipt.belief, "it was the other crane")
            >>> node.belief(receipt.belief).assertions
            []
        """
        return self._write(f"{_path(belief)}/retract", {"reason": reason, **options})

    def share(
        self, belief: str, readers: Sequence[str], **options: Unpack[Waiting]
    ) -> RemoteReceipt:
        """Let further members read an enclosed belief.

        Example:
            >>> receipt = node.assert_belief("the keeper is ill", readers=["all"])
            >>> shared = node.share(receipt.belief, ["all"])
            >>> node.belief(receipt.belief).content
            'the keeper is ill'
        """
        return self._write(f"{_path(belief)}/readers", {"readers": list(readers), **options})

    def relate(
        self, belief: str, relation: shapes.RelationName, target: str, **options: Unpack[Waiting]
    ) -> RemoteReceipt:
        """State how one belief bears on another.

        Example:
            >>> rain, flood = node.assert_belief("it rains"), node.assert_belief("it is wet")
            >>> related = node.relate(rain.belief, "implies", flood.belief)
            >>> node.explain(flood.belief).history.leans_on == [rain.belief]
            True
        """
        given = {"relation": relation, "target": target, **options}
        return self._write(f"{_path(belief)}/relations", given)

    def propose(self, belief: str, **options: Unpack[Ruling]) -> RemoteReceipt:
        """Open a further attempt on a belief, on new evidence or under other rules.

        Example:
            >>> receipt = node.assert_belief("the lock is open", wait_for="decided")
            >>> node.propose(receipt.belief, scheme="majority").decided()
            'accepted'
        """
        return self._write(f"{_path(belief)}/rounds", options)

    def receipt(self, kept: shapes.Receipt) -> RemoteReceipt:
        """The receipt of an earlier write, from its data (`RemoteReceipt.view`, or of a `Waited`).

        Example:
            >>> kept = node.assert_belief("the buoy is lit").view()
            >>> node.receipt(kept).decided()
            'accepted'
        """
        return RemoteReceipt(self._asker, kept)

    # --- messages

    def send(
        self,
        to: str | Sequence[str],
        payload: bytes | str,
        *,
        mode: ModeName = "exactly-once",
        ttl_s: float | None = None,
        key: str | None = None,
    ) -> RemoteMessageReceipt:
        """Send a message to the applications of members; it is on the node's disk then.

        Args: as `Node.send`.

        Example:
            >>> try:
            ...     receipt = node.send("the dredger", "come to pier 4")
            ... except credimus.NotFound as problem:
            ...     problem.code
            'unknown-member'
        """
        given = {
            "to": [to] if isinstance(to, str) and to != "all" else to,
            **content_fields("payload", payload), "mode": mode, "ttl_s": ttl_s, "key": key,
        }  # fmt: skip
        return RemoteMessageReceipt(
            self._asker, self._asker.post("/v1/messages", SentMessage, given, 0.0)
        )

    def inbox(self, *, idle_s: float | None = None) -> Iterator[RemoteMessage]:
        """The messages that wait at the node, then those that come.

        Each reader is given all of them, unlike `Node.inbox`: let one read, or share them out.

        Args:
            idle_s: end once none has come for so many seconds; never when None.

        Example:
            >>> [message.text for message in node.inbox(idle_s=0)]
            []
        """
        return read_inbox(self._asker, idle_s)

    def sent(self, message: str) -> RemoteMessageReceipt:
        """The receipt of an earlier message, by its id.

        Example:
            >>> try:
            ...     node.sent(f"{node.members()[0].id}-1")
            ... except credimus.NotFound as problem:
            ...     problem.code
            'unknown-message'
        """
        path = message_path(message)
        return RemoteMessageReceipt(self._asker, self._asker.get(path, SentMessage))

    # --- reading

    def beliefs(self, **conditions: Unpack[Filter]) -> shapes.BeliefPage:
        """The beliefs that meet every condition, newest first, page by page.

        Example:
            >>> receipt = node.assert_belief("the ferry is late", category="observation")
            >>> page = node.beliefs(category="observation", text="ferry", limit=10)
            >>> [one.content for one in page.beliefs]
            ['the ferry is late']
        """
        return self._asker.get("/v1/beliefs", shapes.BeliefPage, filter_fields(conditions))

    def belief(self, belief: str) -> shapes.BeliefDetail:
        """Everything about one belief.

        Example:
            >>> receipt = node.assert_belief("the gate is shut")
            >>> node.belief(receipt.belief[:12]).content
            'the gate is shut'
        """
        return self._asker.get(_path(belief), shapes.BeliefDetail)

    def explain(self, belief: str) -> Explanation:
        """Why a belief has the verdict that it has, and what would change it.

        Example:
            >>> receipt = node.assert_belief("the bell rings", wait_for="decided")
            >>> told = node.explain(receipt.belief)
            >>> (told.verdict, told.rounds[0].tally.accept, told.changes[0].verdict)
            ('accepted', 1, 'contested')
        """
        return self._asker.get(f"{_path(belief)}/why", Explanation)

    def members(self) -> list[MemberItem]:
        """Who is in the fleet, in order of admission.

        Example:
            >>> [one.name for one in node.members()]
            ['n0']
        """
        return self._asker.get("/v1/members", list[MemberItem])

    def status(self) -> shapes.Status:
        """How the node is.

        Example:
            >>> node.status().fleet_name
            'harbour'
        """
        return self._asker.get("/v1/status", shapes.Status)

    def convergence(
        self, topology: str | None = None, nodes: int | None = None, urgency: str = "normal"
    ) -> ConvergenceView:
        """How long a block takes to reach all: as `Node.convergence`.

        Example:
            >>> node.convergence("star", nodes=50).estimate.base_ms
            40
        """
        asked = {"topology": topology, "nodes": nodes, "urgency": urgency}
        return self._asker.get("/v1/convergence", ConvergenceView, asked)

    def watch(
        self,
        after: str | None = None,
        *,
        kinds: Sequence[shapes.EventKind] | None = None,
        belief: str | None = None,
        idle_s: float | None = None,
    ) -> Iterator[shapes.Event]:
        """What happens, from now on or after the cursor of an earlier event.

        A reader that falls too far behind is told so by an event of kind `missed`, and goes on with
        the oldest that is kept. Cursors outlive a restart of the node.

        Args:
            after: `Event.cursor` of the last event seen.
            kinds: only these, and `missed`.
            belief: only what concerns this one, by its whole id, and `missed`.
            idle_s: end once nothing has happened for so many seconds; never when None.

        Raises:
            UsageError: `bad-cursor`, `unknown-event-type`.

        Example:
            >>> events = node.watch(kinds=["decided"])
            >>> receipt = node.assert_belief("the fog lifts")
            >>> event = next(events)
            >>> (event.kind, event.verdict, event.belief == receipt.belief)
            ('decided', 'accepted', True)
        """
        known_kinds(kinds)
        cursor = after or self._asker.get("/v1/events", shapes.EventPage).cursor
        return self._events(cursor, kinds, belief, idle_s)

    # --- private

    def _events(
        self,
        cursor: str,
        kinds: Sequence[shapes.EventKind] | None,
        belief: str | None,
        idle_s: float | None,
    ) -> Iterator[shapes.Event]:
        quiet_since = time.monotonic()
        while True:
            left = POLL_S if idle_s is None else idle_s - (time.monotonic() - quiet_since)
            wait_s = min(POLL_S, max(0.0, left))
            asked = {"after": cursor, "timeout": wait_s}
            page = self._asker.get("/v1/events", shapes.EventPage, asked, wait_s)
            cursor = page.cursor
            for event in page.events:
                if wanted(event, kinds, belief):
                    yield event
            if page.events:
                quiet_since = time.monotonic()
            elif left <= 0:
                return

    def _write(self, path: str, given: Mapping[str, Any]) -> RemoteReceipt:
        wait_s = float(given.get("timeout") or WAIT_S)
        return RemoteReceipt(self._asker, self._asker.post(path, shapes.Receipt, given, wait_s))


def _path(belief: str) -> str:
    """The path of a belief: what is no id is refused here, not by the router."""
    if not belief.isalnum() or not belief.isascii():
        raise UsageError("bad-belief-id", f"{belief[:40]!r} is no belief id; give hex digits.")
    return f"/v1/beliefs/{belief}"
