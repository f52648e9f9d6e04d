"""Recovery: back to work after a damaged store, or after the others let go what we lack."""
