"""Hooks that MkDocs calls while it builds the site: pages from the code, the navigation, a check of what pages load."""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from scripts.pages import catalogue, commands, http, keras, repository, settings

# What a page loads while it is shown; a link that somebody follows is none of it.
LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon|modulepreload))[^>]*"
    r"\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)",
    re.IGNORECASE,
)
LOADED_BY_STYLES = re.compile(r"(?:url\(|@import\s*)[\"']?((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)


def generated() -> dict[str, str]:
    """Every page that is written from the code or from a file outside `docs/`, by its path below `docs/`."""
    parts = (catalogue, commands, http, keras, repository, settings)
    return {path: text for part in parts for path, text in part.pages().items()}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the entries of the navigation that are lists of files."""
    lists = {
        "decisions/*": [f"decisions/{path.name}" for path in repository.decisions()],
        "lab-notes/*": [f"lab-notes/{path.name}" for path in repository.lab_notes()],
        "reference/catalogue/*": list(catalogue.pages()),
    }
    config.nav = _filled(config.nav, lists)
    return config


def _filled(entry: Any, lists: dict[str, list[str]]) -> Any:
    """An entry of the navigation with the names of lists replaced by what they list."""
    if isinstance(entry, dict):
        return {name: _filled(each, lists) for name, each in entry.items()}
    if isinstance(entry, list):
        return _entries(entry, lists)
    return entry


def _entries(entries: list[Any], lists: dict[str, list[str]]) -> list[Any]:
    filled: list[Any] = []
    for each in entries:
        filled += lists[each] if isinstance(each, str) and each in lists else [_filled(each, lists)]
    return filled


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are written from the code."""
    for path, text in generated().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that loads anything from another host.

    Raises:
        PluginError: names the pages and what they load.
    """
    site = Path(config.site_dir)
    loads = {
        f"{path.relative_to(site)} loads {address}"
        for path in site.rglob("*")
        if path.suffix in (".html", ".css")
        for address in loaded_from_elsewhere(path.read_text(), is_style=path.suffix == ".css")
    }
    if loads:
        raise PluginError("The site loads from other hosts: " + "; ".join(sorted(loads)[:10]))


def loaded_from_elsewhere(text: str, *, is_style: bool) -> list[str]:
    """The addresses at other hosts that a page, or a style sheet, loads by itself."""
    if is_style:
        return LOADED_BY_STYLES.findall(text)
    return [address for pair in LOADED.findall(text) for address in pair if address]
