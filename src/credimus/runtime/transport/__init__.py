"""Links between nodes: one thin protocol, one engine for the network, one for a single process."""
