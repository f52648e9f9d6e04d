"""Measurements a user can repeat: `credimus bench`."""
