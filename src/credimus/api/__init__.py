"""The HTTP API of a node: one schema, JSON in and out, problem documents for every error."""
