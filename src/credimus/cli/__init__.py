"""The commands: one module per group; tables for people, --json for programs."""
