"""What was done: by members in the log, and at this node beside it; and that the log is whole."""
