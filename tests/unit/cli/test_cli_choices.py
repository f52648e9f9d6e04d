"""What a command lets people choose from is what the node knows."""

from typing import Any, get_args

import pytest

from credimus.api.shapes import answers, inputs, members, messages, partitions
from credimus.cli import beliefs, log, node, options, reunion, token
from credimus.cli import members as member_commands
from credimus.cli import messages as message_commands
from credimus.cli.commands import COMMANDS
from credimus.cli.help import taken
from credimus.runtime.access.principals import Scope
from credimus.runtime.settings.settings import SchemeName


@pytest.mark.parametrize(
    ("offered", "known"),
    [
        (log.Kind, inputs.Kind),
        (beliefs.Verdict, answers.VerdictName),
        (beliefs.Relation, answers.RelationName),
        (get_args(options.SomeUrgency)[0], inputs.UrgencyName),
        (member_commands.Power, members.PowerName),
        (node.Power, members.PowerName),
        (node.Scheme, SchemeName),
        (message_commands.Mode, messages.ModeName),
        (reunion.Strategy, partitions.StrategyName),
        (token.Scope, Scope),
    ],
)
def test_a_command_offers_what_the_node_knows(offered: Any, known: Any) -> None:
    assert set(get_args(offered)) == set(get_args(known))


def test_choices_are_words_whatever_they_hold() -> None:
    """`appoint` has `int` in it."""
    entry = next(one for one in COMMANDS if one.words == "log")
    assert "--kind WORD" in [one.name for one in taken(entry)]
