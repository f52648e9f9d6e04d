"""What can be wrong with a node's folder and its surroundings: one file for each theme."""
