"""`credimus why`: an explanation as a tree for people.

Deliberately not here: what the explanation says (why/). Large electorates and long lists are cut
short, and say by how much; `--json` has everything.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from credimus.cli.beliefs import Belief, path_id
from credimus.cli.client import Client, home_of
from credimus.cli.options import Common
from credimus.cli.output import Outcome, console, printable, ratio_word, style_of
from credimus.why.explanation import (
    Change,
    Closing,
    Explanation,
    RoundExplained,
    Tally,
    Voter,
    Who,
)

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

Entry = TypeVar("Entry")
SHOWN_MAX = 12
"""Entries of one branch; the rest is counted. [guess: half a screen]"""
_ID_DIGITS = 12
_OPENERS = {
    "proposal": "a proposal of anybody",
    "assertion": "asserting it again",
    "expiry": "its proposer, by itself",
    "contest": "its proposer, by itself, under byzantine",
}
_BLOCKED = {
    "round-open": "none while a round is open",
    "attempts-exhausted": "none: it has had its last",
}


def why(belief: Belief, *, common: Common = Common()) -> Outcome:
    """Explain a belief: who says so, who voted what and why, what would change the verdict.

    Example: credimus why 3f9c02aa
    """
    found = Client(home_of(common.home)).get(f"/v1/beliefs/{path_id(belief)}/why")
    return Outcome(found, lambda: show(msgspec.convert(found, Explanation)))


def show(told: Explanation) -> None:
    """Print an explanation as a tree."""
    console().print(tree_of(told))


def tree_of(told: Explanation) -> "Tree":
    """An explanation as a tree."""
    from rich.tree import Tree

    verdict = told.verdict or "not proposed"
    tree = Tree(
        _line(
            (verdict, style_of(verdict)), f"  {told.content}\n{told.belief[:_ID_DIGITS]}  "
            f"{told.category}, since {_time(told.asserted_ms)}\nconfidence {told.confidence:.2f}"
            f"{credence_words(told)}"
        ),
        guide_style="dim",
    )  # fmt: skip
    _add_assertions(tree, told)
    for one in told.rounds:
        _add_round(tree, one)
    if told.rounds_left_out:
        tree.add(f"{told.rounds_left_out} further rounds, not shown")
    _add_history(tree, told)
    for two in told.reconciled:
        said = f"{two.effect} beside {two.other[:_ID_DIGITS]}, accepted apart: {two.why} "
        tree.add(_line(f"{said}({two.strategy.replace('_', ' ')}, by {_name(two.by)})"))
    _add_changes(tree, told)
    return tree


def credence_words(told: Explanation) -> str:
    """How probable the answers make a belief, and how many of them tell anything new."""
    if not told.votes:
        return ""
    plural = "s" * (told.votes != 1)
    alone = "" if told.witnesses_effective == told.votes else (
        f" of {told.witnesses_effective} independent witnesses"
    )  # fmt: skip
    return f", credence {ratio_word(told.credence, 3)} by {told.votes} vote{plural}{alone}"


def _add_assertions(tree: "Tree", told: Explanation) -> None:
    branch = tree.add("asserted by" if told.assertions else "asserted by nobody any more")
    for stated in _some(branch, told.assertions):
        leaf = branch.add(_line(f"{_name(stated.author)}, confidence {stated.confidence:.2f}"))
        for item in stated.evidence:
            leaf.add(_line(f"{item.kind}: {item.content}"))


def _add_round(tree: "Tree", one: RoundExplained) -> None:
    style = style_of(one.verdict)
    tally = one.tally
    head = f"attempt {one.attempt} by {_names(one.proposers)}: "
    branch = tree.add(_line(head, (one.verdict, style), f", {_standing(one)}"))
    unit = "" if tally.unit == "votes" else f" of {tally.unit}"
    turnout = one.scheme == "turnout"
    needs = f"{tally.threshold}{unit}" if turnout else (
        f"{_value(tally, tally.needed)} to decide ({one.scheme}: {tally.threshold}{unit})"
    )  # fmt: skip
    branch.add(
        _line(
            f"{_value(tally, tally.accept)} accept, {_value(tally, tally.reject)} reject; needs "
            f"{needs}; {tally.answered} of {tally.electors} answered, quorum {tally.quorum}"
        )
    )
    spoke = [voter for voter in one.voters if voter.answers or voter.refusal is not None]
    dissent = {who.id for who in one.dissent}
    first = sorted(spoke, key=lambda voter: voter.elector.id not in dissent)
    for voter in _some(branch, first):
        branch.add(_voter(one, voter, voter.elector.id in dissent))
    if one.waiting:
        branch.add(_line(f"not answered: {_names(one.waiting)}"))
    if one.culprits:
        branch.add(_line((f"contradicted themselves: {_names(one.culprits)}", "bold magenta")))
    if one.closings:
        branch.add(_line(f"closed by {_names([closing.author for closing in one.closings])}"))
    if one.unread:
        branch.add(_line(f"{one.unread} votes lie too far back to be read here"))


def _standing(one: RoundExplained) -> str:
    """How firmly the round stands."""
    if one.spare is not None:
        count = one.spare.votes
        return f"{count} vote{'s' * (count != 1)} more than it needs"
    if one.verdict == "open":
        return f"may expire from {_time(one.due_ms)}"
    return f"opened {_time(one.opened_ms)}"


def _voter(one: RoundExplained, voter: Voter, dissents: bool) -> "Text":
    line = _line(_name(voter.elector), ": ")
    for number, answer in enumerate(voter.answers):
        style = "yellow" if dissents else ""
        line.append(f"{' and ' if number else ''}{answer.choice}", style)
        if answer.choice != "abstain" and one.aggregation == "reputation":
            line.append(f" (weight {answer.value:,})")
        elif answer.choice != "abstain" and one.aggregation == "skill":
            line.append(f" ({answer.value / 1_000_000:+.2f} nats)")
        elif answer.choice != "abstain" and answer.confidence is not None:
            line.append(f" ({answer.confidence:.2f})")
        if answer.reason:
            line.append(printable(f": {answer.reason}"), "dim")
    if voter.refusal is not None:
        separator = "; " if voter.answers else ""
        line.append(printable(f"{separator}refused: {voter.refusal}"), "yellow")
    return line


def _add_history(tree: "Tree", told: Explanation) -> None:
    if not told.history.related:
        return
    branch = tree.add("related beliefs")
    leans_on = {*told.history.leans_on, *told.history.leans_on_through}
    for one in _some(branch, told.history.related):
        how = ", ".join(one.relations) or "what it leans on leans on this"
        mark = "leans on " if one.id in leans_on else ""
        verdict = one.verdict or "not proposed"
        branch.add(
            _line(
                f"{mark}{one.id[:_ID_DIGITS]} ({how}; {one.order}) ",
                (verdict, style_of(verdict)),
                f" {one.content}",
            )
        )
    if told.history.left_out:
        branch.add(f"{told.history.left_out} further ones, not looked at")


def _add_changes(tree: "Tree", told: Explanation) -> None:
    branch = tree.add("what would change the verdict")
    rounds = {one.id: one for one in told.rounds}
    for change in told.changes:
        one = rounds[change.round]
        through = f" (attempt {one.attempt})" if len(told.rounds) > 1 else ""
        words = f": {_needed(change, one.tally)}{through}"
        branch.add(_line((change.verdict, style_of(change.verdict)), words))
    attempt = told.next_attempt
    by = " or ".join(_OPENERS[one] for one in attempt.by)
    opened = _BLOCKED[attempt.blocked] if attempt.blocked else f"attempt {attempt.number}, by {by}"
    branch.add(f"a new vote: {opened}")


def _needed(change: Change, tally: Tally) -> str:
    parts = []
    sides = sorted({vote.choice for vote in change.votes if vote.choice != "abstain"})
    if change.value:
        unit = {
            "votes": "", "millionths": " of confidence", "weight": " of weight",
            "nats": " nats of evidence",
        }[tally.unit]  # fmt: skip
        parts.append(f"{_value(tally, change.value)}{unit} more to {' and '.join(sides)}")
    if change.answers:
        parts.append(f"{change.answers} more to answer")
    for contradicts, words in ((False, "from"), (True, "contradicting themselves:")):
        who = [vote.elector for vote in change.votes if vote.contradicts is contradicts]
        if who:
            parts.append(f"{words} {_names(who)}")
    if change.closing is not None:
        parts.append(_closing(change.closing))
    return ", ".join(parts)


def _closing(closing: Closing) -> str:
    when = f" from {_time(closing.not_before_ms)}" if closing.not_before_ms else ""
    again = "" if closing.not_before_ms else "a second, different "
    return f"{again}closing{when} by {_names(closing.by, ' or ')}"


def _value(tally: Tally, value: int) -> str:
    return f"{value / 1_000_000:.2f}" if tally.unit in ("millionths", "nats") else f"{value:,}"


def _some(branch: "Tree", entries: Sequence[Entry]) -> Iterator[Entry]:
    """The first few; how many more there are is added after them."""
    yield from entries[:SHOWN_MAX]
    if len(entries) > SHOWN_MAX:
        branch.add(f"and {len(entries) - SHOWN_MAX} more")


def _names(who: Sequence[Who], joint: str = ", ") -> str:
    names = [_name(one) for one in who[:SHOWN_MAX]]
    more = f" and {len(who) - SHOWN_MAX} more" if len(who) > SHOWN_MAX else ""
    return joint.join(names) + more


def _name(who: Who) -> str:
    return who.name or who.id[:_ID_DIGITS]


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _line(*parts: str | tuple[str, str]) -> "Text":
    """A line of words as they are: what a peer wrote is taken neither for markup nor for codes."""
    from rich.text import Text

    styled = [(one, "") if isinstance(one, str) else one for one in parts]
    return Text.assemble(*((printable(words), style) for words, style in styled))
