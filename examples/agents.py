"""Three agents in one process: each asserts what it saw, all vote by what they know, all agree.

Run it: python examples/agents.py
"""

import asyncio

from credimus.kernel.entropy import Entropy
from credimus.node.commands import AdmitMember, AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.voting.interface import Ballot, Question, VotingConfig
from credimus.runtime.credentials import NodeKey
from credimus.runtime.driver import Driver
from credimus.runtime.founding import found_fleet, stored
from credimus.runtime.store.memory import MemoryStore
from credimus.runtime.transport.memory import MemoryHub
from credimus.state.operations import Choice, Evidence, Rules, Scheme

KNOWS = {
    "scout": {"the bridge is closed": True, "the bridge is open": False},
    "truck": {"the bridge is closed": True, "the bridge is open": False},
    "clerk": {"the bridge is open": True},  # from a map of last week
}


class Agent:
    """How an agent votes: by what it knows itself. Here a model or a sensor could answer."""

    def __init__(self, name: str) -> None:
        self.knows = KNOWS[name]

    def evaluate(self, question: Question) -> Ballot:
        """Accept, reject, or abstain when it can not tell."""
        holds = self.knows.get(question.content)
        if holds is None:
            return Ballot(Choice.ABSTAIN, 0, "unknown here")
        return Ballot(Choice.ACCEPT if holds else Choice.REJECT, reason="known here")


async def main() -> dict[str, str]:
    """Play; returns the verdicts by statement."""
    keys = {name: NodeKey(bytes([number]) * 32) for number, name in enumerate(KNOWS)}
    first, *others = KNOWS
    members = tuple(AdmitMember(public_key=keys[name].public, name=name) for name in others)
    fleet, blocks = found_fleet(keys[first], "three agents", first, "", members)
    config = Config(voting=VotingConfig(rules=Rules(scheme=Scheme.MAJORITY)))
    hub, drivers = MemoryHub(), {}
    for name, key in keys.items():
        node = Node(fleet, [key], config, Entropy(name.encode()), Agent(name))
        node.restore(block.wire for block in blocks)
        store = MemoryStore()
        store.append([stored(block) for block in blocks])
        drivers[name] = Driver(node, store)
        transport = hub.transport(node.id, drivers[name].deliver)
        await transport.open()
        drivers[name].start(transport)

    verdicts = {}
    for name, says in (("scout", "the bridge is closed"), ("clerk", "the bridge is open")):
        seen = (Evidence("camera", "frame 81"),)
        receipt = drivers[name].submit(AssertBelief(content=says, evidence=seen))
        verdicts[says] = (await receipt.decided(timeout=5)).word
        print(f"{name} says {says!r}: {verdicts[says]} by the fleet")
    for driver in drivers.values():
        driver.close()
    return verdicts


if __name__ == "__main__":
    asyncio.run(main())
