"""Real answers of a crowd, replayed through the real core in virtual time."""
