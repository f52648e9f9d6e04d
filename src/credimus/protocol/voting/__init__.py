"""Each elector answers for itself, each node tallies for itself: no collector, no leader."""
