"""The settings of a node: what they are, and where each came from."""
