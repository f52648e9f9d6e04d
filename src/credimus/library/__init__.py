"""credimus as people use it from Python: a node in this process, or one that runs elsewhere."""
