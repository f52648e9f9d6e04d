"""Which electorate a proposer names, and what an elector holds against one. Pure."""

from collections.abc import Iterable

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import NodeId
from credimus.protocol.voting.interface import VotingConfig
from credimus.state.electorates import Electorate, left_out_most
from credimus.state.members import Members


def weights_of(members: Members, config: VotingConfig, category: str = "") -> dict[NodeId, int]:
    """This node's own view of who votes on beliefs of a category, and with what weight."""
    return dict.fromkeys(members.electors(category), config.elector_weight)


def fitting(
    published: Iterable[Electorate], weights: dict[NodeId, int], tolerance: int
) -> Electorate | None:
    """The newest published electorate with exactly these members, weights within tolerance."""
    for electorate in published:
        if len(electorate) == len(weights) and all(
            NodeId(elector.member) in weights
            and abs(elector.weight - weights[NodeId(elector.member)]) <= tolerance
            for elector in electorate.electors
        ):
            return electorate
    return None


def objection(
    electorate: Electorate,
    members: Members,
    config: VotingConfig,
    left_out_max: int,
    category: str = "",
) -> str | None:
    """Why this node's roster speaks against an electorate; None when it does not.

    The fold has judged it by the past of its proposal; this is the roster as it is known now.

    Args:
        left_out_max: the fleet's policy, in millionths.
        category: of the belief; matters only where some members are held to categories.
    """
    strangers = [one for one in electorate.position if one not in members]
    if strangers:
        return f"holds {strangers[0].hex()[:12]}, who is no member"
    able = members.electors(category)
    unable = [one for one in electorate.position if one not in able]
    if unable:
        why = "was proven to equivocate" if unable[0] in members.exposed else "may not vote"
        return f"holds {unable[0].hex()[:12]}, who {why}"
    left_out = [one for one in able if one not in electorate.position]
    if len(left_out) > left_out_most(left_out_max, len(able)):
        return f"leaves out {len(left_out)} active members, {left_out[0].hex()[:12]} among them"
    weights = weights_of(members, config, category)
    for elector in electorate.electors:
        ours = weights[NodeId(elector.member)]
        if abs(elector.weight - ours) > config.weight_tolerance:
            return (
                f"weighs {elector.member.hex()[:12]} {elector.weight / MILLION:.2f}, "
                f"not {ours / MILLION:.2f}"
            )
    return None
