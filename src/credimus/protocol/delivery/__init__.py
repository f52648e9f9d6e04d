"""Messages of applications between nodes: at most once, at least once, exactly once."""
