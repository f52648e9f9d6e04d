"""Real answers through the real core: each worker a member, each item a belief, each vote signed.

The rounds run on several replicas in virtual time, over a network without faults; each replica
checks every signature and tallies for itself.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

import msgspec

from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import InternalError, UsageError
from credimus.kernel.ids import BeliefId, NodeId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.protocol.voting.interface import Ballot, VotingConfig
from credimus.protocol.voting.knowledge import AnswerSheet
from credimus.sim.answers import BAD_LINES_SHOWN, Answers, BadLine, read_answers, read_truth
from credimus.sim.fleet import Fleet, FleetConfig
from credimus.sim.host import MemberKey
from credimus.sim.network import Weather
from credimus.sim.scores import accuracy_of, f1_of
from credimus.state.identity import as_written, belief_id
from credimus.state.operations import Aggregation, Rules, Scheme
from credimus.state.round import Round
from credimus.state.verdict import Verdict

CATEGORY = "claim"
SCHEMES: dict[str, tuple[Scheme, int, int]] = {
    "majority": (Scheme.MAJORITY, 0, 1),
    "supermajority": (Scheme.SUPERMAJORITY, 3, 4),
    "byzantine": (Scheme.BYZANTINE, 0, 1),
    "turnout": (Scheme.TURNOUT, 51, 100),
}
AGGREGATIONS: dict[str, Aggregation] = {
    "equal": Aggregation.EQUAL,
    "confidence": Aggregation.CONFIDENCE,
    "weighted": Aggregation.CONFIDENCE,
    "reputation": Aggregation.REPUTATION,
}
_CHUNK = 1_000
"""Items under way at once; well below `OPEN_OPERATIONS_MAX` votes of one worker. [guess]"""
_PATIENCE_NS = 120 * SECOND


class ReplayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How answers are replayed."""

    scheme: str = "majority"
    aggregation: str = "equal"
    nodes: int = 5
    """Replicas, 1 to 64; the workers are spread over them."""
    seed: int = 0
    strict: bool = False
    """Whether the first bad line ends the replay."""


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came out."""

    scheme: str
    aggregation: str
    items: int
    workers: int
    answers: int
    decided: int
    accuracy: float | None
    """Share of items decided rightly, an undecided one counting half; None without truth."""
    f1: float | None
    """F1 of accept against the truth; None without truth."""
    coverage: float
    """Share of items decided."""
    seconds: float | None
    """By the caller's stopwatch."""
    fingerprints: tuple[str, ...]
    """Of every replica's state, hex; all equal."""
    verdicts: dict[str, str]
    """By item: accepted, rejected, expired or contested."""
    bad_line_count: int
    bad_lines: tuple[BadLine, ...]
    """The first twenty."""
    blocks: int
    messages: int
    virtual_s: float

    @property
    def agree(self) -> bool:
        """Whether all replicas have one state."""
        return len(set(self.fingerprints)) == 1


def rules_of(scheme: str, aggregation: str) -> Rules:
    """The rules that these names stand for.

    Raises:
        UsageError: `unknown-scheme`, `unknown-aggregation`.
    """
    if scheme not in SCHEMES:
        raise UsageError("unknown-scheme", f"{scheme!r} is no scheme; use {', '.join(SCHEMES)}")
    if aggregation not in AGGREGATIONS:
        raise UsageError(
            "unknown-aggregation", f"{aggregation!r} is none; use {', '.join(AGGREGATIONS)}"
        )
    kind, numerator, denominator = SCHEMES[scheme]
    return Rules(
        scheme=kind,
        numerator=numerator,
        denominator=denominator,
        aggregation=AGGREGATIONS[aggregation],
    )


def replay(
    answers: Path,
    truth: Path | None = None,
    options: ReplayOptions | None = None,
    stopwatch: Callable[[], float] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """Let the workers of a file decide about its items.

    Args:
        answers, truth: CSV files, see `answers.py`.
        stopwatch: gives seconds from any origin; the simulation has no clock of its own.
        progress: told how many items have all their votes, and of how many.

    Raises:
        UsageError: a file or option is wrong; see `read_answers` and `rules_of`.
    """
    options = options or ReplayOptions()
    if not 1 <= options.nodes <= 64:
        raise UsageError("out-of-range", f"{options.nodes} nodes: give 1 to 64")
    rules = rules_of(options.scheme, options.aggregation)
    began = stopwatch() if stopwatch else 0.0
    known, bad_truth = read_truth(truth, options.strict) if truth else ({}, [])
    run = _Replay(read_answers(answers, options.strict), options, rules)
    run.play(progress)
    seconds = stopwatch() - began if stopwatch else None
    return run.report(known if truth else None, bad_truth, seconds)


class _Replay:
    def __init__(self, answers: Answers, options: ReplayOptions, rules: Rules) -> None:
        self._answers = answers
        self._options = options
        entropy = Entropy(f"replay {options.seed}".encode())
        self._keys = {
            name: SeedSigner(entropy.child("workers").stream(name).octets(32))
            for name in answers.workers
        }
        self._contents = _contents(answers)
        self._beliefs = {item: belief_id(text, CATEGORY) for item, text in self._contents.items()}
        sheet = AnswerSheet(self._sheet())
        voting = VotingConfig(
            rules=rules,
            attempts_max=1,
            left_out_tolerance=len(self._keys) + options.nodes,
        )
        config = FleetConfig(nodes=options.nodes, node=Config(voting=voting), skew_ms_max=0)
        self._fleet = Fleet(config, entropy, lambda _, __: sheet, self._spread(entropy))
        self._fleet.network.weather = Weather(delay_ns_min=MILLISECOND, delay_ns_max=MILLISECOND)

    def play(self, progress: Callable[[int, int], None] | None) -> None:
        fleet = self._fleet
        fleet.found()
        places = cycle(fleet.places)
        done = 0
        items = list(self._contents)
        for first in range(0, len(items), _CHUNK):
            chunk = items[first : first + _CHUNK]
            for item in chunk:
                fleet.order(next(places), self._assertion(item))
            self._until(partial(self._voted, chunk))
            done += len(chunk)
            if progress:
                progress(done, len(self._contents))
        self._until(self._ended)

    def report(
        self, truth: dict[str, bool] | None, bad_truth: list[BadLine], seconds: float | None
    ) -> ReplayReport:
        fleet = self._fleet
        answers = self._answers
        rounds = fleet.hosts[0].running.state.rounds
        verdicts = {
            item: rounds.verdict(belief) or Verdict.OPEN for item, belief in self._beliefs.items()
        }
        decided = sum(verdict.decided for verdict in verdicts.values())
        return ReplayReport(
            scheme=self._options.scheme,
            aggregation=self._options.aggregation,
            items=len(verdicts),
            workers=len(self._keys),
            answers=answers.answer_count,
            decided=decided,
            accuracy=None if truth is None else accuracy_of(verdicts, truth),
            f1=None if truth is None else f1_of(verdicts, truth),
            coverage=decided / len(verdicts),
            seconds=seconds,
            fingerprints=tuple(host.running.state.fingerprint().hex() for host in fleet.hosts),
            verdicts={item: verdict.word for item, verdict in verdicts.items()},
            bad_line_count=answers.bad_line_count + len(bad_truth),
            bad_lines=(*answers.bad_lines, *_of_truth(bad_truth))[:BAD_LINES_SHOWN],
            blocks=len(fleet.hosts[0].running.lace),
            messages=fleet.network.message_count,
            virtual_s=fleet.agenda.now_ns / SECOND,
        )

    def _sheet(self) -> dict[tuple[NodeId, bytes], Ballot]:
        ballots = {}
        for item, found in self._answers.by_item.items():
            belief = self._beliefs[item]
            for worker, choice, confidence in found:
                ballots[self._keys[worker].node_id, bytes(belief)] = Ballot(choice, confidence)
        return ballots

    def _spread(self, entropy: Entropy) -> list[list[MemberKey]]:
        """Each node's own member, and the workers in turn."""
        nodes = self._options.nodes
        keys = entropy.stream("nodes")
        places = [[MemberKey(f"node {i}", SeedSigner(keys.octets(32)))] for i in range(nodes)]
        for index, (name, signer) in enumerate(self._keys.items()):
            places[index % nodes].append(MemberKey(_short_name(name), signer))
        return places

    def _assertion(self, item: str) -> AssertBelief:
        return AssertBelief(
            content=self._contents[item],
            category=CATEGORY,
            electors=tuple(self._keys[one.worker].node_id for one in self._answers.by_item[item]),
        )

    def _until(self, condition: Callable[[], bool]) -> None:
        until_ns = self._fleet.agenda.now_ns + _PATIENCE_NS
        while not condition():
            if self._fleet.agenda.now_ns > until_ns:
                raise InternalError("replay-stuck", "the rounds of a replay do not come to an end")
            self._fleet.run_for(10 * MILLISECOND)

    def _voted(self, chunk: Sequence[str]) -> bool:
        """Whether every replica has seen every vote on these items."""
        beliefs = [self._beliefs[item] for item in chunk]
        return all(
            _fully_voted(host.running.state.rounds.on(belief))
            for host in self._fleet.hosts
            for belief in beliefs
        )

    def _ended(self) -> bool:
        """Whether no round is open anywhere and all replicas hold the same."""
        return (
            not any(
                found.verdict is Verdict.OPEN
                for host in self._fleet.hosts
                for found in host.running.state.rounds
            )
            and self._fleet.agree()
        )


def _of_truth(bad_lines: Sequence[BadLine]) -> list[BadLine]:
    return [BadLine(bad.line, f"{bad.reason} (truth file)") for bad in bad_lines]


def _fully_voted(rounds: Sequence[Round]) -> bool:
    return bool(rounds) and rounds[0].voted.bit_count() == len(rounds[0].electorate)


def _contents(answers: Answers) -> dict[str, str]:
    """How each item is written as a belief; no two items are the same belief."""
    contents: dict[str, str] = {}
    taken: set[BeliefId] = set()
    for item in answers.by_item:
        content = as_written(answers.texts.get(item, ""))
        if not content or len(content.encode(errors="replace")) > limits.BELIEF_BYTES_MAX - 16:
            content = f"item {item}"
        content = as_written(content.encode(errors="replace").decode())
        number, base = 1, content
        while belief_id(content, CATEGORY) in taken:
            number += 1
            content = f"{base} ({number})"
        taken.add(belief_id(content, CATEGORY))
        contents[item] = content
    return contents


def _short_name(name: str) -> str:
    """As much of a worker's name as a member's may have."""
    return name.encode()[: limits.NAME_BYTES_MAX].decode(errors="ignore")
