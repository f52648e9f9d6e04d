"""A second implementation, written from docs/protocol/ alone: no credimus imports here.

It reads blocks, judges them, and computes the state from their *set*, never step by step: so it
also shows that what the documents say does not depend on any order. Values are plain lists.
"""
