"""Every write passes on how soon others are to know."""

from pathlib import Path

from desk import Desk, play

from credimus.api import commands
from credimus.api.endpoints import members
from credimus.api.shapes import inputs
from credimus.protocol.dissemination.urgency import Urgency


def test_every_command_has_the_urgency_that_was_asked_for(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        daemon = desk.daemon
        belief = (await desk.post("/v1/beliefs", content="it rains", readers=["all"]))["belief"]
        sharing = inputs.NewReaders(readers=("all",), urgency="critical")
        relation = inputs.NewRelation(relation="supports", target=belief, urgency="critical")
        made = [
            commands.assertion(daemon, inputs.NewBelief(content="it snows", urgency="critical")),
            commands.vote(daemon, belief, inputs.NewVote(choice="accept", urgency="critical")),
            commands.retraction(daemon, belief, inputs.NewRetraction(urgency="critical")),
            commands.sharing(daemon, belief, sharing),
            commands.relation(daemon, belief, relation),
            commands.proposal(daemon, belief, inputs.NewRound(urgency="critical")),
            members.expulsion(daemon, "n0", inputs.NewExpulsion(urgency="critical")),
            members.granting(daemon, "n0", inputs.NewPowers(may=("vote",), urgency="critical")),
            members.admission(daemon, "n0", inputs.NewAdmission(urgency="critical")),
        ]
        assert [one.urgency for one in made] == [Urgency.CRITICAL] * len(made)

    play(tmp_path, scene)
