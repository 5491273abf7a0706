"""Maps of a study over two axes: a column in colours, and which illness is where."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from api.charts.figure import GREEN, GROUND, INK, LINES, LOST, ZERO, decades, legend, nothing
from api.charts.studies.plane import Plane
from api.charts.studies.query import StudyChartQuery
from gradlab.diagnosis.rules import RULES
from gradlab.measurement.statistics import Scale
from gradlab.schemas.studies import CellResponse

Place = tuple[float, float]
MAX_WRITTEN = 144  # cells with their number written into them
POINT_SIZE = 46  # square points
HEALTHY, UNDECIDED = "healthy", "undecided"
TITLES = {rule.name: rule.title for rule in RULES}
# Illnesses with a colour of their own; the less frequent ones share the last.
ILLNESSES = tuple(colour for colour in LINES if colour != GREEN)
OTHERS = "other illnesses"


def draw(query: StudyChartQuery) -> Figure:
    """Draw a column over two axes; where the study has further ones, the median over them."""
    plane, column = Plane.of(query), query.drawn
    title = f"{query.title} over {plane.x.axis.name} and {plane.y.axis.name}"
    figure = plane.figure(title, query.caption(column.middle))
    if not plane.cells:
        return nothing(figure)
    numbers = {place: _median([column.value(cell) for cell in cells]) for place, cells in plane.cells.items()}
    axes, finite = figure.axes[0], {place: number for place, number in numbers.items() if number is not None}
    norm = norm_of(column.scale, list(finite.values()))
    shades = matplotlib.colormaps["viridis"].with_extremes(bad=(0, 0, 0, 0))
    drawn = _coloured(axes, plane, finite, shades, norm)
    lost = [place for place, number in numbers.items() if number is None]
    handles: list[Any] = [_cross(axes, lost)] if lost else []
    if plane.is_grid and len(plane.cells) <= MAX_WRITTEN:
        for (x, y), number in finite.items():
            colour = "#ffffff" if norm(number) < 0.6 else INK
            axes.text(x, y, f"{number:.2g}", ha="center", va="center", fontsize=7, color=colour, zorder=3)
    handles += plane.draw_marks(axes, query.spec)
    bar = figure.colorbar(drawn, ax=axes, pad=0.015, aspect=25)
    bar.set_label(column.label, size=9)
    bar.ax.tick_params(labelsize=8)
    if isinstance(norm, LogNorm) and norm.vmin and norm.vmax:
        decades(bar.ax.yaxis, norm.vmin, norm.vmax)
    legend(axes, handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3)
    return figure


def draw_diagnosis(query: StudyChartQuery) -> Figure:
    """Draw the verdict and the root cause of each cell; where the study has further axes, the most frequent one."""
    plane = Plane.of(query)
    figure = plane.figure("Which illness where", query.caption("root cause of each cell's diagnosis"))
    if not plane.cells:
        return nothing(figure)
    axes, names = figure.axes[0], {place: _most_frequent(cells) for place, cells in plane.cells.items()}
    colours = _categories(list(names.values()))
    order = list(colours)
    drawn = {place: float(order.index(name if name in colours else OTHERS)) for place, name in names.items()}
    shades = matplotlib.colors.ListedColormap(list(colours.values())).with_extremes(bad=(0, 0, 0, 0))
    _coloured(axes, plane, drawn, shades, Normalize(-0.5, len(order) - 0.5))
    if plane.is_grid and len(plane.cells) <= MAX_WRITTEN:
        for (x, y), category in drawn.items():
            name = order[int(category)]
            mark, ink = "" if name == HEALTHY else str(int(category)), GROUND if _is_dark(colours[name]) else INK
            axes.text(x, y, mark, ha="center", va="center", fontsize=7, color=ink, zorder=3)
    handles: list[Any] = [
        Patch(facecolor=colours[name], label=name if name == HEALTHY else f"{place} {name}")
        for place, name in enumerate(order)
    ]
    handles += plane.draw_marks(axes, query.spec)
    legend(axes, handles)
    return figure


def _categories(names: Sequence[str]) -> dict[str, Any]:
    """Return a colour for each category, `healthy` first, illnesses by their frequency."""
    illnesses = [name for name, _ in Counter(names).most_common() if name not in (HEALTHY, UNDECIDED)]
    categories: dict[str, Any] = {HEALTHY: to_rgba(GREEN, 0.35)}
    if UNDECIDED in names:
        categories[UNDECIDED] = ZERO
    own = illnesses if len(illnesses) <= len(ILLNESSES) else illnesses[: len(ILLNESSES) - 1]
    categories |= {name: to_rgba(colour, 0.75) for name, colour in zip(own, ILLNESSES, strict=False)}
    if len(own) < len(illnesses):
        categories[OTHERS] = to_rgba(INK, 0.3)  # a grey: no illness stands out that has no colour of its own
    return categories


def _is_dark(colour: Any) -> bool:
    """Return True if light letters are read better on a colour than dark ones."""
    red, green, blue, alpha = to_rgba(colour)
    return 1 - alpha * (1 - (0.3 * red + 0.6 * green + 0.1 * blue)) < 0.35


def _most_frequent(cells: Sequence[CellResponse]) -> str:
    return Counter(map(_category, cells)).most_common(1)[0][0]


def _category(cell: CellResponse) -> str:
    """Return what a cell is: healthy, undecided, or the title of its root cause."""
    if cell.verdict == "healthy" or cell.verdict is None:
        return HEALTHY if cell.verdict else UNDECIDED
    title = TITLES.get(cell.root_cause or "", cell.root_cause)
    if title is None:
        return UNDECIDED if cell.verdict == "undecided" else cell.verdict
    return f"at risk: {title}" if cell.verdict == "at risk" else title


def _median(numbers: Sequence[float | None]) -> float | None:
    finite = [number for number in numbers if number is not None]
    return median(finite) if finite else None


def norm_of(scale: Scale, numbers: Sequence[float]) -> Normalize:
    """Return the colour scale of some finite numbers."""
    if scale == "share":
        return Normalize(0, 1)
    positive = [number for number in numbers if number > 0]
    if scale == "log" and positive:
        low, high = min(positive), max(positive)
        return LogNorm(low if low < high else high / 10, high, clip=True)
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    return Normalize(low, high if high > low else low + 1)


def _coloured(axes: Axes, plane: Plane, numbers: Mapping[Place, float], shades: Any, norm: Normalize) -> Any:
    """Colour the cells of a grid, or draw points where an axis has a distribution."""
    if plane.is_grid:
        image = np.ma.masked_invalid(plane.image(dict(numbers)))
        return axes.imshow(image, shades, norm, origin="lower", aspect="auto", interpolation="nearest", zorder=1)
    x, y = np.array(list(numbers)).reshape(-1, 2).T
    return axes.scatter(
        x, y, POINT_SIZE, list(numbers.values()), cmap=shades, norm=norm, edgecolor=INK, linewidth=0.4, zorder=2
    )


def _cross(axes: Axes, places: Sequence[Place]) -> Line2D:
    """Mark cells without a finite number."""
    x, y = np.array(places).T
    axes.plot(x, y, "x", color=LOST, markersize=6, zorder=3)
    return Line2D([], [], marker="x", color=LOST, linestyle="", markersize=5, label="no finite value")
