"""Checkpoints: what is signed, what a snapshot holds, what is let go."""
