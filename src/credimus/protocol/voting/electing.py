"""Which electorate a proposer names, and what an elector holds against one. Pure."""

from collections.abc import Iterable

from credimus.kernel.fixed import MILLION
from credimus.kernel.odds import log_odds
from credimus.protocol.voting.interface import VotingConfig
from credimus.state.membership.members import Members
from credimus.state.voting.electorates import Electorate, left_out_most


def fitting(
    published: Iterable[Electorate], ours: Electorate, config: VotingConfig
) -> Electorate | None:
    """The newest published electorate with the same members as ours, of the same epoch, and with
    weights and skills within tolerance."""
    for electorate in published:
        if (
            electorate.epoch == ours.epoch
            and bool(electorate.skills) is bool(ours.skills)
            and electorate.position.keys() == ours.position.keys()
            and difference(electorate, ours, config) is None
        ):
            return electorate
    return None


def objection(
    electorate: Electorate, members: Members, left_out_max: int, category: str = ""
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
    return None


def difference(electorate: Electorate, ours: Electorate, config: VotingConfig) -> str | None:
    """What in an electorate differs by more than is tolerated from ours; None when nothing does.

    Args:
        ours: of the same members, by what this node knows.
    """
    for said, own in zip(electorate.electors, ours.electors, strict=True):
        if abs(said.weight - own.weight) > config.weight_tolerance:
            return (
                f"weighs {said.member.hex()[:12]} {said.weight / MILLION:.2f}, "
                f"not {own.weight / MILLION:.2f}"
            )
    if not ours.skills:
        return None
    tolerated, apart_sum = config.skill_tolerance, 0
    for elector, said_skill, own_skill in zip(
        electorate.electors, electorate.evidence, ours.evidence, strict=True
    ):
        apart = max(abs(one - other) for one, other in zip(said_skill, own_skill, strict=True))
        apart_sum += apart
        if apart > tolerated:
            return (
                f"takes an answer of {elector.member.hex()[:12]} for {_shown(said_skill)} of "
                f"evidence, not {_shown(own_skill)}"
            )
    if apart_sum * MEAN_SHARE > tolerated * len(ours):
        return (
            f"takes answers for {apart_sum / len(ours) / MILLION:.2f} nats too much or too little"
        )
    prior = abs(log_odds(electorate.prior) - log_odds(ours.prior))
    if prior > tolerated:
        shares = electorate.prior / MILLION, ours.prior / MILLION
        return f"takes {shares[0]:.2f} of all beliefs for true, not {shares[1]:.2f}"
    return None


MEAN_SHARE = 4
"""On average, skills may differ by one in so many of what is tolerated of each. [guess: so that
nobody tilts a whole electorate by a little for everyone]"""


def _shown(evidence: tuple[int, int]) -> str:
    return "/".join(f"{one / MILLION:+.2f}" for one in evidence)
