"""Identifiers and file names hold no word that docs/glossary.md replaces with another."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.sources import nodes_of, text_of

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(
    {path.parent for part in ("gradlab/src", "core", "api", "worker", "bench") for path in (ROOT / part).rglob("*.py")}
)
# The field's own names.
EXCEPTIONS = re.compile(r"\w*NotFound(Error)?")


def replacements() -> dict[str, str]:
    """Each word, or beginning of a name that ends with "_", with the words to use instead."""
    table = (ROOT / "docs" / "glossary.md").read_text().partition("## Not this word, but that one")[2]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.MULTILINE)
    return {word: instead for left, instead in rows for word in re.findall(r"`(\w+)`", left)}


REPLACEMENTS = replacements()


def words(name: str) -> list[str]:
    """The words between underscores and capitals, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", name)]


@cache
def complaints(name: str) -> tuple[str, ...]:
    """Replaced words in a name, each with the words to use instead."""
    return tuple(_complaints(name))


def _complaints(name: str) -> Iterator[str]:
    if not EXCEPTIONS.fullmatch(name):
        yield from (f"`{name}`: for `{word}` use {REPLACEMENTS[word]}" for word in words(name) if word in REPLACEMENTS)
    for start in (word for word in REPLACEMENTS if word.endswith("_")):
        if name.startswith(start) or name == start[:-1]:
            yield f"`{name}`: for `{start}` use {REPLACEMENTS[start]}"


def identifiers(node: ast.AST) -> Iterator[str]:
    """The names that one node of a syntax tree writes down."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=alias):
            yield from (*name.split("."), *([alias] if alias else []))
        case ast.ImportFrom(module=str(module)):
            yield from module.split(".")
        case ast.Global(names=names) | ast.Nonlocal(names=names) | ast.MatchClass(kwd_attrs=names):
            yield from names
        case (
            ast.Name(id=str(name))
            | ast.Attribute(attr=str(name))
            | ast.arg(arg=str(name))
            | ast.keyword(arg=str(name))
            | ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            yield name


def complaints_about(path: Path) -> Iterator[str]:
    """Replaced words in the name of a file and in its identifiers, with file and line."""
    place = path.relative_to(ROOT)
    yield from (f"{place}: {text}" for text in complaints(path.stem))
    written = {*re.findall(r"\w+", text_of(path))}  # comments and texts included
    for node in nodes_of(path) if any(map(complaints, written)) else ():
        for name in identifiers(node):
            yield from (f"{place}:{getattr(node, 'lineno', 1)}: {text}" for text in complaints(name))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_names_hold_no_word_that_the_glossary_replaces(folder):
    wrong = [text for path in sorted(folder.glob("*.py")) for text in complaints_about(path)]
    assert wrong == [], "docs/glossary.md lists what to write instead:\n" + "\n".join(dict.fromkeys(wrong))
    assert complaints(folder.name) == ()


def test_the_table_is_read():
    assert {"found", "told", "known", "shelf", "MOST_", "LEAST_"} <= {*REPLACEMENTS}
    assert REPLACEMENTS["MOST_"] == "`MAX_`"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("found = 1", "found"),
        ("def names_known(): pass", "names_known"),
        ("class WantedLayer: pass", "WantedLayer"),
        ("f(asked_for=1)", "asked_for"),
        ("row.looked_in", "looked_in"),
        ("lambda told: 1", "told"),
        ("from core.training import shelf as cache", "shelf"),
        ("import core.orders", "orders"),
        ("MOST_LAYERS = 3", "MOST_LAYERS"),
        ("LEAST = 3", "LEAST"),
    ],
)
def test_such_a_name_is_refused(code, name):
    refused = [text for node in ast.walk(ast.parse(code)) for each in identifiers(node) for text in complaints(each)]
    assert any(text.startswith(f"`{name}`: for ") for text in refused)


@pytest.mark.parametrize("name", ["NotFound", "FileNotFoundError", "unknown", "lookup", "most_bytes", "foundation"])
def test_such_a_name_is_none_of_them(name):
    assert complaints(name) == ()
