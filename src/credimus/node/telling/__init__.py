"""How blocks and messages leave this node, and for whom."""
