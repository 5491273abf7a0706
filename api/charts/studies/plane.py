"""Plane of two axes of a study: the frame of its maps, and theory's border in it."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from api.charts.figure import FAINT, INK, blank
from api.charts.studies.axes import ChartAxis
from api.charts.studies.query import StudyChartQuery
from gradlab.schemas.studies import CellResponse
from gradlab.spec.study import StudySpec
from gradlab.spec.study.placing import tokens
from gradlab.theory import critical_weight_variance
from gradlab.vocabulary.layers.dense import Dense

BORDER_POINTS = 200
# The fields of a dense layer that are σ_w² and σ_b: the variance of its weights times their number, if they are drawn
# by `variance_scaling` with `fan_in`, and the standard deviation of its biases.
WEIGHT_VARIANCE, BIAS_DEVIATION = ("kernel_initializer", "scale"), ("bias_initializer", "stddev")


@dataclass(frozen=True)
class Plane:
    """Two axes of a study, with the cells at each place.

    Attributes:
        x, y: the axes.
        cells: trained cells by place; several where the study has further axes.
        pruned: places with pruned cells alone.
    """

    x: ChartAxis
    y: ChartAxis
    cells: dict[tuple[float, float], list[CellResponse]]
    pruned: list[tuple[float, float]]

    @classmethod
    def of(cls, query: StudyChartQuery) -> "Plane":
        """Place the trained cells of a study. Raises NotFound if it has a single axis."""
        x, y = (ChartAxis.of(axis, in_steps=True) for axis in query.along(2))
        cells = defaultdict(list)

        def place(cell: CellResponse) -> tuple[float, float]:
            return x.at(cell.values[x.axis.name]), y.at(cell.values[y.axis.name])

        for cell in query.trained:
            cells[place(cell)].append(cell)
        pruned = {place(cell) for cell in query.pruned}
        return cls(x, y, dict(cells), sorted(pruned - set(cells)))

    @property
    def is_grid(self) -> bool:
        """True if values stand at equal steps on both axes, so that cells are squares; else they are points."""
        return self.x.in_steps and self.y.in_steps

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns of a grid."""
        return len(self.y.listed), len(self.x.listed)

    def figure(self, title: str, caption: tuple[str, ...]) -> Figure:
        """Create a figure with the axes of this plane."""
        height = 2.2 + 0.3 * min(max(self.shape[0], 6), 14) if self.is_grid else 4.4  # inches
        figure = blank(title, caption, height=height)
        axes = figure.axes[0]
        self.x.dress(axes.xaxis)
        self.y.dress(axes.yaxis)
        if self.is_grid:
            rows, columns = self.shape
            axes.set(xlim=(-0.5, columns - 0.5), ylim=(-0.5, rows - 0.5))
            axes.tick_params(length=0)
            axes.spines[["left", "bottom"]].set_color(FAINT)
            if max((len(label.get_text()) for label in axes.get_xticklabels()), default=0) > 8:
                axes.tick_params(axis="x", labelrotation=20)
        return figure

    def image(self, numbers: dict[tuple[float, float], float]) -> np.ndarray:
        """Arrange a number for each place of a grid, (rows, columns); NaN without one."""
        image = np.full(self.shape, np.nan)
        for (x, y), number in numbers.items():
            image[round(y), round(x)] = number
        return image

    def draw_marks(self, axes: Axes, spec: StudySpec) -> list[Line2D]:
        """Mark pruned cells, and draw theory's border. Return what a legend names."""
        marks: list[Line2D] = []
        if self.pruned:
            marks += axes.plot(*zip(*self.pruned, strict=True), "_", color=FAINT, markersize=8, label="pruned")
        border = self._draw_border(axes, spec)
        return [*marks, border] if border else marks

    def _draw_border(self, axes: Axes, spec: StudySpec) -> Line2D | None:
        """Draw where mean-field theory has χ = 1, if the axes are σ_w² and σ_b of one layer that is repeated."""
        border = self._border(spec)
        if border is None:
            return None
        for width, colour in ((3.4, "#ffffff"), (1.6, INK)):
            (line,) = axes.plot(*border, color=colour, linewidth=width, zorder=5)
        line.set_label("theory: χ = 1")
        return line

    def _border(self, spec: StudySpec) -> tuple[np.ndarray, np.ndarray] | None:
        axes = {_field(each.axis.pointer): each for each in (self.x, self.y) if each.axis.pointer}
        layers = {layer for layer, _ in axes}
        roles = {field: each for (_, field), each in axes.items()}
        if len(layers) != 1 or set(roles) != {WEIGHT_VARIANCE, BIAS_DEVIATION}:
            return None
        layer = _layer(spec, *layers)
        if layer is None or "names" in (self.x.axis.scale, self.y.axis.scale):
            return None
        weight_axis, bias_axis = roles[WEIGHT_VARIANCE], roles[BIAS_DEVIATION]
        deviations = np.linspace(*bias_axis.ends, BORDER_POINTS)
        variances = [critical_weight_variance(layer.activation, float(each) ** 2) for each in deviations]
        if None in variances:
            return None
        weights, biases = weight_axis.between(np.array(variances, float)), bias_axis.between(deviations)
        return (weights, biases) if weight_axis is self.x else (biases, weights)


def _field(pointer: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split a pointer into that of a layer and that of a field in it."""
    parts = tuple(tokens(pointer))
    return parts[:-2], parts[-2:]


def _layer(spec: StudySpec, pointer: tuple[str, ...]) -> Dense | None:
    """Return the layer of a chain whose weights and biases theory speaks of; None for other layers."""
    match pointer:
        case ("model", "layers", index) if hasattr(spec.base.model, "layers"):
            layer = spec.base.model.layers[int(index)]
        case _:
            return None
    kernel = getattr(layer, "kernel_initializer", None)
    is_scaled = getattr(kernel, "kind", "") == "variance_scaling" and getattr(kernel, "mode", "") == "fan_in"
    if not isinstance(layer, Dense) or layer.repeat == 1 or not is_scaled:
        return None
    return layer if layer.bias_initializer.kind == "random_normal" else None
