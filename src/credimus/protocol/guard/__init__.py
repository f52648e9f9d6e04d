"""Whom a node listens to: floods and faults of single peers do not take it from the others."""
