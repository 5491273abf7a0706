"""Pieces of Markdown."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any


def page(title: str, introduction: str, *sections: str) -> str:
    """A page: its title, what it is about, and its sections."""
    return "\n\n".join([f"# {title}", introduction, *sections]) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. Line breaks and bars in cells are made harmless."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: str) -> str:
    """A text in one cell of a table."""
    return " ".join(re.sub(r"(?<!\\)\|", r"\\|", text).split())


def code(text: str) -> str:
    """A text in the typeface of code; empty where the text is."""
    return f"`{text}`" if text else ""


def value(something: Any) -> str:
    """A value as it stands in JSON, in the typeface of code."""
    return code(json.dumps(something, ensure_ascii=False, default=str))


def prose(text: str) -> str:
    """A docstring as Markdown: ``code`` in double ticks, lines joined, and no tags by accident."""
    return re.sub(r"<(?=\w)", "&lt;", " ".join(text.replace("``", "`").split()))


def anchor(name: str) -> str:
    """A place that links lead to."""
    return f'<a id="{name}"></a>'
