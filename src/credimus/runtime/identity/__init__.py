"""A node's key: how it is kept, closed with a passphrase, and succeeded by another."""
