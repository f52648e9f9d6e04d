"""Three agents in one process: each asserts what it saw, all vote by what they know, all agree.

Run it: python examples/agents.py
"""

import asyncio

import credimus

KNOWS = {
    "scout": {"the bridge is closed": True, "the bridge is open": False},
    "truck": {"the bridge is closed": True, "the bridge is open": False},
    "clerk": {"the bridge is open": True},  # from a map of last week
}


def judge_of(name: str) -> credimus.Judge:
    """How an agent votes: by what it knows itself. Here a model or a sensor could answer."""

    def judge(inquiry: credimus.Inquiry) -> credimus.Ballot:
        holds = KNOWS[name].get(inquiry.content)
        if holds is None:
            return credimus.Ballot("abstain", 0, "unknown here")
        return credimus.Ballot("accept" if holds else "reject", reason="known here")

    return judge


async def main() -> dict[str, str]:
    """Play; returns the verdicts by statement."""
    verdicts = {}
    judges = {name: judge_of(name) for name in KNOWS}
    async with credimus.fleet_of(judges, scheme="majority") as fleet:
        for name, says in (("scout", "the bridge is closed"), ("clerk", "the bridge is open")):
            receipt = await fleet[name].assert_belief(says, evidence=[("camera", "frame 81")])
            verdicts[says] = await receipt.decided(timeout=5)
            print(f"{name} says {says!r}: {verdicts[says]} by the fleet")
            for change in fleet[name].explain(receipt.belief).changes:
                who = ", ".join(vote.elector.name for vote in change.votes)
                print(f"  {change.verdict} if {change.value} more votes came, of {who}")
    return verdicts


if __name__ == "__main__":
    asyncio.run(main())
