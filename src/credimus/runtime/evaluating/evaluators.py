"""How the members of a node vote, as its settings say: one evaluator, or a chain of several."""

from pathlib import Path

from credimus.kernel.errors import UsageError
from credimus.lace.seal import Signer
from credimus.protocol.voting.chain import Chain, Step
from credimus.protocol.voting.interface import Answer, Ballot, Evaluator, Left, Question
from credimus.protocol.voting.knowledge import LocalKnowledge
from credimus.protocol.voting.rulebook import Rulebook
from credimus.runtime.evaluating.callback import Callback, Function, load_function
from credimus.runtime.evaluating.knowledge_file import read_knowledge
from credimus.runtime.evaluating.rules_file import read_rules
from credimus.runtime.evaluating.steps import AnyStep, Slow, at_once
from credimus.runtime.evaluating.target import target_of
from credimus.runtime.evaluating.webhook import Webhook
from credimus.runtime.settings.settings import OnFailure, Settings, VotingSettings
from credimus.state.fleet import FleetState
from credimus.state.operations import Choice


class Evaluators:
    """The core's evaluator; it hears of the node's state after it is made.

    Args:
        folder: paths in the settings are relative to it.
        signer: the node's own key, for webhooks.
        function: the callback, in place of what the settings name.

    Raises:
        NotFound, UsageError: a file or function that the settings name can not be used.
    """

    def __init__(
        self, folder: Path, settings: Settings, signer: Signer, function: Function | None = None
    ) -> None:
        voting = settings.voting
        self._names = voting.evaluators
        self._unknown = settings.core().voting.unknown
        self._facts = read_knowledge(folder / voting.knowledge) if voting.knowledge else {}
        self._rules = read_rules(folder / voting.rules.file) if voting.rules else []
        self._slow = _slow(voting, signer, function)
        self._inner: Evaluator | None = None
        self.steps: tuple[AnyStep, ...] = ()
        """The whole chain."""

    @property
    def is_slow(self) -> bool:
        """Whether some evaluator runs outside the core."""
        return any(isinstance(step, Slow) for step in self.steps)

    def know(self, state: FleetState) -> None:
        """Judge by this state from now on."""
        local = LocalKnowledge(state, self._unknown, self._facts)
        quick: dict[str, Step] = {
            "local": lambda question: local.evaluate(question) or Left.NEXT,
            "rules": Rulebook(state, self._rules).consider,
            "manual": lambda _: Left.OPEN,
        }
        self.steps = tuple(self._slow.get(name) or quick[name] for name in self._names)
        self._inner = local if self._names == ("local",) else Chain(at_once(self.steps))

    def evaluate(self, question: Question) -> Ballot | None:
        """What can be answered at once; None leaves the question to slow ones, or to a command."""
        assert self._inner is not None  # noqa: S101 - set before the node takes any input
        return self._inner.evaluate(question)


def _slow(voting: VotingSettings, signer: Signer, function: Function | None) -> dict[str, Slow]:
    slow: dict[str, Slow] = {}
    if "callback" in voting.evaluators and voting.callback is not None:
        callback = voting.callback
        if function is None and callback.function is None:
            raise UsageError(
                "bad-callback",
                "[voting.callback] names no function; add function, such as "
                '"my_module:judge", or give one to Daemon.load.',
            )
        called = Callback(function or load_function(callback.function or ""))
        instead = _instead(callback.on_failure, "callback")
        slow["callback"] = Slow("callback", called.judge, callback.timeout_ms, instead)
    if "webhook" in voting.evaluators and voting.webhook is not None:
        webhook = voting.webhook
        asked = Webhook(target_of(webhook.url), signer)
        instead = _instead(webhook.on_failure, "webhook")
        slow["webhook"] = Slow("webhook", asked.judge, webhook.timeout_ms, instead)
    return slow


def _instead(on_failure: OnFailure, name: str) -> Answer:
    match on_failure:
        case "abstain":
            return Ballot(Choice.ABSTAIN, 0, f"the {name} gave no answer")
        case "next":
            return Left.NEXT
        case "leave":
            return Left.OPEN
