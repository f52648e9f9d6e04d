"""What a command can count on while the fleet is split, and the answer that says so."""

from msgspec.structs import replace

from credimus.node.commands import AnyCommand, AssertBelief, CastVote, ProposeBelief, Written
from credimus.protocol.partition.interface import Permit, Standing
from credimus.protocol.partition.machine import Partition
from credimus.state.operations import Rules


def permit_of(command: AnyCommand, partition: Partition, rules: Rules) -> Permit:
    """What a command can count on; votes of the node's own evaluators are safe anywhere.

    Args:
        rules: the node's own.

    Raises:
        Partitioned: nothing is written now.
    """
    if isinstance(command, CastVote) and command.evaluated:
        return Permit()
    own = command.rules if isinstance(command, AssertBelief | ProposeBelief) else None
    return partition.permit(own or rules)


def marked(written: Written, permit: Permit) -> Written:
    """What was written, with what it can count on."""
    if permit.standing is Standing.NORMAL:
        return written
    return replace(written, standing=permit.standing, reason=permit.reason)
