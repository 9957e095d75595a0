"""``python -m turnout``: the same as the command ``turnout``."""

from turnout.cli import main

main()
