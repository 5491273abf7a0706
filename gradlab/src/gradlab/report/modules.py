"""The modules that draw and their style sheets, inlined: a page that holds them needs no other file."""

import posixpath
import re
from base64 import b64encode
from functools import cache, partial
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MAIN = "report.js"
STYLES = ("uplot.css", "theme.css", "page.css", "charts.css")
# The line with which a module imports another; its names may stand on lines of their own.
IMPORT = re.compile(r'^(import\b[^;"]*?)"(\.{1,2}/[^"]+)";', re.MULTILINE)
# Specifiers of the import map begin with this: a module at a data: URL can import none by a relative path.
PREFIX = "report/"


@cache
def import_map() -> dict[str, str]:
    """Return the specifiers of all modules that the page needs, each with the data: URL of its source."""
    sources: dict[str, str] = {}
    waiting = [MAIN]
    while waiting:
        name = waiting.pop()
        if name in sources:
            continue
        text = (STATIC / name).read_text("utf-8")
        waiting += [_place(name, match[2]) for match in IMPORT.finditer(text)]
        sources[name] = IMPORT.sub(partial(_absolute, name), text)
    return {PREFIX + name: _data_url(text) for name, text in sorted(sources.items())}


@cache
def styles() -> str:
    """Return the style sheets, one after the other."""
    return "".join((STATIC / name).read_text("utf-8") for name in STYLES)


@cache
def licence() -> str:
    """Return the licence of what is not ours; it goes along with every copy."""
    return (STATIC / "LICENSE.uplot").read_text("utf-8")


def _place(importer: str, path: str) -> str:
    """Return the module that `importer` means by a relative path."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), path))


def _absolute(importer: str, match: re.Match[str]) -> str:
    """Return an import with a specifier that does not depend on the importer's place."""
    return f'{match[1]}"{PREFIX}{_place(importer, match[2])}";'


def _data_url(text: str) -> str:
    return f"data:text/javascript;charset=utf-8;base64,{b64encode(text.encode()).decode()}"
