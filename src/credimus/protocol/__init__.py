"""Machines: what each node does by itself. They never import each other; node/router.py joins
them."""
