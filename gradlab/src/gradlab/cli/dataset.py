"""Commands of uploaded datasets, with their options. `gradlab.cli.datasets` implements them."""

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from gradlab.cli.exits import EPILOG
from gradlab.cli.options import Json, Url

dataset_app = typer.Typer(
    help="Upload samples of your own, and see what about them breaks trainings.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

DatasetId = Annotated[
    str, typer.Argument(help="Id of the dataset, or a beginning of its digits that no other dataset shares.")
]


def _datasets() -> ModuleType:
    from gradlab.cli import datasets

    return datasets


@dataset_app.command(epilog=EPILOG)
def add(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet or NPZ file, known by the end of its name.")],
    name: Annotated[str | None, typer.Option(help="Its name in lists; that of the file by default.")] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Upload a file of samples, wait until it is read, and show its profile. The same file twice is one dataset."""
    _datasets().add(file, name, json, url)


@dataset_app.command("list", epilog=EPILOG)
def list_(
    limit: Annotated[int, typer.Option(help="Maximum number of datasets.", min=1)] = 20,
    json: Json = False,
    url: Url = None,
) -> None:
    """List uploaded datasets, newest first."""
    _datasets().list_datasets(limit, json, url)


@dataset_app.command(epilog=EPILOG)
def show(id: DatasetId, json: Json = False, url: Url = None) -> None:
    """Show a dataset's profile: its columns, a proposal how to train on it, and warnings."""
    _datasets().show(id, json, url)


@dataset_app.command(epilog=EPILOG)
def rm(id: DatasetId, url: Url = None) -> None:
    """Delete a dataset with its bytes. One that an experiment's spec names is refused."""
    _datasets().remove(id, url)
