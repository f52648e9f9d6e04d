"""`credimus maelstrom`: be one node of a test by Jepsen's Maelstrom."""

from typing import Annotated, Literal

from cyclopts import Parameter

from credimus.cli.options import AsJson
from credimus.cli.output import Outcome


def maelstrom(
    workload: Annotated[
        Literal["echo", "g-set", "pn-counter", "broadcast"], Parameter(help="What is tested.")
    ],
    *,
    mode: Annotated[
        Literal["efficient", "fast"],
        Parameter(help="Fewer messages, or sooner everywhere."),
    ] = "fast",
    output: AsJson = AsJson(),
) -> Outcome:
    """Speak Maelstrom's protocol on stdin and stdout, for tests; see the page on Maelstrom.

    The keys of such a node can be computed from its name: never use it for anything but tests.
    Example: credimus maelstrom broadcast --mode fast
    """
    from credimus.maelstrom.modes import Mode
    from credimus.maelstrom.serve import serve

    serve(workload, Mode[mode.upper()])
    return Outcome(None, lambda: None)
