"""The command line: `gradlab`."""

from api.cli.main import main

__all__ = ["main"]
