"""How a fleet begins and how nodes join it."""
