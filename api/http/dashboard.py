"""Page of the dashboard, with the addresses of the modules that a browser loads ahead."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from posixpath import dirname, normpath

FOLDER = "/static/dashboard"
MAIN = f"{FOLDER}/main.js"
IMPORT = re.compile(r'^(?:import|export)(?: [^;"()]*\bfrom)? "(\.[^"]+)"', re.MULTILINE)
# A page in main.js: the first part of its address, and its module.
PAGE = re.compile(r'^  \["(\w*)", .*\bawait import\("(\.[^"]+)"\)', re.MULTILINE)


def dashboard(template: str, folders: Sequence[Path], label: str | None) -> str:
    """Write the page of the dashboard. Without its lists a browser would find the modules import by import.

    Args:
        template: its HTML.
        folders: the folders of its modules; a file in the first one hides one in the next.
        label: a label in its head; None for none.
    """
    page = template.replace("</head>", f"{_lists(tuple(folders))}</head>", 1)
    return page.replace("<nav", f'<p id="label" class="tag">{escape(label)}</p><nav', 1) if label else page


@cache
def _lists(folders: Sequence[Path]) -> str:
    """Write links to the modules that every page has, and the list of the further ones of each page."""
    texts = {
        f"{FOLDER}/{file.relative_to(folder).as_posix()}": file.read_text()
        for folder in reversed(folders)
        for file in folder.rglob("*.js")
    }
    imports = {module: [_address(path, module) for path in IMPORT.findall(text)] for module, text in texts.items()}
    first = set(_reached(MAIN, imports))
    pages = {name: _address(path, MAIN) for name, path in PAGE.findall(texts[MAIN])}
    further = {name: sorted({*_reached(module, imports)} - first) for name, module in pages.items()}
    links = "".join(f'<link rel="modulepreload" href="{module}">\n' for module in sorted(first - {MAIN}))
    return f'{links}<script type="application/json" id="modules">{json.dumps(further)}</script>\n'


def _address(path: str, module: str) -> str:
    """Return the address of a relative path in a module."""
    return normpath(f"{dirname(module)}/{path}")


def _reached(module: str, imports: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a module and all that it imports, each once."""
    seen, waiting = {module}, [module]
    while waiting:
        yield (current := waiting.pop())
        news = [each for each in dict.fromkeys(imports.get(current, ())) if each not in seen]
        seen.update(news)
        waiting += news
