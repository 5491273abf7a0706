"""Studies in the terminal: a map over two axes, bars along one, and rows of the best cells for more."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gradlab.cli.display import DASH
from gradlab.errors import Invalid, Problem
from gradlab.schemas.status import CellStatus
from gradlab.schemas.studies import AxisResponse, CellResponse, StudyResponse, StudyTableResponse
from gradlab.spec.problems import among
from gradlab.spec.study.axes import written
from gradlab.spec.study.placing import shown

# Values of an axis that a terminal has room for; larger maps are on the dashboard.
MAX_COLUMNS, MAX_ROWS = 30, 60
# Cells of a study of more than two axes, or of a search: the best ones.
MAX_BEST = 20
MAX_LABEL = 20
BAR = 20
ILLNESSES = ("red", "yellow", "magenta", "blue", "cyan")
EARLY = {CellStatus.waiting: "", CellStatus.queued: "", CellStatus.running: "…"}
NO_RESULT, PRUNED = "×", "-"


@dataclass(frozen=True)
class _Written:
    """A cell's text on a map, with its style."""

    text: str
    style: str = ""


def checked_column(column: str | None, table: StudyTableResponse) -> None:
    """Check that a table has a column with a number. Raises Invalid."""
    names = ("metric", "failing", *table.measures)
    if column is not None and column not in names:
        raise Invalid(Problem("--column", among(names, column), repr(column)))


def render_study(study: StudyResponse, table: StudyTableResponse, column: str | None) -> RenderableType:
    """Render a study.

    Args:
        study: the study.
        table: its table.
        column: metric, failing, or a measure's name: the number in each cell of a map; None for the diagnosis.
    """
    if len(table.axes) == 2 and _fits(table.axes[0], MAX_COLUMNS) and _fits(table.axes[1], MAX_ROWS):
        return _map(table, column)
    if len(table.axes) == 1 and _fits(table.axes[0], MAX_ROWS):
        return _rows(table, table.rows, "")
    ordered = sorted(table.rows, key=_better_first(study))
    count = min(MAX_BEST, len(ordered))
    return _rows(table, ordered[:count], f"The best {count} of {len(ordered):,} cells")


def _fits(axis: AxisResponse, room: int) -> bool:
    return axis.values is not None and len(axis.values) <= room


def _better_first(study: StudyResponse) -> Callable[[CellResponse], tuple[float, float]]:
    by_failing, sign = study.spec.objective == "failing_share", -1.0 if study.higher_is_better else 1.0

    def key(cell: CellResponse) -> tuple[float, float]:
        metric = sign * cell.metric.median if cell.metric else float("inf")
        failing = cell.failing.count / cell.failing.of if cell.failing else float("inf")
        return (failing, metric) if by_failing else (metric, failing)

    return key


def _map(table: StudyTableResponse, column: str | None) -> Group:
    """Render a table with the first axis across and the second one up, and what its letters mean."""
    x, y = table.axes
    write, legend = _illnesses(table) if column is None else _numbers(table, column)
    cells = {(written(cell.values[x.name]), written(cell.values[y.name])): cell for cell in table.rows}
    grid = Table(box=SIMPLE, padding=(0, 1, 0, 0), title=escape(_title(table, column)), title_justify="left")
    grid.caption, grid.caption_justify = f"{escape(x.name)} →", "right"
    grid.add_column(f"{escape(y.name)} ↑", justify="right", no_wrap=True)
    for value in x.values or ():
        grid.add_column(_label(value), justify="center")
    for value in reversed(y.values or ()):
        row = [cells.get((written(across), written(value))) for across in x.values or ()]
        grid.add_row(_label(value), *(_text(write(cell)) if cell else Text("") for cell in row))
    return Group(grid, *legend)


def _title(table: StudyTableResponse, column: str | None) -> str:
    names = {None: "diagnosis", "metric": f"{table.metric}, median", "failing": "seeds that fail"}
    return names.get(column) or f"{column}, median"


def _text(cell: _Written) -> Text:
    return Text(cell.text, style=cell.style)


def _label(value: Any) -> str:
    text = shown(value)
    return escape(text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…")


def _illnesses(table: StudyTableResponse) -> tuple[Callable[[CellResponse], _Written], list[Text]]:
    """Return what writes a cell's illness as a letter, the most frequent one A, and the lines of the legend."""
    causes = Counter(_cause(cell) for cell in table.rows if cell.verdict in ("ill", "at risk"))
    letters = {
        cause: _Written(chr(ord("A") + i % 26), f"bold {ILLNESSES[i % len(ILLNESSES)]}")
        for i, (cause, _) in enumerate(causes.most_common())
    }
    marks = {"healthy": _Written("·", "green"), "undecided": _Written("?", "cyan")}
    verdicts = Counter(str(cell.verdict) for cell in table.rows)
    legend = [_line(marks[each], each, verdicts[each]) for each in marks if verdicts[each]]
    legend += [_line(letters[cause], cause, count) for cause, count in causes.most_common()]
    if pruned := [cell for cell in table.rows if cell.status is CellStatus.pruned]:
        legend.append(_line(_unfinished(pruned[0]), "pruned: worse than others while it trained", len(pruned)))

    def write(cell: CellResponse) -> _Written:
        return letters.get(_cause(cell)) or marks.get(cell.verdict or "") or _unfinished(cell)

    return write, legend


def _cause(cell: CellResponse) -> str:
    if cell.verdict not in ("ill", "at risk"):
        return ""
    cause = (cell.root_cause or str(cell.verdict)).replace("_", " ")
    return f"at risk: {cause}" if cell.verdict == "at risk" else cause


def _line(mark: _Written, name: str, count: int) -> Text:
    return Text.assemble("  ", (mark.text, mark.style), f"  {name}", (f"  {count:,} cell{'s' * (count != 1)}", "dim"))


def _unfinished(cell: CellResponse) -> _Written:
    if cell.status is CellStatus.pruned:
        return _Written(PRUNED, "dim")
    return _Written(EARLY.get(cell.status, NO_RESULT), "dim" if cell.status in EARLY else "red")


def _numbers(table: StudyTableResponse, column: str) -> tuple[Callable[[CellResponse], _Written], list[Text]]:
    """Return what writes a cell's number, in the colour of its verdict."""
    colours = {"healthy": "green", "at risk": "yellow", "ill": "red", "undecided": "cyan"}

    def write(cell: CellResponse) -> _Written:
        text = _number(cell, column)
        return _unfinished(cell) if text == DASH else _Written(text, colours.get(cell.verdict or "", ""))

    return write, []


def _number(cell: CellResponse, column: str) -> str:
    if column == "failing":
        return f"{cell.failing.count}/{cell.failing.of}" if cell.failing else DASH
    value = cell.metric and cell.metric.median if column == "metric" else cell.measures[column]
    return DASH if value is None else f"{value:.3g}"


def _rows(table: StudyTableResponse, cells: Sequence[CellResponse], title: str) -> Table:
    """Render a row for each cell: its point, its diagnosis, the share of failing seeds as a bar, the numbers."""
    rows = Table(box=SIMPLE, padding=(0, 1, 0, 0), title=title or None, title_justify="left")
    for axis in table.axes:
        rows.add_column(escape(axis.name), overflow="fold", max_width=40)
    rows.add_column("result")
    rows.add_column("seeds that fail", no_wrap=True)
    for name in (table.metric, *table.measures):
        rows.add_column(escape(name), justify="right")
    write, _ = _numbers(table, "metric")
    for cell in cells:
        result = _cause(cell) or cell.verdict or str(cell.status)
        point = (Text(shown(cell.values[axis.name])) for axis in table.axes)
        numbers = (Text(_number(cell, name)) for name in table.measures)
        rows.add_row(*point, result, _bar(cell), _text(write(cell)), *numbers)
    return rows


def _bar(cell: CellResponse) -> Text:
    """Return the share of failing seeds as a bar with its count."""
    if cell.failing is None:
        return Text("")
    full = round(BAR * cell.failing.count / cell.failing.of)
    return Text.assemble(("█" * full, "red"), ("░" * (BAR - full), "dim"), f" {cell.failing.count}/{cell.failing.of}")
