"""Commands of studies, with their options. `gradlab.cli.studies` implements them."""

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from gradlab.cli.exits import EPILOG
from gradlab.cli.options import Json, Url
from gradlab.schemas.status import StudyStatus

studies_app = typer.Typer(
    help="List, show, pause, continue, cancel and extend studies.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

StudyId = Annotated[str, typer.Argument(help="Id of the study, or a beginning of it that no other study shares.")]
ColumnName = Annotated[
    str | None, typer.Option(help="Number of the map: metric, failing, or a measure's name. By default the diagnosis.")
]


def _studies() -> ModuleType:
    from gradlab.cli import studies

    return studies


def study(
    name: Annotated[
        str | None,
        typer.Argument(help="Recipe: xavier, adam, weights, depth, width, phase, rate or initializer."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="JSON file with a study, in place of a recipe; - reads stdin.")
    ] = None,
    activation: Annotated[
        str | None, typer.Option(help="Activation of the recipe's networks; by default the recipe's first.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Number of seeds in each cell; by default the recipe's.", min=1)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Number of epochs; by default the recipe's.", min=1)] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for its end, and show its map.")] = True,
    column: ColumnName = None,
    chart: Annotated[
        Path | None, typer.Option(help="Draw the chart that answers the recipe's question to this file, SVG or PNG.")
    ] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Begin a study: a question over axes of a spec, answered by many experiments. Follow it, and show its map."""
    recipe = {"activation": activation, "seeds": seeds, "epochs": epochs}
    given = {name: value for name, value in recipe.items() if value is not None}
    _studies().study(name, file, given, follow, column, chart, json, url)


@studies_app.command("list", epilog=EPILOG)
def list_(
    status: Annotated[list[StudyStatus] | None, typer.Option(help="List studies of this status; repeatable.")] = None,
    limit: Annotated[int, typer.Option(help="Maximum number of studies.", min=1)] = 20,
    json: Json = False,
    url: Url = None,
) -> None:
    """List studies, newest first."""
    _studies().list_studies(status or [], limit, json, url)


@studies_app.command(epilog=EPILOG)
def show(
    id: StudyId,
    column: ColumnName = None,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for its end first.")] = False,
    save: Annotated[Path | None, typer.Option(help="Save its charts to this folder, as SVG.")] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Show a study: its progress and its map."""
    _studies().show(id, column, follow, save, json, url)


@studies_app.command(epilog=EPILOG)
def table(
    id: StudyId,
    file: Annotated[
        Path | None, typer.Argument(help="File that is written: .csv, .json or .parquet. By default CSV is printed.")
    ] = None,
    url: Url = None,
) -> None:
    """Save the table of a study: a row for each cell."""
    _studies().table(id, file, url)


@studies_app.command(epilog=EPILOG)
def pause(id: StudyId, json: Json = False, url: Url = None) -> None:
    """Pause a study: no further cell begins. Cells that have begun are trained to their end."""
    _studies().act("pause", id, json, url)


@studies_app.command("continue", epilog=EPILOG)
def continue_(id: StudyId, json: Json = False, url: Url = None) -> None:
    """Continue a study that was paused or cancelled, or has failed."""
    _studies().act("continue", id, json, url)


@studies_app.command(epilog=EPILOG)
def cancel(id: StudyId, json: Json = False, url: Url = None) -> None:
    """Cancel a study and its running cells. Finished cells are kept."""
    _studies().act("cancel", id, json, url)


@studies_app.command(epilog=EPILOG)
def extend(
    id: StudyId,
    seeds: Annotated[int | None, typer.Option(help="Number of further seeds of each cell.", min=1)] = None,
    value: Annotated[
        list[str] | None, typer.Option(help="Further value of an axis, as AXIS=VALUE, such as depth=11; repeatable.")
    ] = None,
    trainings: Annotated[int | None, typer.Option(help="New maximum number of trainings.", min=1)] = None,
    seconds: Annotated[float | None, typer.Option(help="New maximum time of training, in seconds.")] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Extend a study by seeds, values of its axes, or another budget. What is trained stays."""
    budget = {name: bound for name, bound in {"trainings": trainings, "seconds": seconds}.items() if bound is not None}
    _studies().extend(id, seeds, value or [], budget, json, url)


@studies_app.command(epilog=EPILOG)
def delete(id: StudyId, url: Url = None) -> None:
    """Delete a study. The finished experiments of its cells are kept."""
    _studies().delete(id, url)
