"""What docs/evaluators.md shows is taken as it stands there."""

import asyncio
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from credimus.kernel import limits
from credimus.protocol.voting.interface import Ballot, Left
from credimus.runtime.evaluating.callback import Callback
from credimus.runtime.evaluating.inquiry import Inquiry, Proof, Said
from credimus.runtime.evaluating.knowledge_file import read_knowledge
from credimus.runtime.evaluating.rules_file import read_rules
from credimus.runtime.evaluating.webhook import read_reply
from credimus.runtime.settings.settings import FleetSettings, NodeSettings, Settings, VotingSettings
from credimus.state.operations import Choice

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "evaluators.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def blocks(language: str, containing: str = "") -> list[str]:
    return [text for kind, text in BLOCKS if kind == language and containing in text]


@pytest.mark.parametrize("text", blocks("toml", "[voting]"))
def test_settings(text: str) -> None:
    voting = msgspec.convert(msgspec.toml.decode(text)["voting"], VotingSettings)
    fleet, node = FleetSettings(id="ab" * 16, name="f"), NodeSettings(name="n0")
    Settings(fleet=fleet, node=node, voting=voting).core()


def test_facts(tmp_path: Path) -> None:
    (text,) = blocks("toml", "[[fact]]")
    path = tmp_path / "facts.toml"
    path.write_text(text)
    gate, route = read_knowledge(path).values()
    assert (gate.holds, gate.confidence, gate.reason) == (True, 900_000, "the keeper told us")
    assert (route.holds, route.confidence, route.reason) == (False, 1_000_000, "known here")


def test_rules(tmp_path: Path) -> None:
    (text,) = blocks("toml", "[[rule]]")
    path = tmp_path / "rules.toml"
    path.write_text(text)
    first, second, third = (rule.answer for rule in read_rules(path))
    assert first == Ballot(Choice.REJECT, reason="the drone is not sure")
    assert second == Ballot(Choice.ABSTAIN, 0, "rule 2")
    assert third is Left.OPEN


def test_question_and_answer_of_a_webhook() -> None:
    question, answer = blocks("json")
    asked = msgspec.json.decode(question, type=Inquiry)
    assert set(msgspec.json.decode(question)) == set(Inquiry.__struct_fields__)
    assert asked.assertions[0].evidence == (Proof("camera", "frame 81"),)
    assert read_reply(answer.encode()) == Ballot(Choice.ACCEPT, 800_000, "seen on camera 4")


def test_the_callback() -> None:
    (text,) = blocks("python")
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102 - our own page
    (question, _) = blocks("json")
    traffic = msgspec.json.decode(question, type=Inquiry)
    weather = msgspec.structs.replace(traffic, category="weather")
    callback = Callback(names["vote"])
    assert asyncio.run(callback.judge(traffic)) is Left.NEXT
    answer = asyncio.run(callback.judge(weather))
    assert answer == Ballot(Choice.ACCEPT, 900_000, "looked for a photograph")


def test_numbers_and_names() -> None:
    voting = VotingSettings()
    assert voting.evaluators == ("local",)
    assert f"at a time; {voting.evaluations_at_once} |" in PAGE
    assert f"let go; {voting.evaluations_waiting:,} |" in PAGE
    assert f"at most {limits.INQUIRY_ASSERTIONS_MAX} assertions".lower() in PAGE.lower()
    assert f"at most {limits.EVALUATOR_ANSWER_BYTES_MAX // 1_024} KiB" in PAGE
    assert all(f'"{field}"' in PAGE for field in Said.__struct_fields__)
