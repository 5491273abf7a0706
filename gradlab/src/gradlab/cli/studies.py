"""Studies in the terminal: a recipe's study is begun, followed as a map that fills, and drawn."""

from pathlib import Path

import typer
from rich.box import SIMPLE
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gradlab.cli import actions
from gradlab.cli.exits import Exit, console
from gradlab.cli.export import reporting_failure
from gradlab.cli.outcome import in_one_line, interruptible
from gradlab.client.client import Client
from gradlab.errors import Invalid, Problem
from gradlab.recipes import RECIPES, Recipe
from gradlab.schemas.status import CellStatus, StudyStatus
from gradlab.schemas.studies import CellResponse, StudyResponse, StudyTableResponse
from gradlab.spec.problems import among
from gradlab.spec.study.axes import written
from gradlab.spec.study.placing import shown

OUTCOME = {StudyStatus.completed: Exit.COMPLETED, StudyStatus.failed: Exit.FAILED}
FORMS = ("svg", "png")
# Columns of a map; with more, and with other numbers of axes, there is a row for each cell.
MAX_COLUMNS = 12
MARKS = {
    CellStatus.waiting: "·", CellStatus.queued: "·", CellStatus.running: "…", CellStatus.failed: "failed",
    CellStatus.refused: "refused", CellStatus.cancelled: "cancelled",
}  # fmt: skip


def study(
    recipe: str, activation: str | None, seeds: int | None, chart: Path | None, json: bool, url: str | None
) -> None:
    """Begin the study of a recipe, follow it until its end, and print it."""
    with in_one_line():
        chosen = _recipe(recipe)
        spec, form = chosen.study(activation, seeds), _form(chart)
        client = actions.connect(url)
        begun = client.begin_study(spec.model_dump(mode="json", exclude_unset=True))
        with interruptible("the study goes on. The same command shows what it has trained"):
            ended = client.wait_for_study(begun.id) if json else _follow(client, begun)
        if chart:
            with reporting_failure(chart):
                chart.write_bytes(client.study_chart(ended.id, chosen.chart, form))
        if json:
            actions.print_json(client.study_table(ended.id))
    raise typer.Exit(OUTCOME.get(ended.status, Exit.CANCELLED))


def _recipe(name: str) -> Recipe:
    recipes = {recipe.name: recipe for recipe in RECIPES}
    if name not in recipes:
        raise Invalid(Problem("RECIPE", among(list(recipes), name), repr(name)))
    return recipes[name]


def _form(chart: Path | None) -> str:
    form = chart.suffix.removeprefix(".") if chart else FORMS[0]
    if form not in FORMS:
        raise Invalid(Problem("--chart", "a file that ends with .svg or .png", str(chart)))
    return form


def _follow(client: Client, begun: StudyResponse) -> StudyResponse:
    """Wait for the end of a study, with its map."""
    with Live(_render(begun, client.study_table(begun.id)), console=console, auto_refresh=False) as live:
        return client.wait_for_study(
            begun.id,
            progress=lambda current: live.update(_render(current, client.study_table(current.id)), refresh=True),
        )


def _render(study: StudyResponse, table: StudyTableResponse) -> Group:
    progress = study.progress
    cells = progress.cells_by_status.get(CellStatus.completed, 0)
    reused = f", {progress.cells_reused} of them trained before" if progress.cells_reused else ""
    line = f"{study.name}: {cells} of {progress.cells} cells{reused}; seeds that fail, of {len(study.spec.run_seeds)}"
    axes = table.axes
    is_map = len(axes) == 2 and all(axis.values for axis in axes) and len(axes[1].values or ()) <= MAX_COLUMNS
    return Group(Text(line), map_of(table) if is_map else rows_of(table))


def map_of(table: StudyTableResponse) -> Table:
    """Render the failing seeds of each cell: values of the first axis in rows, those of the second in columns."""
    first, second = table.axes
    cells = {(written(row.values[first.name]), written(row.values[second.name])): row for row in table.rows}
    rendered = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    rendered.add_column(f"{first.name} ↓  {second.name} →", justify="right")
    for value in second.values or ():
        rendered.add_column(shown(value), justify="right")
    for value in first.values or ():
        row = [cells.get((written(value), written(other))) for other in second.values or ()]
        rendered.add_row(shown(value), *(_failing(cell) for cell in row))
    return rendered


def rows_of(table: StudyTableResponse) -> Table:
    """Render a row for each cell: its values, the metric, the failing seeds and the root cause."""
    rendered = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for name in (*(axis.name for axis in table.axes), table.metric, "fail", "95 %", "root cause"):
        rendered.add_column(name)
    for row in table.rows:
        interval = f"{row.failing.low:.0%}–{row.failing.high:.0%}" if row.failing else ""
        metric = f"{row.metric.median:.3f}" if row.metric else ""
        values = [shown(row.values[axis.name]) for axis in table.axes]
        rendered.add_row(*values, metric, _failing(row), interval, row.root_cause or "")
    return rendered


def _failing(cell: CellResponse | None) -> Text:
    """The seeds of a cell that fail, or the state of one that is not trained."""
    if cell is None or cell.failing is None:
        return Text(MARKS.get(cell.status, "") if cell else "", style="dim")
    share = cell.failing.count / cell.failing.of
    colour = "green" if share <= 0.1 else "yellow" if share < 0.5 else "red"
    return Text(str(cell.failing.count), style=colour)
