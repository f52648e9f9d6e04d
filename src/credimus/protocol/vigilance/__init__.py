"""Equivocations that were seen are proven to all, by whoever is drawn first."""
