"""The command line: one module a verb, each loaded only when it is called."""

from janbench.cli.main import main

__all__ = ["main"]
