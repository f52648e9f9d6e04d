"""Members vouched for together, so that certificates stay small."""
