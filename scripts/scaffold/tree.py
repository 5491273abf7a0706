"""The working tree that a scaffold is written into."""

import subprocess
import sys
from pathlib import Path

from scripts.scaffold.source import Source

LIBRARY = "gradlab/src/gradlab"


class Tree:
    """A working tree, and which of its files were written.

    Args:
        root: of the repository.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.written: list[str] = []

    def create(self, path: str, text: str) -> None:
        """Write a new file.

        Raises:
            FileExistsError: there is one of that name.
        """
        target = self._root / path
        if target.exists():
            raise FileExistsError(f"{path} exists already: choose another name")
        target.write_text(text.lstrip())
        self.written.append(path)

    def source(self, path: str) -> Source:
        """A file to add to."""
        self.written.append(path)
        return Source(self._root / path)

    def format(self) -> None:
        """Sort the imports of what was written, and format it."""
        for command in (("check", "--fix", "--select", "I"), ("format",)):
            subprocess.run(
                [sys.executable, "-m", "ruff", *command, "--quiet", *self.written], cwd=self._root, check=True
            )
