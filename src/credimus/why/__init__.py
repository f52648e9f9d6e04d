"""Why the fleet holds what it holds: an explanation of one belief, computed from state and lace."""
