"""Implementation of the commands of studies: requests, progress, files."""

import json as json_text
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.box import SIMPLE
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from gradlab.cli import actions
from gradlab.cli.exits import Exit, console
from gradlab.cli.experiments import SHORT_ID
from gradlab.cli.export import check_place, reporting_failure
from gradlab.cli.ids import whole_study_id
from gradlab.cli.outcome import in_one_line, interruptible, text_of
from gradlab.cli.study_map import checked_column, render_study
from gradlab.client.client import Client
from gradlab.errors import Invalid, NotFound, Problem
from gradlab.recipes import recipe_named
from gradlab.schemas.media_types import CSV, JSON, PARQUET
from gradlab.schemas.status import StudyStatus
from gradlab.schemas.studies import (
    StudyExtensionRequest,
    StudyProgressResponse,
    StudyResponse,
    StudySummaryResponse,
    StudyTableResponse,
)
from gradlab.spec.experiment import MAX_SEEDS
from gradlab.spec.problems import invalid

OUTCOME = {
    StudyStatus.running: Exit.COMPLETED,
    StudyStatus.completed: Exit.COMPLETED,
    StudyStatus.failed: Exit.FAILED,
    StudyStatus.cancelled: Exit.CANCELLED,
    StudyStatus.paused: Exit.CANCELLED,
}
MEDIA_TYPES = {".csv": CSV, ".json": JSON, ".parquet": PARQUET}
FORMS = ("svg", "png")
# The methods of the client by the name of a command.
STEPS: dict[str, Callable[[Client, str], StudyResponse]] = {
    "pause": Client.pause_study,
    "continue": Client.continue_study,
    "cancel": Client.cancel_study,
}


def study(
    name: str | None,
    file: Path | None,
    changes: dict[str, Any],
    follow: bool,
    column: str | None,
    chart: Path | None,
    json: bool,
    url: str | None,
) -> None:
    """Begin a study from a recipe or a file; with `follow` wait for its end, print its map, and draw its chart."""
    with in_one_line():
        request, form = _request(name, file, changes), _form(chart, follow)
        client = actions.connect(url)
        begun = client.begin_study(request)
        if follow:
            ended = _followed(client, begun, silent=json)
            if chart:
                drawn = recipe_named(name).chart if name else client.study_charts(ended.id)[0]
                with reporting_failure(chart):
                    chart.write_bytes(client.study_chart(ended.id, drawn, form))
            _show(client, ended, column, json, ends=True)
        elif json:
            actions.print_json(begun)
        else:
            typer.echo(begun.id)
            _where(client, begun)


def list_studies(status: Sequence[StudyStatus], limit: int, json: bool, url: str | None) -> None:
    """Print studies, newest first."""
    with in_one_line():
        listed = list(islice(actions.connect(url).studies(status=status), limit))
    if json:
        actions.print_json_list(listed)
    elif console.is_terminal:
        console.print(_listed(listed))
    else:
        typer.echo("\n".join("\t".join((str(each.id), *_cells(each))) for each in listed))


def show(id: str, column: str | None, follow: bool, save: Path | None, json: bool, url: str | None) -> None:
    """Print a study with its map; with `follow` at its end. Save its charts if asked to."""
    with in_one_line():
        client = actions.connect(url)
        shown = client.study(whole_study_id(client, id))
        if save:
            with reporting_failure(save):
                save.mkdir(parents=True, exist_ok=True)
        if follow:
            shown = _followed(client, shown, silent=json)
        if save:
            with reporting_failure(save):
                for name in client.study_charts(shown.id):
                    (save / f"{name}.svg").write_bytes(client.study_chart(shown.id, name))
        _show(client, shown, column, json, ends=follow)


def table(id: str, file: Path | None, url: str | None) -> None:
    """Write the table of a study to a file, or print it as CSV."""
    with in_one_line():
        media_type = CSV if file is None else MEDIA_TYPES.get(file.suffix.lower())
        if media_type is None:
            raise Invalid(Problem("file", f"a name that ends with {', '.join(MEDIA_TYPES)}", str(file)))
        client = actions.connect(url)
        content = client.study_file(whole_study_id(client, id), media_type)
        if file is None:
            typer.echo(content, nl=False)
            return
        with reporting_failure(file):
            file.write_bytes(content)
    typer.echo(f"saved {file}")


def act(step: str, id: str, json: bool, url: str | None) -> None:
    """Pause, continue or cancel a study, and print its state."""
    with in_one_line():
        client = actions.connect(url)
        changed = STEPS[step](client, whole_study_id(client, id))
    _print_state(changed, json)


def extend(
    id: str, seeds: int | None, values: Sequence[str], budget: dict[str, float], json: bool, url: str | None
) -> None:
    """Extend a study, and print its state."""
    with in_one_line():
        added = _values(values)
        if (seeds or 0) > MAX_SEEDS:
            raise Invalid(Problem("--seeds", f"at most {MAX_SEEDS:,}", f"{seeds:,}"))
        client = actions.connect(url)
        whole = whole_study_id(client, id)
        fields: dict[str, Any] = {"values": added} if added else {}
        spec = client.study(whole).spec
        if seeds:
            next_seed = max(spec.run_seeds) + 1
            fields["seeds"] = list(range(next_seed, next_seed + seeds))
        if budget:
            fields["budget"] = spec.budget.model_dump(exclude_none=True) | budget
        try:
            request = StudyExtensionRequest.model_validate(fields)
        except ValidationError as error:
            raise invalid(error, fields) from error
        extended = client.extend_study(whole, request)
    _print_state(extended, json)


def delete(id: str, url: str | None) -> None:
    """Delete a study, and print its id."""
    with in_one_line():
        client = actions.connect(url)
        whole = whole_study_id(client, id)
        client.delete_study(whole)
    typer.echo(f"deleted {whole}")


def _request(name: str | None, file: Path | None, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the request of a recipe, or the one in a file, which the service checks. Raises Invalid."""
    if (name is None) == (file is None):
        received = "neither" if name is None else "both"
        raise Invalid(Problem("study", "the name of a recipe, or --file with a study", received))
    if file is not None:
        if changes:
            raise Invalid(Problem(f"--{next(iter(changes))}", "a recipe: a study in a file has its own", str(file)))
        return _object_in(file)
    try:
        spec = recipe_named(str(name)).study(**changes)
    except NotFound as error:
        raise Invalid(Problem("study", f"the name of a recipe. {error}", str(name))) from error
    return spec.model_dump(mode="json", exclude_unset=True)


def _form(chart: Path | None, follow: bool) -> str:
    """Return the form of a chart's file. Raises Invalid where it cannot be written at the end."""
    form = chart.suffix.lower().removeprefix(".") if chart else FORMS[0]
    if form not in FORMS:
        raise Invalid(Problem("--chart", "a file that ends with .svg or .png", str(chart)))
    if chart and not follow:
        raise Invalid(Problem("--chart", "a command that waits for the study's end", "--no-follow"))
    check_place("--chart", chart)
    return form


def _object_in(file: Path) -> dict[str, Any]:
    try:
        fields = json_text.loads(text_of(file))
    except ValueError as error:
        raise Invalid(Problem(str(file), "JSON", str(error))) from error
    if not isinstance(fields, dict):
        raise Invalid(Problem(str(file), "a study, as a JSON object", type(fields).__name__))
    return fields


def _values(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Return the values by axis of options `AXIS=VALUE`; a value that is no JSON is a name. Raises Invalid."""
    values: dict[str, list[Any]] = {}
    for text in texts:
        axis, separator, value = text.partition("=")
        if not (axis and separator):
            raise Invalid(Problem("--value", "AXIS=VALUE", text or "nothing"))
        try:
            values.setdefault(axis, []).append(json_text.loads(value))
        except ValueError:
            values.setdefault(axis, []).append(value)
    return values


def _followed(client: Client, study: StudyResponse, *, silent: bool) -> StudyResponse:
    """Wait for the end of a study, with a progress bar unless it is `silent`."""
    commands = f"gradlab studies show {study.id} --follow   Pause it: gradlab studies pause {study.id}"
    with interruptible(f"the study goes on. Follow it: {commands}"):
        if silent:
            return client.wait_for_study(study.id)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, TextColumn("{task.fields[cells]}"), console=console) as progress:
            bar = progress.add_task("trainings", total=study.progress.trainings, cells="")

            def advance(current: StudySummaryResponse) -> None:
                done = current.progress
                progress.update(
                    bar, completed=done.trainings_done, total=done.trainings, cells=f"{cells_in_words(done)}"
                )

            return client.wait_for_study(study.id, progress=advance)


def _show(client: Client, study: StudyResponse, column: str | None, json: bool, *, ends: bool) -> None:
    """Print a study with its map. Raises typer.Exit with the status of its end if the command waited for it."""
    cells: StudyTableResponse = client.study_table(study.id)
    checked_column(column, cells)
    if json:
        actions.print_json(study)
    else:
        console.print(Text.assemble((study.name, "bold"), f"  {study.id}  {state_of(study)}"), soft_wrap=True)
        console.print(render_study(study, cells, column))
        _where(client, study)
    if ends:
        raise typer.Exit(OUTCOME[study.status])


def _where(client: Client, study: StudyResponse) -> None:
    page = f"{client.url.rstrip('/')}/#/study/{study.id}"
    where = f"Its page: {page}   Its table: gradlab studies table {study.id}"
    console.print(where, soft_wrap=True, highlight=False, markup=False)


def state_of(study: StudyResponse) -> str:
    """Return the status with the progress, why it ended, and the error, if there are any."""
    progress = study.progress
    stopped = f", ended by: {study.stopped}" if study.stopped and study.stopped != "all cells" else ""
    error = f" ({study.error})" if study.error else ""
    return f"{study.status}, {_trainings(progress)}{stopped}{error}"


def cells_in_words(progress: StudyProgressResponse) -> str:
    """Return the number of cells in each state: ``3 completed, 2 waiting``."""
    return ", ".join(f"{count:,} {status}" for status, count in progress.cells_by_status.items() if count)


def _trainings(progress: StudyProgressResponse) -> str:
    return f"{progress.trainings_done:,} of {progress.trainings:,} trainings"


def _print_state(study: StudyResponse, json: bool) -> None:
    if json:
        actions.print_json(study)
    else:
        console.print(state_of(study), highlight=False, markup=False)


def _listed(studies: Sequence[StudySummaryResponse]) -> Table:
    listed = Table("id", "status", "trainings", "cells", "begun", "name", box=SIMPLE, padding=(0, 1, 0, 0))
    for each in studies:
        listed.add_row(str(each.id)[:SHORT_ID], *map(Text, _cells(each)))
    return listed


def _cells(study: StudySummaryResponse) -> tuple[str, ...]:
    progress = study.progress
    trainings = f"{progress.trainings_done}/{progress.trainings}"
    return str(study.status), trainings, cells_in_words(progress), f"{study.created_at:%m-%d %H:%M}", study.name
