"""Where a node keeps its log, its small facts and its read models: SQLite, or memory in tests."""
