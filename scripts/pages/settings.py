"""The page of the settings, from their fields, defaults and docstrings."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from core.settings import Settings
from scripts.pages.markdown import code, page, prose, table

HEADINGS = ("variable", "default", "meaning")


def pages() -> dict[str, str]:
    """The page, by its path below `docs/`."""
    introduction = (
        "Environment variables, or lines of a file `.env` in the folder that the service is started in. A duration is "
        "a number of seconds, or ISO 8601 as in `PT2M`; a size is a number of bytes. A value that makes no sense ends "
        "the command with one line that names the variable. Thresholds of the diagnosis are no settings: they stand, "
        "with their sources, in [the illnesses](../diagnosis.md)."
    )
    settings = table(HEADINGS, (_row(name, field) for name, field in Settings.model_fields.items()))
    client = "Commands that ask a service read `GRADLAB_HOST`, `GRADLAB_PORT` and `GRADLAB_API_KEY`, too."
    return {"guides/settings.md": page("Settings", introduction, settings, client)}


def _row(name: str, field: Any) -> tuple[str, str, str]:
    return code(f"GRADLAB_{name.upper()}"), _default(field.default), prose(field.description or "")


def _default(default: Any) -> str:
    """A default as it would be written in the environment."""
    if isinstance(default, timedelta):
        return f"{default.total_seconds():g} s"
    if isinstance(default, bool):
        return code(str(default).lower())
    if isinstance(default, int):
        return f"{default:,}" if default >= 10_000 else str(default)
    return code(default.as_posix() if isinstance(default, Path) else str(default)) if default else "–"
