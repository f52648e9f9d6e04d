"""Checkpoints: which cut, which state, who says so. The fold of the line: state/checkpoints.py."""
