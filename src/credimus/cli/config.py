"""Commands on a node's settings: config show, config path."""

import os
from typing import Annotated, Any

from cyclopts import Parameter

from credimus.cli.client import home_of
from credimus.cli.options import Common
from credimus.cli.output import Outcome, complain, pairs, say, table


def show(
    *,
    origin: Annotated[
        bool, Parameter(negative="", help="Also whence each comes: variable, file or default.")
    ] = False,
    common: Common = Common(),
) -> Outcome:
    """Show every setting that applies, as `credimus up` would find it without options.

    A variable such as CREDIMUS_VOTING_SCHEME goes before config.toml, that before the default.
    Example: credimus config show --origin --home ./n0
    """
    from credimus.runtime.settings.layers import resolve

    home = home_of(common.home)
    home.check_made()
    resolved = resolve(home.config, os.environ)
    found = resolved.shown()
    data = {
        "settings": [
            {"name": name, "value": value, "origin": whence.kind, "where": whence.where}
            for name, value, whence in found
        ],
        "warnings": [*resolved.warnings, *resolved.idle],
    }

    def shown() -> None:
        for warning in (*resolved.warnings, *resolved.idle):
            complain(f"warning: {warning}")
        if origin:
            rows = [(name, _word(value), _whence(*whence)) for name, value, whence in found]
            table("", ("setting", "value", "origin"), rows)
        else:
            pairs([(name, _word(value)) for name, value, _ in found])

    return Outcome(data, shown)


def path(*, common: Common = Common()) -> Outcome:
    """Print the path of config.toml, whether it is there or not.

    Example: credimus config path --home ./n0
    """
    home = home_of(common.home)
    data = {"path": str(home.config), "exists": home.config.is_file()}
    return Outcome(data, lambda: say(str(home.config)))


def _word(value: Any) -> str:
    if value is None:
        return "-"
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)


def _whence(kind: str, where: str) -> str:
    return where or kind
