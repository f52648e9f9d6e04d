"""Rounds: electorates, votes, closings, and the verdicts that follow."""
