"""Command line: `gradlab`."""

import sys
from importlib.util import find_spec

NEEDED = ("typer", "rich", "pydantic_settings")


def main() -> None:
    """Run the command line; exit with a message if packages of its extra are missing."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        sys.exit(f"gradlab: the command needs {', '.join(missing)}: install this library with its extra `cli`.")
    from gradlab.cli.main import main as run

    run()
