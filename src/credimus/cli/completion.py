"""`credimus completion`: what a shell needs to complete commands, options and choices."""

from typing import Annotated, Literal

from cyclopts import Parameter

from credimus.cli.options import AsJson
from credimus.cli.output import Outcome, say

_LEFT_TO_DO = {
    "bash": ", where the package bash-completion is installed.",
    "zsh": " once its folder is in fpath: see that .zshrc says so before compinit.",
    "fish": ".",
}


def completion(
    shell: Literal["bash", "zsh", "fish"],
    *,
    install: Annotated[
        bool,
        Parameter(negative="", help="Write it where the shell looks, and change no other file."),
    ] = False,
    output: AsJson = AsJson(),
) -> Outcome:
    """Print the completion script of a shell, or install it for this user.

    Example: credimus completion bash --install
    """
    from credimus.cli.parser import parser_of_all

    app = parser_of_all()
    if install:
        where = app.install_completion(shell=shell, add_to_startup=False)
        data = {"shell": shell, "path": str(where)}
        return Outcome(
            data, lambda: say(f"{where} is read by new shells{_LEFT_TO_DO.get(shell, '')}")
        )
    script = app.generate_completion(shell=shell)
    return Outcome({"shell": shell, "script": script}, lambda: say(script.rstrip()))
