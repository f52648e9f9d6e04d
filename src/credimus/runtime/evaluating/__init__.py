"""How the members of a node vote where the core's own knowledge is not to decide alone."""
