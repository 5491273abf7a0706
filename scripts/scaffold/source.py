"""Sources that are added to: a name in a registry, an import, a function."""

import ast
from pathlib import Path


class Source:
    """A Python file whose text grows.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = path.read_text().splitlines()

    def save(self) -> None:
        """Write the text back."""
        self._path.write_text("\n".join(self._lines) + "\n")

    def add_import(self, module: str, name: str) -> None:
        """Import a name: in the statement that imports from its module, or in one of its own."""
        for node in self._tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == module and node.end_lineno != node.lineno:
                self._insert(int(node.end_lineno or 0) - 1, f"    {name},")
                return
        first = next(node.lineno for node in self._tree.body if isinstance(node, ast.Import | ast.ImportFrom))
        self._insert(first - 1, f"from {module} import {name}")

    def add_to_registry(self, registry: str, entry: str) -> None:
        """Append an entry to the tuple, list or mapping of that name.

        Raises:
            LookupError: the file has none.
        """
        for node in self._tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if any(isinstance(target, ast.Name) and target.id == registry for target in targets):
                self._insert(int(node.end_lineno or 0) - 1, entry)
                return
        raise LookupError(f"{self._path} has no {registry} to add to")

    def add_function(self, code: str, *, after: str = "") -> None:
        """Insert a function behind the last one whose name begins with `after`.

        Raises:
            LookupError: the file has none.
        """
        functions = [node for node in self._tree.body if isinstance(node, ast.FunctionDef)]
        ends = [int(node.end_lineno or 0) for node in functions if node.name.startswith(after)]
        if not ends:
            raise LookupError(f"{self._path} has no function whose name begins with {after!r}")
        self._insert(max(ends), f"\n\n{code.strip()}")

    @property
    def _tree(self) -> ast.Module:
        return ast.parse("\n".join(self._lines))

    def _insert(self, line: int, text: str) -> None:
        self._lines[line:line] = text.splitlines()
