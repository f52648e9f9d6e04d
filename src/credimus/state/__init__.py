"""Folds: what all nodes agree on, as pure functions of the set of accepted blocks."""
