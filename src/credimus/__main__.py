"""`python -m credimus` is `credimus`."""

from credimus.cli.main import main

main()
