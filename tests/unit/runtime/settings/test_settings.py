"""Settings and knowledge files: read back as written, and named where they are wrong."""

from pathlib import Path

import pytest

from credimus.kernel.errors import NotFound, UsageError
from credimus.kernel.instant import MILLISECOND
from credimus.protocol.membership.interface import MembershipConfig
from credimus.protocol.partition.interface import PartitionConfig, Policy
from credimus.protocol.recovery.interface import RecoveryConfig
from credimus.protocol.vigilance.interface import VigilanceConfig
from credimus.runtime.evaluating.knowledge_file import read_knowledge
from credimus.runtime.settings.keeping import RecoverySettings
from credimus.runtime.settings.reach import MembershipSettings, PartitionSettings
from credimus.runtime.settings.settings import (
    FleetSettings,
    NodeSettings,
    Settings,
    VotingSettings,
    check_name,
    host_port,
    read_settings,
    rules_of,
    write_settings,
)
from credimus.runtime.settings.vigilance import VigilanceSettings
from credimus.state.operations import Choice, Scheme, Strategy

SETTINGS = Settings(
    fleet=FleetSettings(id="ab" * 16, name='Häfen "Nord" \\ 🚢'),
    node=NodeSettings(name="n0", link="quic"),
    voting=VotingSettings(scheme="supermajority", threshold="4/5", unknown="abstain"),
    membership=MembershipSettings(period_ms=700, suspicion_ms_min=900),
    recovery=RecoverySettings(settle_ms=900),
    partition=PartitionSettings(policy="open", severe_below=0.25, strategy="last_writer"),
    vigilance=VigilanceSettings(points=16, pause_s=20),
)


def test_settings_come_back_as_written(tmp_path: Path) -> None:
    write_settings(tmp_path / "config.toml", SETTINGS)
    assert read_settings(tmp_path / "config.toml") == SETTINGS
    voting = SETTINGS.core().voting
    assert (voting.rules.numerator, voting.rules.denominator) == (4, 5)
    assert voting.unknown is Choice.ABSTAIN
    membership, partition = SETTINGS.core().membership, SETTINGS.core().partition
    assert membership.period_ns == 700 * MILLISECOND
    assert membership.suspicion_ns_min == 900 * MILLISECOND
    assert (partition.policy, partition.severe_below) == (Policy.OPEN, 250_000)
    assert partition.strategy is Strategy.LAST_WRITER
    vigilance = SETTINGS.core().vigilance
    assert (vigilance.threshold, vigilance.pause_ns) == (16, 20_000 * MILLISECOND)


def test_defaults_of_the_file_are_those_of_the_core() -> None:
    assert MembershipSettings().core() == MembershipConfig()
    assert PartitionSettings().core() == PartitionConfig()
    assert VigilanceSettings().core() == VigilanceConfig()
    assert RecoverySettings().core() == RecoveryConfig()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('link = "quic"', 'link = "smoke"', "`node.link`"),
        ("severe_below = 0.25", "severe_below = 0.7", "severe_below"),
        ("suspicion_ms_min = 900", "suspicion_ms_min = 9000", "suspicion_ms_min"),
        ("pause_s = 20", "pause_s = 900", "pause_s_max"),
        ('strategy = "last_writer"', 'strategy = "coin"', "`partition.strategy`"),
        ('link = "quic"', 'lnik = "quic"', "lnik"),
        ("timeout_ms = 5000", "timeout_ms = 0", "`voting.timeout_ms`"),
        ("[voting]", "[[voting", "config.toml"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "config.toml"
    write_settings(path, SETTINGS)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UsageError) as caught:
        read_settings(path)
    assert caught.value.code == "bad-config"
    assert says in caught.value.message
    assert str(path) in caught.value.message


def test_rules_from_their_names() -> None:
    assert rules_of("byzantine").scheme is Scheme.BYZANTINE
    rules = rules_of("supermajority")
    assert (rules.numerator, rules.denominator) == (3, 4)
    assert rules_of("turnout", 0.6).numerator == 600_000
    for scheme, threshold in (
        ("supermajority", 0.5), ("supermajority", 1.1), ("turnout", "2/0"),
        ("supermajority", "half"), ("majority", 0.6),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=r"threshold|ratio"):
            rules_of(scheme, threshold)  # type: ignore[arg-type]


def test_addresses_and_names() -> None:
    assert host_port("[::1]:80", "x") == ("::1", 80)
    for wrong in ("", "80", ":80", "h:", "h:-1", "h:65536", "h:٣", "h\n:80", "h" * 130 + ":80"):
        with pytest.raises(UsageError):
            host_port(wrong, "x")
    for wrong in ("", " n", "n\t", "n" * 129):
        with pytest.raises(UsageError):
            check_name(wrong, "the name")


def test_what_a_node_knows(tmp_path: Path) -> None:
    path = tmp_path / "facts.toml"
    path.write_text(
        '[[fact]]\ncontent = "The gate is open."\nholds = true\nconfidence = 0.9\n'
        '[[fact]]\ncontent = "The gate is shut."\nholds = false\nreason = "seen"\n'
    )
    facts = read_knowledge(path)
    assert facts["The gate is open."].confidence == 900_000
    assert not facts["The gate is shut."].holds
    assert facts["The gate is shut."].reason == "seen"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[fact]]\nholds = true", "number 1"),
        ('[[fact]]\ncontent = "a"\nholds = true\n[[fact]]\ncontent = "b"\nholds = 1', "number 2"),
        ('[[fact]]\ncontent = "a"\nholds = true\nconfidence = 2.0', "number 1"),
        ('[[fact]]\ncontent = "a"\nholds = true\ncolour = 1', "colour"),
        ('[[fact]]\ncontent = " "\nholds = true', "empty"),
        (
            '[[fact]]\ncontent = "a"\nholds = true\n[[fact]]\ncontent = "A."\nholds = true',
            "number 2",
        ),
        ("[[facts]]\ncontent = 1", "'facts'"),
        ("[[facts]]\ncontent = 1", "did you mean `fact`? Its form"),
        ('[[fact]]\ncontent = "a"\nhold = true', "`hold` is not known; did you mean `holds`?"),
        ('[[fact]]\ncontent = "a"\nholds = 1', "`holds` must be true or false"),
        ("fact = 1", "[[fact]]"),
        ("[[fact]", "facts.toml"),
        ('x = "\udcff"', "facts.toml"),
    ],
)
def test_a_wrong_fact_is_named_with_file_and_entry(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "facts.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as caught:
        read_knowledge(path)
    assert caught.value.code == "bad-knowledge"
    assert str(path) in caught.value.message
    assert says in caught.value.message


def test_a_missing_knowledge_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_knowledge(tmp_path / "absent.toml")
