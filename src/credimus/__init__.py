"""credimus: a leaderless belief-consensus engine."""

__version__ = "0.1.0"
