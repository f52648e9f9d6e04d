"""Explanations are asked of whole nodes, driven as the tests of the node do."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "node"))
