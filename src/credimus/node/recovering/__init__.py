"""Checkpoints that take effect, and stores that come back."""
