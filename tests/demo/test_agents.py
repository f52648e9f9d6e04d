"""The example of the library."""

import asyncio
import runpy
from pathlib import Path

AGENTS = Path(__file__).parents[2] / "examples" / "agents.py"


def test_three_agents_decide() -> None:
    main = runpy.run_path(str(AGENTS))["main"]
    assert asyncio.run(main()) == {
        "the bridge is closed": "accepted",
        "the bridge is open": "rejected",
    }
