"""The settings of a node, as config.toml holds them and `up` may override them for one run."""

import json
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.errors import UsageError
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import ID_BYTES, FleetId
from credimus.kernel.instant import MILLISECOND
from credimus.kernel.wording import sentence
from credimus.node.config import Config
from credimus.protocol.delivery.interface import DeliveryConfig
from credimus.protocol.voting.interface import VotingConfig
from credimus.runtime.evaluating.target import target_of
from credimus.runtime.identity.credentials import read_file, write_file
from credimus.runtime.settings.keeping import (
    CheckpointSettings,
    LimitSettings,
    MessageSettings,
    RecoverySettings,
)
from credimus.runtime.settings.reach import MembershipSettings, PartitionSettings
from credimus.runtime.settings.spreading import DisseminationSettings
from credimus.runtime.settings.vigilance import VigilanceSettings
from credimus.state.operations import Aggregation, Choice, Rules, Scheme

Link = Literal["tls", "quic", "tcp"]
SchemeName = Literal["majority", "supermajority", "byzantine", "turnout", "credence"]
AggregationName = Literal["equal", "confidence", "reputation", "skill"]
EvaluatorName = Literal["local", "rules", "callback", "webhook", "manual"]
OnFailure = Literal["abstain", "next", "leave"]
Milliseconds = Annotated[int, Meta(ge=1, le=limits.ROUND_TIMEOUT_MS_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=limits.NAME_BYTES_MAX)]
_THRESHOLDS = {
    Scheme.SUPERMAJORITY: (3, 4),
    Scheme.TURNOUT: (510_000, MILLION),
    Scheme.CREDENCE: (19, 20),
}
"""Where a scheme takes a ratio and none is given. [seed]"""
_UNKNOWN = {"accept": Choice.ACCEPT, "abstain": Choice.ABSTAIN, "next": None}


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common shape of sections: unknown names are refused."""


class FleetSettings(Strict, frozen=True, kw_only=True):
    """The fleet that the node belongs to; never changed."""

    id: Annotated[str, Meta(pattern=f"^[0-9a-f]{{{2 * ID_BYTES}}}$")]
    """Its id in hex, from the founder's key."""
    name: Name
    """What people call it."""


class NodeSettings(Strict, frozen=True, kw_only=True):
    """Where the node is."""

    name: Name
    """What people call it; the roster keeps the one it joined with."""
    listen: str = "127.0.0.1:7447"
    """`host:port` for links from other nodes."""
    api: str = "127.0.0.1:8701"
    """`host:port` of the HTTP API; a port of 0 takes any free one."""
    api_certificate: str | None = None
    """PEM file with the certificate of the API, relative to the node's folder; with `api_key`."""
    api_key: str | None = None
    """Without both, an API beyond loopback shows the certificate of the node's links."""
    link: Link = "tls"
    """`tcp` is neither encrypted nor authenticated: only inside one machine."""


class RulesSettings(Strict, frozen=True, kw_only=True):
    """The evaluator `rules`."""

    file: Annotated[str, Meta(min_length=1)]
    """A TOML file of [[rule]] entries; relative to the node's folder."""


class SlowSettings(Strict, frozen=True, kw_only=True):
    """What evaluators outside the core have in common."""

    timeout_ms: Milliseconds = 2_000
    """How long an answer is waited for, in ms. [guess: less than half the life of a round]"""
    on_failure: OnFailure = "abstain"
    """What stands for an answer that does not come or can not be used: an abstention, the next
    evaluator's answer, or nothing, which leaves the question open for a command."""


class CallbackSettings(SlowSettings, frozen=True, kw_only=True):
    """The evaluator `callback`."""

    function: str | None = None
    """`module:function`; may be left out where a program gives it to `Daemon.load`."""


class WebhookSettings(SlowSettings, frozen=True, kw_only=True):
    """The evaluator `webhook`."""

    url: str
    """http or https; a query may hold a key, and is shown by no command."""

    def __post_init__(self) -> None:
        target_of(self.url)


class VotingSettings(Strict, frozen=True, kw_only=True):
    """How the node votes, and the rules of rounds that it opens."""

    scheme: SchemeName = "byzantine"
    """What decides: more than half (majority), three quarters (supermajority) or more than two
    thirds (byzantine) of the electorate, a share of those who voted (turnout), or how probable the
    answers make the belief (credence)."""
    threshold: float | str | None = None
    """For supermajority, turnout and credence: a ratio such as 0.75 or "3/4"."""
    aggregation: AggregationName = "equal"
    """What a vote counts: the same for all, its confidence, the elector's weight by its conduct
    (reputation), or the evidence in it by the elector's skill. Scheme credence goes by skill."""
    reputation_min: Annotated[float, Meta(ge=0, le=1)] = 0.1
    """The least voting weight that rounds by reputation count at all. All nodes need the same.
    [seed]"""
    independence: bool = False
    """Whether members that answer alike, against all others, share one voice in rounds by skill.
    All nodes need the same."""
    by_category: bool = False
    """Whether skill is worked out for each category by itself. All nodes need the same."""
    timeout_ms: Milliseconds = 5_000
    """Life of a round in ms. [seed]"""
    attempts_max: Annotated[int, Meta(ge=1, le=limits.ATTEMPTS_MAX)] = 3
    """Rounds that this node opens by itself on one belief when they expire. [guess]"""
    unknown: Literal["accept", "abstain", "next"] = "accept"
    """The vote of `local` on a belief of which the node knows nothing; `next` leaves it to the next
    evaluator."""
    knowledge: str | None = None
    """A TOML file with facts that the node knows; relative to its folder."""
    evaluators: Annotated[tuple[EvaluatorName, ...], Meta(min_length=1)] = ("local",)
    """Who answers for the node, in this order; each may leave a question to the next."""
    evaluations_at_once: Annotated[int, Meta(ge=1, le=limits.EVALUATIONS_AT_ONCE_MAX)] = 8
    """How many callbacks and webhooks run at a time. [guess]"""
    evaluations_waiting: Annotated[int, Meta(ge=1, le=limits.EVALUATIONS_WAITING_MAX)] = 1_024
    """How many questions wait for them; past it the oldest is let go. [guess]"""
    rules: RulesSettings | None = None
    callback: CallbackSettings | None = None
    webhook: WebhookSettings | None = None


class Settings(Strict, frozen=True, kw_only=True):
    """All of config.toml."""

    fleet: FleetSettings
    node: NodeSettings
    voting: VotingSettings = VotingSettings()
    dissemination: DisseminationSettings = DisseminationSettings()
    checkpoints: CheckpointSettings = CheckpointSettings()
    messages: MessageSettings = MessageSettings()
    membership: MembershipSettings = MembershipSettings()
    partition: PartitionSettings = PartitionSettings()
    limits: LimitSettings = LimitSettings()
    vigilance: VigilanceSettings = VigilanceSettings()
    recovery: RecoverySettings = RecoverySettings()

    @property
    def fleet_id(self) -> FleetId:
        """The fleet's id as bytes."""
        return FleetId(bytes.fromhex(self.fleet.id))

    def core(self) -> Config:
        """The settings of the core.

        Raises:
            UsageError: `bad-threshold`, `bad-evaluators`.
        """
        voting = self.voting
        _check_evaluators(voting)
        rules = rules_of(voting.scheme, voting.threshold, voting.aggregation)
        messages = self.messages
        return Config(
            delivery=DeliveryConfig(
                ttl_ms=round(messages.ttl_s * 1_000),
                attempts_max=messages.attempts_max,
                patience_ns_max=messages.patience_ms * MILLISECOND,
            ),
            voting=VotingConfig(
                rules=rules,
                timeout_ms=voting.timeout_ms,
                attempts_max=voting.attempts_max,
                unknown=_UNKNOWN[voting.unknown],
                reputation_min=round(voting.reputation_min * MILLION),
                independence=voting.independence,
                by_category=voting.by_category,
            ),
            dissemination=self.dissemination.core(),
            checkpoints=self.checkpoints.core(),
            membership=self.membership.core(),
            partition=self.partition.core(),
            vigilance=self.vigilance.core(),
            recovery=self.recovery.core(),
        )


def rules_of(
    scheme: SchemeName,
    threshold: float | str | None = None,
    aggregation: AggregationName = "equal",
) -> Rules:
    """The rules of a round from how people name them; credence goes by skill.

    Raises:
        UsageError: `bad-threshold`.
    """
    kind = Scheme[scheme.upper()]
    if kind is Scheme.CREDENCE and aggregation == "equal":
        aggregation = "skill"
    ratio = _THRESHOLDS.get(kind, (0, 1)) if threshold is None else _ratio(threshold)
    try:
        return Rules(
            scheme=kind,
            numerator=ratio[0],
            denominator=ratio[1],
            aggregation=Aggregation[aggregation.upper()],
        )
    except ValueError as problem:
        raise UsageError("bad-threshold", f"scheme {scheme}: {problem}.") from None


def read_settings(path: Path) -> Settings:
    """The settings in a file.

    Raises:
        NotFound: `key-missing`.
        UsageError: `bad-config`, naming the file and the setting.
        StorageError: `disk-failed`.
    """
    try:
        return msgspec.toml.decode(read_file(path), type=Settings)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UsageError(
            "bad-config", f"{path}: {sentence(problem, Settings)} Mend the file."
        ) from None


def write_settings(path: Path, settings: Settings) -> None:
    """Write the settings, whole or not at all.

    Raises:
        StorageError: `disk-failed`.
    """
    lines = ["# A credimus node. Options of `credimus up` go before what is written here."]
    for name in (
        "fleet", "node", "voting", "checkpoints", "membership", "partition", "messages", "limits"
    ):  # fmt: skip
        lines += _section(name, getattr(settings, name))
    if settings.dissemination != DisseminationSettings():
        lines += _section("dissemination", settings.dissemination)
    if settings.vigilance != VigilanceSettings():
        lines += _section("vigilance", settings.vigilance)
    if settings.recovery != RecoverySettings():
        lines += _section("recovery", settings.recovery)
    text = "\n".join(lines) + "\n"
    try:
        msgspec.toml.decode(text, type=Settings)
    except msgspec.ValidationError as problem:
        raise UsageError(
            "bad-config", f"these settings can not be kept: {sentence(problem, Settings)}"
        ) from None
    write_file(path, text.encode())


def host_port(address: str, what: str, *, any_port: bool = False) -> tuple[str, int]:
    """The two parts of `host:port`.

    Raises:
        UsageError: `address-unusable`.
    """
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    least = 0 if any_port else 1
    if (
        not host
        or not port.isascii()
        or not port.isdecimal()
        or not least <= int(port) <= 65_535
        or len(address.encode()) > limits.NAME_BYTES_MAX
        or not address.isprintable()
    ):
        raise UsageError(
            "address-unusable",
            f"{what} is {address[:140]!r}; give host:port with a port from {least} to 65535, such "
            "as 127.0.0.1:7447.",
        )
    return host, int(port)


def check_name(name: str, what: str) -> None:
    """Refuse a name that could not travel or be written down.

    Raises:
        UsageError: `bad-name`.
    """
    if not (0 < len(name.encode("utf-8", "replace")) <= limits.NAME_BYTES_MAX) or not (
        name.isprintable() and name.strip() == name
    ):
        raise UsageError(
            "bad-name",
            f"{what} is {name[:140]!r}; use 1 to {limits.NAME_BYTES_MAX} bytes of printable text.",
        )


def _check_evaluators(voting: VotingSettings) -> None:
    """Refuse a chain in which an evaluator could not be asked.

    Raises:
        UsageError: `bad-evaluators`.
    """
    names = voting.evaluators
    for place, name in enumerate(names):
        table = {"rules": voting.rules, "callback": voting.callback, "webhook": voting.webhook}
        if name in names[:place]:
            raise _bad_evaluators(f"{name} stands there twice; name it once")
        if table.get(name, True) is None:
            needed = {"rules": "file", "callback": "function", "webhook": "url"}[name]
            raise _bad_evaluators(f"{name} needs a table; add [voting.{name}] with {needed}")
        always = name == "manual" or (name == "local" and voting.unknown != "next")
        if always and place + 1 < len(names):
            mending = ', or set unknown = "next"' if name == "local" else ""
            raise _bad_evaluators(
                f"{names[place + 1]} stands after {name}, which leaves nothing to it; put it "
                f"before{mending}"
            )


def _bad_evaluators(why: str) -> UsageError:
    return UsageError("bad-evaluators", f"[voting] evaluators: {why}.")


def _section(name: str, section: msgspec.Struct) -> list[str]:
    """A section and those inside it, as lines."""
    lines, inside = ["", f"[{name}]"], []
    for field, value in msgspec.structs.asdict(section).items():
        if isinstance(value, msgspec.Struct):
            inside += _section(f"{name}.{field}", value)
        elif value is not None:
            lines.append(f"{field} = {_toml(value)}")
    return lines + inside


def _ratio(threshold: float | str) -> tuple[int, int]:
    if isinstance(threshold, str) and "/" in threshold:
        above, _, below = threshold.partition("/")
        if above.strip().isdecimal() and below.strip().isdecimal():
            parts = int(above), int(below)
            if max(parts) <= MILLION and parts[1]:
                return parts
    else:
        try:
            value = float(threshold)
        except ValueError:
            value = -1.0
        if 0 <= value <= 1:
            return round(value * MILLION), MILLION
    raise UsageError(
        "bad-threshold", f"threshold is {threshold!r:.80}; give a ratio such as 0.75 or 3/4."
    )


def _toml(value: str | float | tuple[str, ...]) -> str:
    """A value as TOML writes it; names were checked to be printable."""
    return json.dumps(value, ensure_ascii=False)
