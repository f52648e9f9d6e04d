"""Which evaluators a node has: chains, tables and files of rules, and what is wrong with them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from asking_stage import KEYS

from credimus.kernel.errors import NotFound, UsageError
from credimus.protocol.voting.interface import Ballot, Left
from credimus.protocol.voting.knowledge import LocalKnowledge
from credimus.protocol.voting.rulebook import Rule
from credimus.runtime.evaluating.evaluators import Evaluators
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.runtime.evaluating.rules_file import read_rules
from credimus.runtime.evaluating.steps import Slow
from credimus.runtime.settings.settings import (
    CallbackSettings,
    FleetSettings,
    NodeSettings,
    RulesSettings,
    Settings,
    VotingSettings,
    WebhookSettings,
    read_settings,
    write_settings,
)
from credimus.state.fleet import FleetState
from credimus.state.operations import Choice

PLAIN = Settings(fleet=FleetSettings(id="ab" * 16, name="f"), node=NodeSettings(name="n0"))
WEBHOOK = WebhookSettings(url="http://127.0.0.1:9/vote", timeout_ms=900, on_failure="next")


def settings(**voting: Any) -> Settings:
    return msgspec.structs.replace(PLAIN, voting=VotingSettings(**voting))


def evaluators(folder: Path, **voting: Any) -> Evaluators:
    made = Evaluators(folder, settings(**voting), KEYS[0])
    made.know(FleetState(PLAIN.fleet_id))
    return made


def test_local_alone_is_asked_without_a_chain(tmp_path: Path) -> None:
    assert PLAIN.voting.evaluators == ("local",)
    alone = evaluators(tmp_path)
    assert isinstance(alone._inner, LocalKnowledge)
    assert not alone.is_slow


def test_a_chain_comes_back_as_written(tmp_path: Path) -> None:
    written = settings(
        evaluators=("rules", "callback", "webhook", "local"),
        rules=RulesSettings(file="rules.toml"),
        callback=CallbackSettings(function="os.path:join", timeout_ms=10),
        webhook=WEBHOOK,
        evaluations_at_once=3,
    )
    write_settings(tmp_path / "config.toml", written)
    assert read_settings(tmp_path / "config.toml") == written
    (tmp_path / "rules.toml").write_text("")
    made = Evaluators(tmp_path, written, KEYS[0])
    made.know(FleetState(PLAIN.fleet_id))
    slow = [step for step in made.steps if isinstance(step, Slow)]
    assert [(one.name, one.timeout_ms) for one in slow] == [("callback", 10), ("webhook", 900)]
    assert slow[0].on_failure == Ballot(Choice.ABSTAIN, 0, "the callback gave no answer")
    assert slow[1].on_failure is Left.NEXT
    assert len(made.steps) == 4
    assert made.is_slow


@pytest.mark.parametrize(
    ("voting", "says"),
    [
        ({"evaluators": ("rules",)}, "[voting.rules] with file"),
        ({"evaluators": ("webhook", "local")}, "[voting.webhook] with url"),
        ({"evaluators": ("callback",)}, "[voting.callback] with function"),
        ({"evaluators": ("local", "webhook"), "webhook": WEBHOOK}, 'unknown = "next"'),
        ({"evaluators": ("manual", "local")}, "local stands after manual"),
        ({"evaluators": ("local", "local"), "unknown": "next"}, "twice"),
    ],
)
def test_a_chain_that_could_not_work_is_refused(
    tmp_path: Path, voting: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        evaluators(tmp_path, **voting)
    assert caught.value.code == "bad-evaluators"
    assert says in caught.value.message


def test_what_local_does_not_know_can_go_to_the_next(tmp_path: Path) -> None:
    made = evaluators(tmp_path, evaluators=("local", "webhook"), unknown="next", webhook=WEBHOOK)
    assert [isinstance(step, Slow) for step in made.steps] == [False, True]


def test_a_callback_comes_from_the_settings_or_from_the_program(tmp_path: Path) -> None:
    def judge(_: Inquiry) -> None:
        return None

    nameless = settings(evaluators=("callback",), callback=CallbackSettings())
    assert Evaluators(tmp_path, nameless, KEYS[0], judge)
    with pytest.raises(UsageError, match="names no function"):
        Evaluators(tmp_path, nameless, KEYS[0])


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('evaluators = ["oracle"]', "oracle"),
        ("evaluators = []", "`voting.evaluators`"),
        ("evaluations_at_once = 0", "`voting.evaluations_at_once`"),
        ('[voting.webhook]\nurl = "ftp://h"', "ftp"),
        ('[voting.webhook]\nurl = "http://h"\ntimeout = 1', "timeout"),
        ("[voting.webhook]\ntimeout_ms = 1", "url"),
        ('[voting.webhook]\nurl = "http://h"\non_failure = "panic"', "on_failure"),
        ("[voting.rules]", "file"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, lines: str, says: str) -> None:
    path = tmp_path / "config.toml"
    fleet = f'[fleet]\nid = "{"ab" * 16}"\nname = "f"\n[node]\nname = "n0"\n'
    path.write_text(f"{fleet}[voting]\n{lines}\n")
    with pytest.raises(UsageError) as caught:
        read_settings(path)
    assert caught.value.code == "bad-config"
    assert says in caught.value.message


def test_rules_as_they_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(
        '[[rule]]\ncategory = "weather"\nsource = ["scout", "truck"]\nconfidence = [0, 0.3]\n'
        'keywords = "Hear-say"\naction = "reject"\nvote_confidence = 0.8\nreason = "doubtful"\n'
        '[[rule]]\naction = "abstain"\n[[rule]]\naction = "ask"\n[[rule]]\naction = "next"\n'
    )
    first, *others = read_rules(path)
    assert first == Rule(
        answer=Ballot(Choice.REJECT, 800_000, "doubtful"),
        categories=frozenset({"weather"}),
        sources=frozenset({"scout", "truck"}),
        confidence_max=300_000,
        keywords=(" hear say ",),
    )
    assert [one.answer for one in others] == [
        Ballot(Choice.ABSTAIN, 0, "rule 2"), Left.OPEN, Left.NEXT
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[rule]]", "number 1"),
        ('[[rule]]\naction = "accept"\n[[rule]]\naction = "veto"', "number 2"),
        ('[[rule]]\naction = "accept"\ncolour = "red"', "colour"),
        ('[[rule]]\naction = "accept"\nkeywords = ["..."]', "no letter or digit"),
        ('[[rule]]\naction = "accept"\nkeywords = []', "keywords"),
        ('[[rule]]\naction = "accept"\ncategory = ""', "category"),
        ('[[rule]]\naction = "accept"\nconfidence = [0.9, 0.1]', "high to low"),
        ('[[rule]]\naction = "accept"\nconfidence = [0, 2]', "confidence"),
        ('[[rule]]\naction = "accept"\nconfidence = 0.5', "confidence"),
        ('[[rule]]\naction = "accept"\nreason = "' + "x" * 600 + '"', "512"),
        ("[[rules]]\n", "'rules'"),
        ('[[rule]]\naction = "acept"', "`action` is 'acept'; did you mean `accept`? Its"),
        ('[[rule]]\naction = "veto"', "; known are a"),
        ('[[rule]]\naction = "next"\nkeyword = "x"', "did you mean `keywords`?"),
        ('[[rule]]\naction = "next"\nconfidence = [0]', "must be a list of length 2, got 1"),
        ("rule = 1", "[[rule]]"),
        ("[[rule]", "line 1"),
        ('[[rule]]\naction = "next"\n' * 1_025, "1025"),
    ],
)
def test_a_wrong_rule_is_named_with_file_and_entry(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_rules(path)
    assert caught.value.code == "bad-rules-file"
    assert str(path) in caught.value.message
    assert says in caught.value.message


def test_rules_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="absent"):
        read_rules(tmp_path / "absent.toml")
    with pytest.raises(UsageError):
        read_rules(tmp_path)
