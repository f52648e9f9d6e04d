"""What may be written at a level, and the words for it. Pure."""

from collections.abc import Callable, Mapping, Sequence

from credimus.kernel.errors import Partitioned
from credimus.kernel.ids import NodeId
from credimus.protocol.partition.interface import (
    Cause,
    Level,
    Permit,
    Policy,
    Sight,
    Standing,
)

_NAMED_MAX = 3
_WORDS = {
    Cause.SILENT: "fell silent: crashed, or alone behind a cut",
    Cause.TOGETHER: "fell silent together: probably cut off",
    Cause.CUT: "cut off, though running",
}


def permit(level: Level, policy: Policy, reason: str, suffices: Callable[[], bool]) -> Permit:
    """What a write can count on.

    Args:
        reason: who is out of reach, in words.
        suffices: whether those in reach can decide a round of all members.

    Raises:
        Partitioned: the level is severe and the policy guarded.

    Source: the requirement's section 3.1.
    """
    match level:
        case Level.NONE:
            return Permit()
        case Level.MINOR:
            return Permit(Standing.DEGRADED, reason)
        case Level.SEVERE if policy is Policy.GUARDED:
            raise Partitioned(
                "partitioned",
                f"too little of the fleet is in reach: {reason}. Nothing was changed, and reads "
                'work; ask again when it has healed, or set policy = "open" under [partition] to '
                "write tentatively.",
            )
    if suffices():
        return Permit(Standing.QUORUM, f"{reason}; those in reach suffice to decide")
    return Permit(
        Standing.TENTATIVE, f"{reason}; too few are in reach to decide before the fleet heals"
    )


def reason_of(
    sight: Sight, causes: Mapping[NodeId, Cause], name_of: Callable[[NodeId], str]
) -> str:
    """Who is in reach, who is not and why, in words."""
    count, whole = len(sight.reachable), len(sight.members)
    parts = [f"{count} of {whole} members {'is' if count == 1 else 'are'} in reach"]
    for cause in Cause:
        those = [one for one in sight.absent if causes.get(one, Cause.SILENT) is cause]
        if those:
            parts.append(f"{_named(those, name_of)} {_WORDS[cause]}")
    if sight.one_way:
        parts.append("some messages pass one way only")
    return "; ".join(parts)


def _named(members: Sequence[NodeId], name_of: Callable[[NodeId], str]) -> str:
    names = [name_of(one) or one.hex()[:12] for one in members[:_NAMED_MAX]]
    more = len(members) - len(names)
    if more:
        names.append(f"{more} more")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
