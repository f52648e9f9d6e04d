"""How Sphinx makes the site: `make docs`, then open build/docs/index.html."""

from importlib.metadata import version as installed
from typing import Any

from pygments.lexers.special import TextLexer

project = "credimus"
author = "the credimus authors"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx reads this name
version = release = installed("credimus")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["protocol/*.py"]
myst_heading_anchors = 3
# Links out of docs/ (to sources, ARCHITECTURE.md) are right where the pages are read as files.
suppress_warnings = ["myst.xref_missing"]

html_theme = "furo"
html_title = f"credimus {version}"
html_copy_source = False
html_show_sphinx = False


def setup(app: Any) -> None:
    """Test vectors are plain text under a name of their own, by which the tests find them."""
    app.add_lexer("vectors", TextLexer)
