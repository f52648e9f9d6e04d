"""What must hold of a whole fleet, as sentences; each is proven by a saboteur."""
