"""Incident files: what is read, and how a mistake is told."""

import tomllib
from pathlib import Path

import pytest

from credimus.demo.reading import knowledge_of, parse_scenario, read_scenario
from credimus.kernel.errors import NotFound, UsageError
from credimus.runtime.evaluating.knowledge_file import read_knowledge

HEAD = """
title = "a small one"
fleet = "small"
[[node]]
name = "a"
role = "one"
[[node]]
name = "b"
role = "two"
"""
STATEMENT = """
[[statement]]
id = "gate"
says = "The gate is open"
by = ["a"]
at = 1.0
known.b = "seen"
expect = "accepted"
"""
KILL = '[kill]\nnode = "a"\nat = 2.0\nrestart_at = 4.0\n'


def told(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse_scenario(text, "x.toml")
    assert caught.value.code == "bad-scenario"
    assert caught.value.message.startswith("x.toml")
    return caught.value.message


def test_a_scenario_is_read() -> None:
    read = parse_scenario(HEAD + STATEMENT + KILL, "x.toml")
    assert read.names == ["a", "b"]
    assert read.find("gate").known == {"b": "seen"}
    assert read.acts() == [read.find("gate")]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[[statement]", "not valid TOML"),
        (STATEMENT.replace("at = 1.0", 'at = "soon"'), "statement 'gate': Expected `float`"),
        (STATEMENT.replace("expect", "expects"), "statement 'gate': Object contains unknown field"),
        (STATEMENT.replace("accepted", "true"), "statement 'gate': Invalid enum value 'true'"),
        (STATEMENT.replace('"a"', '"z"'), "names 'z', which is no node; the nodes are a, b"),
        (STATEMENT.replace("known.b", "known.z"), "names 'z', which is no node"),
        (STATEMENT + STATEMENT, "statement 'gate' is there twice"),
        (STATEMENT + STATEMENT.replace('"gate"', '"again"'), "says again what 'gate' says"),
        (STATEMENT.replace('["a"]', '["a", "a"]'), "names an asserter twice"),
        (STATEMENT.replace("The gate is open", " . "), "says nothing"),
        (STATEMENT.replace("The gate is open", "é" * 600), "more than 1024 bytes"),
        (STATEMENT.replace('"seen"', f'"{"é" * 300}"'), "a reason has more than 512 bytes"),
        (
            STATEMENT + f'evidence = [{{ kind = "x", content = "{"é" * 600}" }}]\n',
            "evidence has more than 1024 bytes",
        ),
        (STATEMENT + 'denied.b = "no"\n', "'b' can not both know it and deny it"),
        (STATEMENT + 'denied.a = "no"\n', "'a' asserts what it knows to be false"),
        (STATEMENT + 'later = [{ by = "b", at = 0.5 }]\n', "'b' comes later, but at 0.5 s"),
        (STATEMENT.replace("at = 1.0", "at = 3.0") + KILL, "dead from 2.0 s to 4.0 s"),
        (STATEMENT + KILL.replace("4.0", "1.0"), "restart_at must come after at"),
        (STATEMENT + '[cut]\nnode = "a"\nat = 3.0\nheal_at = 2.0\n', "heal_at must come after"),
        (STATEMENT + KILL + '[cut]\nnode = "a"\nat = 3.0\nheal_at = 9.0\n', "while it is cut off"),
        (STATEMENT + '[cut]\nnode = "z"\nat = 3.0\nheal_at = 9.0\n', "cut names 'z'"),
        (STATEMENT + KILL.replace('"a"', '"z"'), "kill names 'z'"),
        (
            STATEMENT + '[[retraction]]\nby = "b"\nat = 2.0\nstatement = "gate"\nreason = "no"\n',
            "'b' did not assert it",
        ),
        (
            STATEMENT + '[[retraction]]\nby = "a"\nat = 1.0\nstatement = "gate"\nreason = "no"\n',
            "before the statement",
        ),
        (
            STATEMENT + '[[retraction]]\nby = "a"\nat = 2.0\nstatement = "door"\nreason = "no"\n',
            "there is no such statement",
        ),
        (
            STATEMENT
            + '[[relation]]\nby = "a"\nat = 2.0\nsource = "gate"\nrelation = "implies"\n'
            + 'target = "door"\n',
            "there is no statement 'door'",
        ),
        (
            STATEMENT
            + '[[relation]]\nby = "c"\nat = 0.0\nsource = "gate"\nrelation = "implies"\n'
            + 'target = "gate"\n',
            "names 'c'",
        ),
        ('[[node]]\nname = "a"\nrole = "three"\n' + STATEMENT, "node 'a' is there twice"),
        ('[[node]]\nname = "A B"\nrole = "three"\n' + STATEMENT, "node 'A B': Expected `str`"),
    ],
)
def test_a_mistake_is_named_with_its_entry(more: str, said: str) -> None:
    assert said in told(HEAD + more)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        read_scenario(tmp_path / "none.toml")
    assert "none.toml does not exist" in caught.value.message
    with pytest.raises(UsageError):
        read_scenario(tmp_path)


def test_the_knowledge_of_a_node_is_what_up_reads(tmp_path: Path) -> None:
    odd = STATEMENT.replace("The gate is open", 'A \\"gate\\" is 5° \\u007f open \\\\ wide')
    false = STATEMENT.replace('"gate"', '"door"').replace("gate is", "door is")
    scenario = parse_scenario(HEAD + odd + false.replace("known", "denied"), "x.toml")
    path = tmp_path / "b.toml"
    path.write_text(knowledge_of(scenario, "b"), encoding="utf-8")
    facts = read_knowledge(path)
    assert [(says, fact.holds) for says, fact in facts.items()] == [
        (scenario.find("gate").says, True),
        ("The door is open", False),
    ]
    assert facts["The door is open"].reason == "seen"
    assert tomllib.loads(knowledge_of(scenario, "a")) == {}
