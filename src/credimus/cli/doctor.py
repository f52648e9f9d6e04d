"""`credimus doctor`: shows what the checks of runtime/doctor find."""

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common
from credimus.cli.output import FAILED, OK, Outcome, say, table
from credimus.cli.progress import progress
from credimus.kernel.errors import CredimusError
from credimus.runtime.home import Home

if TYPE_CHECKING:
    from credimus.runtime.doctor.finding import Answers, Finding


def doctor(*, common: Common = Common()) -> Outcome:
    """Find what is wrong with a node and its surroundings, and say how to mend it.

    It looks at settings, files and their modes, ports, certificates, disk, database, clocks, peers
    and versions, whether the node runs or not. The exit code is 1 when there is a problem.
    Example: credimus doctor --home ./n0
    """
    from credimus.runtime.doctor.examining import examine

    home = home_of(common.home)
    home.check_made()
    with progress("blocks") as told:
        findings = examine(home, os.environ, _answers(home), told)
    counts = Counter(one.level for one in findings)
    data: dict[str, Any] = {
        "home": str(home),
        "problems": counts["problem"],
        "warnings": counts["warning"],
        "findings": [_plain(one) for one in findings],
    }
    return Outcome(data, lambda: _show(findings), FAILED if counts["problem"] else OK)


def _answers(home: Home) -> "Answers | None":
    """What the running node says; None when none answers, or the token can not be used."""
    from credimus.runtime.doctor.finding import Answers

    try:
        client = Client(home)
        return Answers(client.get("/v1/status"), client.get("/v1/members"))
    except CredimusError:  # why is told by the checks
        return None


def _plain(finding: "Finding") -> dict[str, str]:
    return {
        "check": finding.check,
        "level": finding.level,
        "found": finding.found,
        "mending": finding.mending,
    }


def _show(findings: "list[Finding]") -> None:
    rows = [
        (one.level, one.check, f"{one.found}\n-> {one.mending}" if one.mending else one.found)
        for one in findings
    ]
    table("", ("", "check", "found"), rows)
    counts = Counter(one.level for one in findings)
    say(f"problems: {counts['problem']}, warnings: {counts['warning']}, fine: {counts['ok']}")
