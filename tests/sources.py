"""This project's sources and their syntax trees, each read and parsed once in a process."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def text_of(path: Path) -> str:
    """The text of a source. Whoever finds in it that a file is of no concern need not have it parsed."""
    return path.read_text()


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a source."""
    return ast.parse(text_of(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a source's syntax tree."""
    return tuple(ast.walk(parsed(path)))
