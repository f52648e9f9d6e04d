"""What a replay will do, worked out from the file and the options alone: the same on every machine.

Keys, contents, electorates and ballots are functions of the answers and the seed, so that processes
of one replay need to be told nothing but the file.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import UsageError
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId, NodeId
from credimus.kernel.odds import BILLION
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AssertBelief
from credimus.protocol.voting.interface import Ballot, VotingConfig
from credimus.protocol.voting.knowledge import AnswerSheet
from credimus.sim.replay.answers import BAD_LINES_SHOWN, Answers, BadLine, read_answers, read_truth
from credimus.sim.replay.scores import accuracy_of, f1_of
from credimus.state.fleet import FleetState
from credimus.state.identity import as_written, belief_id
from credimus.state.operations import Aggregation, Rules, Scheme
from credimus.state.opinion.standing import Lens
from credimus.state.voting.epochs import ROUNDS_MIN, SHARE
from credimus.state.voting.verdict import Verdict

CATEGORY = "claim"
SCHEMES: dict[str, tuple[Scheme, int, int]] = {
    "majority": (Scheme.MAJORITY, 0, 1),
    "supermajority": (Scheme.SUPERMAJORITY, 3, 4),
    "byzantine": (Scheme.BYZANTINE, 0, 1),
    "turnout": (Scheme.TURNOUT, 51, 100),
    "credence": (Scheme.CREDENCE, 500_001, MILLION),
}
AGGREGATIONS: dict[str, Aggregation] = {
    "equal": Aggregation.EQUAL,
    "confidence": Aggregation.CONFIDENCE,
    "weighted": Aggregation.CONFIDENCE,
    "reputation": Aggregation.REPUTATION,
    "skill": Aggregation.SKILL,
}
LEFT_OUT_MAX = MILLION
"""The policy of a replay's fleet: each item has its own electors."""
CHUNK = 1_000
"""Items under way at once; well below `OPEN_OPERATIONS_MAX` votes of one worker. [guess]"""
LEARNED = ("reputation", "skill")
"""Where earlier items tell what a vote is worth: then no more are under way than an epoch has."""


class ReplayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How answers are replayed."""

    scheme: str | None = None
    """`credence` where votes weigh by skill, else `majority`, when None."""
    aggregation: str = "equal"
    nodes: int = 5
    """Replicas, 1 to 64; the workers are spread over them."""
    seed: int = 0
    order_seed: int | None = None
    """Draws the order in which the items are put to their workers; that of the file when None."""
    reevaluate: bool = False
    """Whether the figures are those of the later view: what all answers together show."""
    independence: bool = False
    """Whether workers who answer alike share one voice, by skill."""
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
    reevaluated: bool
    """Whether accuracy, F1 and verdicts are those of the later view."""
    accuracy: float | None
    """Share of items decided rightly, an undecided one counting half; None without truth."""
    f1: float | None
    """F1 of accept against the truth; None without truth."""
    first_accuracy: float | None
    """Of the verdicts as they came, whatever is seen later."""
    first_f1: float | None
    changed: int
    """Items that the later view takes for otherwise than they were decided."""
    coverage: float
    """Share of items decided."""
    seconds: float | None
    """By the caller's stopwatch."""
    fingerprints: tuple[str, ...]
    """Of every replica's state, hex; all equal."""
    verdicts: dict[str, str]
    """By item: accepted, rejected, expired or contested."""
    credences: dict[str, float]
    """By item: how probable all answers together make it."""
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


def rules_of(scheme: str | None, aggregation: str) -> Rules:
    """The rules that these names stand for.

    Raises:
        UsageError: `unknown-scheme`, `unknown-aggregation`.
    """
    if scheme is None:
        scheme = "credence" if aggregation == "skill" else "majority"
    if scheme not in SCHEMES:
        raise UsageError("unknown-scheme", f"{scheme!r} is no scheme; use {', '.join(SCHEMES)}")
    if aggregation not in AGGREGATIONS:
        raise UsageError(
            "unknown-aggregation", f"{aggregation!r} is none; use {', '.join(AGGREGATIONS)}"
        )
    if scheme == "credence" and aggregation != "skill":
        raise UsageError(
            "unknown-aggregation", f"credence goes by skill, not by {aggregation}; use skill"
        )
    kind, numerator, denominator = SCHEMES[scheme]
    return Rules(
        scheme=kind,
        numerator=numerator,
        denominator=denominator,
        aggregation=AGGREGATIONS[aggregation],
    )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the fleet came to, however it was run."""

    verdicts: dict[str, Verdict]
    """By item."""
    credences: dict[str, int]
    """By item, in billionths."""
    fingerprints: tuple[str, ...]
    blocks: int
    messages: int
    virtual_s: float = 0.0
    """Seconds in the simulator; 0 on real processes."""


class ReplayPlan:
    """Who votes what on which belief.

    Raises:
        UsageError: a file or option is wrong; see `read_answers` and `rules_of`; `no-truth`, when
            the truth is of other items than the answers.
    """

    def __init__(self, answers: Path, truth: Path | None, options: ReplayOptions) -> None:
        if not 1 <= options.nodes <= 64:
            raise UsageError("out-of-range", f"{options.nodes} nodes: give 1 to 64")
        self.options = options
        self.rules = rules_of(options.scheme, options.aggregation)
        self._answers = read_answers(answers, options.strict)
        self._truth: dict[str, bool] | None = None
        self._bad_truth: list[BadLine] = []
        if truth is not None:
            self._truth, self._bad_truth = read_truth(truth, options.strict)
            _check_truth(truth, self._truth, answers, self._answers)
        self.entropy = Entropy(f"replay {options.seed}".encode())
        self.seeds = {
            name: self.entropy.child("workers").stream(name).octets(32)
            for name in self._answers.workers
        }
        self.keys = {name: SeedSigner(seed) for name, seed in self.seeds.items()}
        self.contents = _contents(self._items(), self._answers.texts)
        self.beliefs = {item: belief_id(text, CATEGORY) for item, text in self.contents.items()}
        self.voting = VotingConfig(
            rules=self.rules, attempts_max=1, independence=options.independence
        )

    def _items(self) -> list[str]:
        """The items in the order in which they are put to their workers."""
        items = list(self._answers.by_item)
        seed = self.options.order_seed
        if seed is not None:
            Entropy(f"replay order {seed}".encode()).stream("items").shuffle(items)
        return items

    @property
    def learns(self) -> bool:
        """Whether votes weigh by what earlier items showed."""
        return self.options.aggregation in LEARNED

    def chunks(self) -> list[tuple[int, int]]:
        """First and last item, exclusive, of what is under way at once: as many as make an epoch,
        where votes weigh by what the epochs before it showed."""
        total, first, found = len(self.contents), 0, []
        while first < total:
            size = min(CHUNK, max(ROUNDS_MIN, first // SHARE)) if self.learns else CHUNK
            last = min(first + size, total)
            found.append((first, last))
            first = last
        return found

    def sheet(self) -> AnswerSheet:
        """Everybody's answers."""
        ballots: dict[tuple[NodeId, bytes], Ballot] = {}
        for item, found in self._answers.by_item.items():
            belief = self.beliefs[item]
            for worker, choice, confidence in found:
                ballots[self.keys[worker].node_id, bytes(belief)] = Ballot(choice, confidence)
        return AnswerSheet(ballots)

    def workers_at(self, node: int) -> list[str]:
        """The workers that a node hosts: every so-manieth in order of name."""
        return list(self.keys)[node :: self.options.nodes]

    def assertion(self, item: str) -> AssertBelief:
        """The command that puts an item to its workers."""
        return AssertBelief(
            content=self.contents[item],
            category=CATEGORY,
            electors=tuple(self.keys[one.worker].node_id for one in self._answers.by_item[item]),
        )

    def report(self, outcome: Outcome, seconds: float | None) -> ReplayReport:
        """The outcome held against the truth."""
        answers, truth, verdicts = self._answers, self._truth, outcome.verdicts
        later = {item: _later(billionths) for item, billionths in outcome.credences.items()}
        changed = sum(
            verdict.decided and verdict is not later[item] for item, verdict in verdicts.items()
        )
        firsts = verdicts
        verdicts = later if self.options.reevaluate else verdicts
        decided = sum(verdict.decided for verdict in verdicts.values())
        bad_truth = [BadLine(bad.line, f"{bad.reason} (truth file)") for bad in self._bad_truth]
        return ReplayReport(
            scheme=self.rules.scheme.name.lower(),
            aggregation=self.options.aggregation,
            items=len(verdicts),
            workers=len(self.keys),
            answers=answers.answer_count,
            decided=decided,
            reevaluated=self.options.reevaluate,
            accuracy=None if truth is None else accuracy_of(verdicts, truth),
            f1=None if truth is None else f1_of(verdicts, truth),
            first_accuracy=None if truth is None else accuracy_of(firsts, truth),
            first_f1=None if truth is None else f1_of(firsts, truth),
            changed=changed,
            coverage=decided / len(verdicts),
            seconds=seconds,
            fingerprints=outcome.fingerprints,
            verdicts={item: verdict.word for item, verdict in verdicts.items()},
            credences={item: one / BILLION for item, one in outcome.credences.items()},
            bad_line_count=answers.bad_line_count + len(bad_truth),
            bad_lines=(*answers.bad_lines, *bad_truth)[:BAD_LINES_SHOWN],
            blocks=outcome.blocks,
            messages=outcome.messages,
            virtual_s=outcome.virtual_s,
        )


def outcome_of(
    state: FleetState, beliefs: Mapping[str, BeliefId], voting: VotingConfig
) -> tuple[dict[str, Verdict], dict[str, int]]:
    """Verdict and credence of each item, as a replica has them at the end."""
    skills = state.standing.skills_looking_back(Lens(independence=voting.independence))
    return (
        {item: state.rounds.verdict(belief) or Verdict.OPEN for item, belief in beliefs.items()},
        {
            item: state.standing.credence(belief, skills).billionths
            for item, belief in beliefs.items()
        },
    )


def _check_truth(path: Path, truth: Mapping[str, bool], answers: Path, given: Answers) -> None:
    if not any(item in truth for item in given.by_item):
        first = next(iter(given.by_item))
        raise UsageError(
            "no-truth",
            f"{path} names none of the {len(given.by_item)} items of {answers}, of which one is "
            f"{first[:40]!r}; give the truth of these items, labels 1 or 0.",
        )


def _later(billionths: int) -> Verdict:
    """What a credence amounts to; as likely as not is undecided."""
    if 2 * billionths == BILLION:
        return Verdict.EXPIRED
    return Verdict.ACCEPTED if 2 * billionths > BILLION else Verdict.REJECTED


def _contents(items: Iterable[str], texts: Mapping[str, str]) -> dict[str, str]:
    """How each item is written as a belief; no two items are the same belief."""
    contents: dict[str, str] = {}
    taken: set[BeliefId] = set()
    for item in items:
        content = as_written(texts.get(item, ""))
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
