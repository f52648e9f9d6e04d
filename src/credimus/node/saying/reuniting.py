"""What a node's commands ask of a reunion, and which split of its diary is meant."""

from credimus.node.commands import BeginReunion, ReunionCommand
from credimus.protocol.partition.interface import Episode
from credimus.protocol.reunion.interface import Apart, Begin, ReunionInput, Undo

_UNNOTICED_MS = 5_000
"""From a cut to the moment at which a member is found to be out of reach, at the most. [measured:
3 s; what is looked at in vain does no harm]"""


def reunion_input(command: ReunionCommand) -> ReunionInput:
    """What a command asks of the machine."""
    if isinstance(command, BeginReunion):
        return Begin(command.plan, command.asked)
    return Undo()


def apart_of(episode: Episode, now_ms: int) -> Apart:
    """The time of a split and who was away, as an entry of the diary has them."""
    since = min((one.since_ms for one in episode.absences), default=episode.began_ms)
    return Apart(
        began_ms=max(0, min(since, episode.began_ms) - _UNNOTICED_MS),
        ended_ms=episode.healed_ms or now_ms,
        far=tuple(one.member for one in episode.absences),
    )
