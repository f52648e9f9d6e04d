"""Reunion: what parts of a split fleet decided apart is brought together, planned and undone."""
