"""Anti-entropy: peers show each other their frontiers and pull what they lack."""
