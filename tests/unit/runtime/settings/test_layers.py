"""Settings in layers: which goes before which, where each comes from, what is wrong with whom."""

from pathlib import Path
from typing import Any

import pytest

from credimus.kernel.errors import NotFound, UsageError
from credimus.runtime.settings.layers import Origin, fields, resolve
from credimus.runtime.settings.settings import (
    FleetSettings,
    NodeSettings,
    Settings,
    VotingSettings,
    WebhookSettings,
    read_settings,
    write_settings,
)

KEPT = Settings(
    fleet=FleetSettings(id="ab" * 16, name="harbour"),
    node=NodeSettings(name="n0"),
    voting=VotingSettings(scheme="supermajority", threshold="4/5"),
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    write_settings(path, KEPT)
    return path


def test_without_more_it_is_the_file(config: Path) -> None:
    resolved = resolve(config, {"HOME": "/", "CREDIMUS_HOME": "x", "CREDIMUS_DEBUG": "1"})
    assert resolved.settings == read_settings(config) == KEPT
    assert resolved.warnings == ()
    assert {one.kind for one in resolved.origins.values()} == {"file", "default"}


def test_an_option_goes_before_a_variable_and_that_before_the_file(config: Path) -> None:
    variables = {"CREDIMUS_VOTING_TIMEOUT_MS": "700", "CREDIMUS_VOTING_ATTEMPTS_MAX": "7"}
    options = {"voting.timeout_ms": ("--timeout-ms", 900), "node.link": ("--link", None)}
    resolved = resolve(config, variables, options)
    voting = resolved.settings.voting
    assert (voting.timeout_ms, voting.attempts_max, voting.scheme) == (900, 7, "supermajority")
    origins = resolved.origins
    assert origins["voting.timeout_ms"] == Origin("option", "--timeout-ms")
    assert origins["voting.attempts_max"] == Origin("variable", "CREDIMUS_VOTING_ATTEMPTS_MAX")
    assert origins["voting.knowledge"] == Origin("default", "")


def test_the_line_of_a_setting_is_the_one_in_the_file(config: Path) -> None:
    lines = config.read_text().splitlines()
    for name, origin in resolve(config, {}).origins.items():
        if origin.kind == "file":
            number = int(origin.where.removeprefix("config.toml:"))
            assert lines[number - 1].startswith(f"{name.rpartition('.')[2]} = ")


@pytest.mark.parametrize(
    "field", [one for one in fields() if one.variable], ids=lambda one: one.name
)
def test_every_setting_but_the_fleet_has_a_variable(field: Any, config: Path) -> None:
    texts = {"threshold": "2/3", "evaluators": "manual", "url": "http://127.0.0.1:9/x",
             "reputation_min": "0.2", "independence": "true", "by_category": "true",
             "patience_ms": "700"}  # fmt: skip
    chosen = {"link": "tcp", "scheme": "supermajority", "aggregation": "confidence",
              "unknown": "abstain", "on_failure": "next", "file": "r.toml",
              "enabled": "false", "push": "0.7", "pull": "0.7",
              "relay": "0.7", "selection": "random", "policy": "open",
              "strategy": "consensus", "by_itself": "false"}  # fmt: skip
    shares = {"severe_below": "0.25", "partial_below": "0.5", "minor_below": "0.95",
              "suspicion_ms_max": "1700", "pause_s_max": "70"}  # fmt: skip
    last = field.name.rpartition(".")[2]
    text = {**texts, **chosen, **shares}.get(last, "7")
    need = {"CREDIMUS_VOTING_WEBHOOK_URL": texts["url"], "CREDIMUS_VOTING_RULES_FILE": "r.toml"}
    resolved = resolve(config, {**need, field.variable: text})
    found: Any = resolved.settings
    for part in field.name.split("."):
        found = getattr(found, part)
    expected = {"evaluators": ("manual",), "enabled": False, "by_itself": False}
    assert found == expected.get(last, type(found)(text))
    assert resolved.origins[field.name] == Origin("variable", field.variable)
    assert resolved.warnings == ()


def test_the_fleet_can_not_be_set() -> None:
    assert [one.name for one in fields() if one.variable is None] == ["fleet.id", "fleet.name"]


def test_a_threshold_belongs_to_its_scheme(config: Path) -> None:
    other = {"voting.scheme": ("--scheme", "majority")}
    assert resolve(config, {}, other).settings.voting.threshold is None
    same = {"voting.scheme": ("--scheme", "supermajority")}
    assert resolve(config, {}, same).settings.voting.threshold == "4/5"
    both = {"CREDIMUS_VOTING_SCHEME": "turnout", "CREDIMUS_VOTING_THRESHOLD": "0.6"}
    assert resolve(config, both).settings.voting.threshold in (0.6, "0.6")
    assert resolve(config, both, other).settings.core().voting.rules.numerator == 0


@pytest.mark.parametrize(
    ("variables", "options", "code", "says"),
    [
        ({"CREDIMUS_VOTING_TIMEOUT_MS": "soon"}, {}, "bad-variable", "CREDIMUS_VOTING_TIMEOUT_MS"),
        ({"CREDIMUS_VOTING_TIMEOUT_MS": "0"}, {}, "bad-variable", ">= 1"),
        ({"CREDIMUS_NODE_LINK": "smoke"}, {}, "bad-variable", "CREDIMUS_NODE_LINK is 'smoke'"),
        ({"CREDIMUS_VOTING_EVALUATORS": "local,rulez"}, {}, "bad-variable", "rulez"),
        ({}, {"voting.timeout_ms": ("--timeout-ms", 0)}, "bad-option", "--timeout-ms is 0"),
        (
            {"CREDIMUS_VOTING_WEBHOOK_TIMEOUT_MS": "9"},
            {},
            "bad-config",
            "CREDIMUS_VOTING_WEBHOOK_TIMEOUT_MS: `voting.webhook.url` is missing",
        ),
    ],
)
def test_what_is_wrong_is_named(
    variables: dict[str, str], options: dict[str, Any], code: str, says: str, config: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(config, variables, options)
    assert caught.value.code == code
    assert says in caught.value.message
    assert "Mend" in caught.value.message


def test_what_is_wrong_in_the_file_is_the_file_s(config: Path) -> None:
    config.write_text(config.read_text().replace("timeout_ms = 5000", 'timeout_ms = "5000"'))
    with pytest.raises(UsageError) as caught:
        resolve(config, {"CREDIMUS_VOTING_TIMEOUT_MS": "7"})
    assert caught.value.code == "bad-config"
    assert "`voting.timeout_ms`" in caught.value.message
    with pytest.raises(NotFound):
        resolve(config.with_name("absent.toml"), {})


def test_an_unknown_variable_is_named_with_what_may_be_meant(config: Path) -> None:
    found = resolve(config, {"CREDIMUS_VOTING_SHEME": "x", "CREDIMUS_QQQ": "", "OTHER": ""})
    assert found.settings == KEPT
    assert found.warnings == (
        "CREDIMUS_QQQ sets nothing here; see docs/configuration.md.",
        "CREDIMUS_VOTING_SHEME sets nothing here; did you mean `CREDIMUS_VOTING_SCHEME`?",
    )


def test_an_evaluator_that_is_set_up_and_never_asked_is_told(config: Path) -> None:
    hook = {"CREDIMUS_VOTING_WEBHOOK_URL": "http://127.0.0.1:9000/"}
    (told,) = resolve(config, {**hook, "CREDIMUS_VOTING_EVALUATORS": "local,manual"}).idle
    assert told.startswith(
        '[voting.webhook] is set, but never asked: evaluators of [voting] is ["local", "manual"]'
    )
    assert resolve(config, {**hook, "CREDIMUS_VOTING_EVALUATORS": "webhook"}).idle == ()


def test_what_may_be_secret_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    hook = WebhookSettings(url="https://votes.example/ask?key=opensesame")
    write_settings(path, Settings(fleet=KEPT.fleet, node=KEPT.node,
                                  voting=VotingSettings(webhook=hook)))  # fmt: skip
    shown = {name: value for name, value, _ in resolve(path, {}).shown()}
    assert shown["voting.webhook.url"] == "https://votes.example/ask?..."
    assert "opensesame" not in repr(shown)
