"""The command that shows what a fleet does: demo."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from credimus.cli.options import AsJson
from credimus.cli.output import FAILED, OK, Outcome, console


def demo(
    *,
    scenario: Annotated[
        Path | None, Parameter(help="An incident file; examples/incident.toml by default.")
    ] = None,
    keep: Annotated[
        Path | None, Parameter(help="A new folder for the nodes' homes and logs, which stays.")
    ] = None,
    output: AsJson = AsJson(),
) -> Outcome:
    """Play an incident on five real nodes: one is killed, one is cut off, all must agree.

    Exit code 0 only if all nodes agree and every expected verdict holds; 1 otherwise.

    Example: credimus demo --keep ./arden
    """
    import msgspec

    from credimus.demo.reading import example_path, read_scenario
    from credimus.demo.report import report
    from credimus.demo.running import play_incident
    from credimus.demo.telling import Silent, teller

    incident = read_scenario(scenario or example_path())
    screen = console()
    with Silent() if output.json else teller(screen) as telling:
        outcome = play_incident(incident, telling, keep)
    return Outcome(
        msgspec.to_builtins(outcome),
        lambda: report(outcome, screen),
        OK if outcome.good else FAILED,
    )
