"""The points of a study: those of a grid, counted before they are made, and those that are drawn at random."""

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

from gradlab.spec.study.axes import Axis, written
from gradlab.spec.study.placing import Point
from gradlab.spec.study.study import StudySpec

# Points whose specs are checked before a study begins: a second's worth. Of a larger grid every value of every axis is
# among them; a further point that is impossible is refused when its turn comes.
MAX_CHECKED = 1_000
# Draws until a point is new. Where lists of values are used up, the study ends.
MAX_DRAWS = 1_000


def grid(axes: Sequence[Axis]) -> Iterator[Point]:
    """Yield the points of a grid; the last axis changes fastest."""
    return itertools.product(*(axis.listed or () for axis in axes))


def drawn(axes: Sequence[Axis], seed: int, taken: Sequence[Point]) -> Point | None:
    """Return the next point of a random search: independent of the others, and none of them.

    Args:
        axes: the study's axes.
        seed: the search's seed; with the number of points before it decides the draw.
        taken: the points before it.

    Returns:
        None if no new point came in `MAX_DRAWS` draws.
    """
    chance, seen = random.Random(f"{seed} {len(taken)}"), {written(each) for each in taken}
    points = (tuple(_drawn(axis, chance) for axis in axes) for _ in range(MAX_DRAWS))
    return next((point for point in points if written(point) not in seen), None)


def _drawn(axis: Axis, chance: random.Random) -> Any:
    if axis.listed is not None:
        return chance.choice(axis.listed)
    low, high = axis.bounds or (0, 0)
    if axis.log_uniform is None:
        return chance.randint(int(low), int(high)) if axis.is_whole else chance.uniform(low, high)
    if axis.is_whole:  # each whole number has the logarithm's share of the interval around it
        value = math.exp(chance.uniform(math.log(low - 0.5), math.log(high + 0.5)))
        return min(int(high), max(int(low), round(value)))
    return min(high, max(low, math.exp(chance.uniform(math.log(low), math.log(high)))))


def checked_points(study: StudySpec) -> Iterator[Point]:
    """Yield points whose specs are worth a check before a study begins: no more than `MAX_CHECKED`, where axes allow.

    Every value of every axis comes first, beside the first values of the others, then the rest of a small grid.
    """
    ends = [axis.listed if axis.listed is not None else axis.bounds or () for axis in study.axes]
    first = tuple(values[0] for values in ends)
    yield first
    for i, values in enumerate(ends):
        yield from ((*first[:i], value, *first[i + 1 :]) for value in values[1:])
    if study.search.kind == "grid" and study.cell_count <= MAX_CHECKED:
        yield from grid(study.axes)


def sampled(study: StudySpec, count: int) -> Iterator[Point]:
    """Yield points of a study at even distances in its grid, or drawn at random: `count` at most, or a few more."""
    if study.search.kind == "grid":
        step = max(1, study.cell_count // count)
        yield from itertools.islice(grid(study.axes), 0, None, step)
        return
    taken: list[Point] = []
    while len(taken) < min(count, study.cell_count) and (point := drawn(study.axes, study.search.seed, taken)):
        taken.append(point)
        yield point
