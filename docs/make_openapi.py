"""Writes openapi.json from the API's table and types: `python docs/make_openapi.py`."""

from pathlib import Path

from credimus.api.openapi import describe, written
from credimus.api.table import ENDPOINTS

PAGE = Path(__file__).with_name("openapi.json")


def page() -> str:
    """The text of openapi.json."""
    return written(describe(ENDPOINTS)).decode()


if __name__ == "__main__":
    PAGE.write_text(page())
