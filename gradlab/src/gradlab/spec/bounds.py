"""The service's bounds, checked while a spec is validated and before any work that grows with its numbers."""

import math
from typing import Any

from pydantic import BaseModel, ValidationInfo

from gradlab.errors import Problem

SETTINGS = "settings"


def context(settings: BaseModel) -> dict[str, Any]:
    """Return the validation context that lets a spec beyond the bounds be refused before its layers are walked."""
    return {SETTINGS: settings}


def refused_layers(count: int, info: ValidationInfo) -> Problem | None:
    """Return the problem of more layers than the context's settings allow; None if allowed or without settings."""
    settings = (info.context or {}).get(SETTINGS)
    return exceeded(settings, "max_layers", "", count) if settings else None


def exceeded(settings: BaseModel, bound: str, field: str, size: float) -> Problem | None:
    """Return the problem of a size above one of the service's bounds, with their ratio; None if it is within.

    Args:
        settings: the service's settings.
        bound: the setting's name, such as ``max_layers``.
        field: path of the field that the size comes from, in the caller's notation.
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
