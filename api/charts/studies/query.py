"""Query of a study's chart: its table and spec, and which column and axes of them are drawn."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from api.charts.studies.columns import FAILING, Column, column_named
from gradlab.errors import Invalid, NotFound, Problem, shorten
from gradlab.schemas.status import CellStatus
from gradlab.schemas.studies import AxisResponse, CellResponse, StudyTableResponse
from gradlab.spec.study import StudySpec
from gradlab.spec.study.axes import written


@dataclass(frozen=True)
class StudyChartQuery:
    """Query of a study's chart.

    Attributes:
        table: the study's table.
        spec: the study's spec.
        column: name of the column that is drawn; None for the metric.
        axes: names of axes to draw along, the horizontal one first; empty for the first ones of the study.
    """

    table: StudyTableResponse
    spec: StudySpec
    column: str | None = None
    axes: Sequence[str] = ()

    @cached_property
    def drawn(self) -> Column:
        """The column that is drawn."""
        return column_named(self.column, self.table, self.spec)

    @property
    def trained(self) -> list[CellResponse]:
        """Cells of which at least one seed has finished."""
        return [row for row in self.table.rows if row.failing is not None]

    @property
    def pruned(self) -> list[CellResponse]:
        """Cells whose training was stopped because they were worse than others."""
        return [row for row in self.table.rows if row.status is CellStatus.pruned]

    def along(self, count: int) -> list[AxisResponse]:
        """Return the axes of the chart, the horizontal one first.

        Raises:
            Invalid: the study has no axis of that name, or one is named twice, or more than `count` are.
            NotFound: the study has fewer axes.
        """
        axes = {axis.name: axis for axis in self.table.axes}
        named = list(dict.fromkeys(self.axes))
        if unknown := [name for name in named if name not in axes]:
            raise Invalid(Problem("axis", f"one of {', '.join(axes)}", shorten(unknown[0])))
        if len(named) < len(self.axes) or len(named) > count:
            raise Invalid(Problem("axis", f"at most {count} different axes", shorten(", ".join(self.axes))))
        if len(axes) < count:
            raise NotFound(f"This chart is drawn over {count} axes; the study has {len(axes)}.")
        others = [name for name in axes if name not in named]
        return [axes[name] for name in [*named, *others][:count]]

    @property
    def title(self) -> str:
        """Name of the column that is drawn, at the beginning of a title."""
        return self.drawn.label[0].upper() + self.drawn.label[1:] if self.drawn.name == FAILING else self.drawn.label

    def caption(self, *parts: str) -> tuple[str, ...]:
        """Return the caption: name, `parts`, seeds, and how many cells are not trained yet."""
        seeds = len(self.spec.run_seeds)
        trained, pruned, cells = len(self.trained), len(self.pruned), len(self.table.rows)
        unfinished = f"{trained:,} of {cells:,} cells are trained" if trained < cells else ""
        unfinished += f", {pruned:,} pruned" if pruned else ""
        return (self.table.name, *parts, f"{seeds} seed{'s' * (seeds > 1)} in each cell", unfinished)


def grouped(rows: Sequence[CellResponse], axes: Sequence[AxisResponse]) -> dict[tuple[str, ...], list[CellResponse]]:
    """Group cells by their values on some axes, as canonical JSON."""
    places: dict[tuple[str, ...], list[CellResponse]] = defaultdict(list)
    for row in rows:
        places[tuple(written(row.values[axis.name]) for axis in axes)].append(row)
    return dict(places)
