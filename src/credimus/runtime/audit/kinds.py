"""The kinds of entries of the audit log.

By themselves, so that a command can name them without loading what reads blocks.
"""

from typing import Literal

Kind = Literal[
    "found", "charter", "limit", "admit", "appoint", "rotate", "leave", "expose", "expel",
    "vouch",
    "assert", "relate", "retract", "share",
    "electorate", "propose", "vote", "refuse", "close", "conclude", "reconcile",
    "withdraw", "attest", "certify", "quote",
]  # fmt: skip
