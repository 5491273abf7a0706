"""The service's bounds while a spec is read: asked for before any work in a spec's numbers."""

import math
from typing import Any

from pydantic import BaseModel, ValidationInfo

from gradlab.errors import Problem

SETTINGS = "settings"


def context(settings: BaseModel) -> dict[str, Any]:
    """What validation is handed, so that a spec beyond the service's bounds is refused before its layers are walked."""
    return {SETTINGS: settings}


def refused_layers(count: int, info: ValidationInfo) -> Problem | None:
    """What is wrong with so many layers where validation was handed settings; None where nothing is."""
    settings = (info.context or {}).get(SETTINGS)
    return exceeded(settings, "max_layers", "", count) if settings else None


def exceeded(settings: BaseModel, bound: str, field: str, size: float) -> Problem | None:
    """The problem of a size beyond one of the service's bounds, saying by how much; None where it is within.

    Args:
        settings: the service's.
        bound: the setting's name, such as ``max_layers``.
        field: where the size comes from, as the caller wrote it.
        size: in the setting's unit.
    """
    limit = getattr(settings, bound)
    if size <= limit:
        return None
    meaning = str(type(settings).model_fields[bound].description).rstrip(".")
    return Problem(
        field=field,
        expected=f"at most {limit:,} (the service's bound {bound}: {meaning})",
        received=f"{math.ceil(size):,}, {size / limit:,.1f} times as much",
    )
