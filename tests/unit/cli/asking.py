"""Commands run in this process, as a program would."""

import json
from typing import Any

import pytest

from credimus.cli.main import run


def asked(capsys: pytest.CaptureFixture[str], *given: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of a command; nothing else is on stdout, nothing at all on stderr."""
    code = run([*given, "--json"])
    seen = capsys.readouterr()
    assert seen.err == ""
    envelope = json.loads(seen.out)
    assert envelope["schema_version"] == 1
    return code, envelope
