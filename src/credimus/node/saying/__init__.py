"""From a command to a sealed block: what this node itself says."""
