"""Points of a dataset of two features, for a scatter plot."""

from dataclasses import dataclass

import numpy as np

from core.samples.table import Column, Table
from gradlab.errors import NotFound
from gradlab.profile import Profile

# Points that are told apart in a plot of 500 pixels.
MAX_POINTS = 1_000


@dataclass(frozen=True, eq=False)
class Points:
    """Rows of a dataset in the plane of its two features.

    Attributes:
        names: of the features.
        values: (points, 2) float64.
        target: the name of the proposed target, None if there is none of one number a row.
        answers: (points,) float64 of the target; indices of `categories` where it has some.
        categories: of the target.
    """

    names: tuple[str, str]
    values: np.ndarray
    target: str | None
    answers: np.ndarray | None
    categories: tuple[str, ...] | None


def points_of(table: Table, profile: Profile) -> Points:
    """Return at most `MAX_POINTS` rows, evenly spaced.

    Raises:
        NotFound: the dataset has not two numbers as its features.
    """
    features = [table.columns[name] for name in profile.proposal.features if name in table.columns]
    places = np.unique(np.linspace(0, table.rows - 1, min(table.rows, MAX_POINTS)).astype(np.int64))
    target = _target(table, profile)
    answers = None if target is None else target.values[places].reshape(len(places)).astype(np.float64)
    name, categories = (target.name, target.categories) if target else (None, None)
    return Points(*_plane(features, places), name, answers, categories)


def _plane(features: list[Column], places: np.ndarray) -> tuple[tuple[str, str], np.ndarray]:
    shapes = [each.shape for each in features if each.categories is None]
    if shapes == [(2,)]:
        name = features[0].name
        return (f"{name}[0]", f"{name}[1]"), features[0].values[places].astype(np.float64)
    if len(features) == 2 and shapes == [(), ()]:
        first, second = features
        return (first.name, second.name), np.stack([each.values[places] for each in features], 1).astype(np.float64)
    raise NotFound("The proposed features of this dataset are not two numbers: they span no plane.")


def _target(table: Table, profile: Profile) -> Column | None:
    """Return the proposed target if it is one number, or one category, in each row."""
    names = profile.proposal.target
    column = table.columns.get(names[0]) if len(names) == 1 else None
    return column if column and column.shape in ((), (1,)) else None
