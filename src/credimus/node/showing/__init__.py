"""What can be asked of a node; nothing here changes it."""
