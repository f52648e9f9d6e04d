"""From a peer's bytes to the lace: what this node takes in."""
