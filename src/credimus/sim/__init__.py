"""A whole fleet from one seed: virtual time, faults, checkers, and the same node as in life."""
