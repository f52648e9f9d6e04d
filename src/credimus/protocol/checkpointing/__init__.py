"""Checkpoints: which cut, which state, who says so. Their line: state/keeping/checkpoints.py."""
