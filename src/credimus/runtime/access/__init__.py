"""Who may ask what of a node's API, and how often."""
