"""A fleet of real processes, one on each host of a network, and the ledger of what it acknowledged.

Nodes are made and run by the command line, and asked with the library, as users do it.
"""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from lan import Lan
from loopback_lan import LoopbackLan

import credimus
from credimus.api.shapes import answers as shapes
from credimus.cli.main import run
from credimus.kernel.errors import Conflict, CredimusError, Unavailable
from credimus.library.remote import RemoteNode

PATIENCE_S = 60.0
FINAL = ("accepted", "rejected", "contested")
QUESTION = "question"
"""Whoever states what has this word votes on it by its caller; the others' evaluators answer."""
_RULES = """[[rule]]
source = "{source}"
keywords = ["{word}"]
action = "ask"
"""


class Stand:
    """Nodes n0, n1, ... on the hosts of a network; ended and removed by `close`."""

    def __init__(self, lan: Lan | LoopbackLan, folder: Path) -> None:
        self.lan = lan
        self.places = range(len(lan.names))
        self.homes = [folder / f"n{place}" for place in self.places]
        self.receipts: list[tuple[int, shapes.Receipt]] = []
        """Every write that was acknowledged: by whom, and what was said of it."""
        self.votes: list[tuple[int, shapes.ChoiceName, shapes.Receipt]] = []
        """Every vote that was acknowledged: by whom, for what, and what was said of it."""
        self.retracted: list[tuple[int, shapes.Receipt]] = []
        """Every retraction that was."""
        self._taken_back: set[str] = set()
        """Beliefs that were, or were tried to be."""
        self._log = folder / "log"
        self._processes: dict[int, subprocess.Popen[str]] = {}

    def found(self) -> None:
        """Make all nodes, start them, and wait until each is linked to each."""
        where = self.lan.where(0)
        self._cli(0, "init", str(self.homes[0]), "--fleet", "cable", "--name", "n0", *where)
        self._leave_questions(0)
        self.up(0)
        for place in self.places[1:]:
            ticket = self._cli(0, "invite", "--home", str(self.homes[0]))["ticket"]
            home = self.homes[place]
            self._cli(0, "join", str(home), ticket, "--name", home.name, *self.lan.where(place))
            self._leave_questions(place)
        for place in self.places[1:]:
            self.up(place, wait=False)
        for place in self.places[1:]:
            self.wait_up(place)
        until(self.is_whole, "the nodes did not meet")

    def up(self, place: int, *, wait: bool = True) -> None:
        """Start a node."""
        words = [sys.executable, "-m", "credimus", "up", str(self.homes[place]), "--json"]
        with self._log.open("a") as log:
            self._processes[place] = subprocess.Popen(
                self.lan.command(place, words), stdout=subprocess.PIPE, stderr=log, text=True
            )
        if wait:
            self.wait_up(place)

    def wait_up(self, place: int) -> None:
        """Return when a node that was started says that it answers."""
        stdout = self._processes[place].stdout
        assert stdout is not None
        line = stdout.readline()
        assert '"data"' in line, f"n{place}: {line} {self._log.read_text()[-2_000:]}"

    def kill(self, place: int) -> None:
        """End a node by SIGKILL, at once."""
        process = self._processes.pop(place)
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()

    def stop(self, place: int) -> None:
        """Let a node do nothing: SIGSTOP."""
        os.kill(self._processes[place].pid, signal.SIGSTOP)

    def go_on(self, place: int) -> None:
        """Let it go on: SIGCONT."""
        os.kill(self._processes[place].pid, signal.SIGCONT)

    def close(self) -> None:
        """End every node, then remove the network."""
        try:
            for place in list(self._processes):
                self.kill(place)
        finally:
            self.lan.close()

    # --- asking

    def ask(self, place: int, question: Callable[[RemoteNode], Any]) -> Any:
        """What a node answers, asked on its own host."""
        return self.lan.at(place, lambda: question(credimus.connect(self.homes[place])))

    def write(self, place: int, content: str, **options: Any) -> shapes.Receipt | None:
        """State a belief; None when that was not acknowledged. The receipt goes into the ledger."""
        try:
            receipt: shapes.Receipt = self.ask(
                place, lambda node: node.assert_belief(content, **options).view()
            )
        except Unavailable:  # down, cut off or too slow: it was not acknowledged
            return None
        self.receipts.append((place, receipt))
        return receipt

    def vote(self, place: int, belief: str) -> bool:
        """Vote on a question of its own, half of them by no; whether that was acknowledged."""
        choice: shapes.ChoiceName = "accept" if int(belief[-1], 16) % 2 else "reject"
        try:
            receipt = self.ask(place, lambda node: node.vote(belief, choice).view())
        except (Conflict, Unavailable):  # the round was closed meanwhile; or as above
            return False
        self.votes.append((place, choice, receipt))
        return True

    def take_back(self, place: int) -> bool:
        """Retract the oldest belief that a node stated and has not; whether it was acknowledged."""
        own = (one.belief for by, one in self.receipts if by == place and one.belief is not None)
        belief = next((one for one in own if one not in self._taken_back), None)
        if belief is None:
            return False
        self._taken_back.add(belief)
        try:
            receipt = self.ask(place, lambda node: node.retract(belief).view())
        except (Conflict, Unavailable):  # it was rejected, and so removed; or as above
            return False
        self.retracted.append((place, receipt))
        return True

    def status(self, place: int) -> shapes.Status:
        """How a node is."""
        found: shapes.Status = self.ask(place, lambda node: node.status())
        return found

    def is_whole(self) -> bool:
        """Whether every node is linked to every other."""
        try:
            found = [len(self.status(place).neighbours) for place in self.places]
        except Unavailable:
            return False
        return found == [len(self.places) - 1] * len(self.places)

    def is_equal(self) -> bool:
        """Whether all nodes hold the same blocks and the same state."""
        try:
            found = [self.status(place) for place in self.places]
        except Unavailable:
            return False
        return len({(one.blocks, one.fingerprint) for one in found}) == 1

    def seconds_until_equal(self) -> float:
        """How long it takes until all nodes are equal."""
        begun = time.monotonic()
        until(self.is_equal, "the nodes did not come to the same state")
        return time.monotonic() - begun

    # --- judging

    def check(self) -> None:
        """Nothing acknowledged is lost: every receipt against the final state of every node."""
        until(self.is_equal, "the nodes did not come to the same state")
        for place in self.places:
            beliefs = self.ask(place, _all_beliefs)
            for by, receipt in self.receipts:
                assert receipt.belief in beliefs, f"n{place} lacks what n{by} acknowledged"
                if receipt.verdict in FINAL:
                    final = beliefs[receipt.belief].verdict
                    assert final == receipt.verdict, f"n{place}: {final}, told {receipt.verdict}"
            self._check_votes(place)
            self._check_retracted(place)
        said = len(self.receipts), len(self.votes), len(self.retracted)
        print("; kept: {} statements, {} votes, {} retractions".format(*said), end="")

    # --- private

    def _check_votes(self, place: int) -> None:
        """Every vote that was acknowledged is in its round."""
        found: dict[str, shapes.BeliefDetail] = {}
        for by, choice, receipt in self.votes:
            belief = receipt.belief
            assert belief is not None
            if belief not in found:
                found[belief] = self.ask(place, lambda node, belief=belief: node.belief(belief))
            rounds = [one for one in found[belief].rounds if one.id == receipt.round]
            votes = [(one.elector, one.choice) for each in rounds for one in each.votes]
            assert (receipt.author, choice) in votes, f"n{place} lacks a vote of n{by}"

    def _check_retracted(self, place: int) -> None:
        """What was taken back is not stated by that node any more."""
        for by, receipt in self.retracted:
            belief = receipt.belief
            assert belief is not None
            found = self.ask(place, lambda node, belief=belief: node.belief(belief))
            authors = [one.author for one in found.assertions]
            assert receipt.author not in authors, f"n{place} still has what n{by} took back"

    def _leave_questions(self, place: int) -> None:
        """Have a node that was just made leave its own questions to its caller."""
        home = self.homes[place]
        (home / "rules.toml").write_text(_RULES.format(source=home.name, word=QUESTION))
        config = home / "config.toml"
        chain = 'evaluators = ["rules", "local"]'
        text = config.read_text().replace('evaluators = ["local"]', chain)
        assert chain in text
        config.write_text(f'{text}\n[voting.rules]\nfile = "rules.toml"\n')

    def _cli(self, place: int, *words: str) -> Any:
        said = io.StringIO()

        def called() -> int:
            with redirect_stdout(said):
                return run([*words, "--json"])

        assert self.lan.at(place, called) == 0, said.getvalue()
        return json.loads(said.getvalue())["data"]


class Writers:
    """One caller for each of some nodes, who states belief after belief until told to end.

    Who says nothing of how also asks questions, votes on them, and takes back some of what he
    stated.
    """

    def __init__(self, stand: Stand, places: Sequence[int], pause_s: float, **options: Any) -> None:
        self._stand = stand
        self._pause_s = pause_s
        self._options = options
        self._end = threading.Event()
        self.failed: list[CredimusError] = []
        self.refused_count = 0
        """Writes that were not acknowledged."""
        self._moments_s: list[float] = []
        self._threads = [threading.Thread(target=self._write, args=(place,)) for place in places]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
        assert self.failed == []

    def longest_pause_s(self) -> float:
        """The longest time between two acknowledged writes, whoever made them."""
        moments = sorted(self._moments_s)
        return max(after - before for before, after in pairwise(moments))

    def _write(self, place: int) -> None:
        number = 0
        while not self._end.wait(self._pause_s):
            number += 1
            is_question = not self._options and number % 3 == 0
            verb = f"has {QUESTION}" if is_question else "saw"
            content = f"n{place} {verb} {number} at {time.monotonic_ns()}"
            try:
                if not self._options and number % 4 == 0 and self._stand.take_back(place):
                    continue  # in place of a statement, so that as much is written as without
                receipt = self._stand.write(place, content, **self._options)
                if receipt is None:
                    self.refused_count += 1
                    continue
                self._moments_s.append(time.monotonic())
                if is_question and receipt.belief is not None:
                    self._stand.vote(place, receipt.belief)
            except CredimusError as problem:
                self.failed.append(problem)


def until(holds: Callable[[], bool], otherwise: str) -> None:
    """Return when it holds."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)


def _all_beliefs(node: RemoteNode) -> dict[str, shapes.BeliefItem]:
    found: dict[str, shapes.BeliefItem] = {}
    cursor: str | None = None
    while True:
        page = node.beliefs(limit=1_000, **({} if cursor is None else {"cursor": cursor}))
        found.update((one.id, one) for one in page.beliefs)
        cursor = page.cursor
        if cursor is None:
            return found
