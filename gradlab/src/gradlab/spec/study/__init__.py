"""Studies: a base spec, axes over its fields, and the points at which it is trained."""

from gradlab.spec.study.axes import KNOBS, Axis, Range
from gradlab.spec.study.grid import checked_points, drawn, grid, sampled
from gradlab.spec.study.placing import Point, place
from gradlab.spec.study.searches import Grid, MedianPruner, PercentilePruner, Pruner, Random, Tpe
from gradlab.spec.study.study import MAX_CELLS, Budget, StudyFields, StudyMeasure, StudySpec

__all__ = [
    "KNOBS",
    "MAX_CELLS",
    "Axis",
    "Budget",
    "Grid",
    "MedianPruner",
    "PercentilePruner",
    "Point",
    "Pruner",
    "Random",
    "Range",
    "StudyFields",
    "StudyMeasure",
    "StudySpec",
    "Tpe",
    "checked_points",
    "drawn",
    "grid",
    "place",
    "sampled",
]
