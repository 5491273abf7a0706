"""The share of generated tests that `make test` runs; `make campaign` runs the others."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def joined(*parameters: Any) -> str:
    """A test's name, as pytest makes it of plain parameters."""
    return "-".join(map(str, parameters))


def one_in(count: int, values: Iterable[Any], ids: Callable[..., str] = joined) -> list[Any]:
    """Parameters of a test, of which all but each `count`-th are for the campaign.

    Args:
        count: 1 for all.
        values: each the one parameter, or a tuple of several.
        ids: makes a test's name from its parameters.
    """
    marked = []
    for place, value in enumerate(values):
        parameters = value if isinstance(value, tuple) else (value,)
        marks = [pytest.mark.campaign] if place % count else []
        marked.append(pytest.param(*parameters, id=ids(*parameters), marks=marks))
    return marked
