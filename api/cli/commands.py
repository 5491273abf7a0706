"""Commands of the service, with their options. Other modules of this package implement them."""

import os
from pathlib import Path
from typing import Annotated

import typer

from api.cli import demo as demonstration
from api.cli import serve as service
from api.cli.settings import read_settings
from api.cli.training import train_alone
from core.store.migrate import upgrade
from gradlab.cli.exits import EPILOG, Exit
from gradlab.cli.main import SpecFile
from gradlab.cli.outcome import in_one_line, read_spec

serve_app, migrate_app, train_app, demo_app = (
    typer.Typer(add_completion=False, pretty_exceptions_enable=False) for _ in range(4)
)


@serve_app.command(epilog=EPILOG)
def serve(
    host: Annotated[str | None, typer.Option(help="Host to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 chooses a free one.")] = None,
    api_only: Annotated[bool, typer.Option(help="Start no worker, and do not migrate the database.")] = False,
    of_demo: Annotated[
        bool, typer.Option("--demo", help="Serve the experiments of `gradlab demo` in place of your own.")
    ] = False,
) -> None:
    """Run the service until Ctrl-C: migrate the database, start the API and a worker, stop both together."""
    if of_demo:
        os.environ.update(demonstration.SETTINGS)  # the worker reads them, too
    with in_one_line():
        service.serve(read_settings(host=host, port=port), api_only=api_only)


@migrate_app.command(epilog=EPILOG)
def migrate() -> None:
    """Migrate the database to this version's tables. Safe to repeat."""
    with in_one_line():
        upgrade(read_settings().database)


@train_app.command(epilog=EPILOG)
def train(
    spec: SpecFile,
    save: Annotated[Path | None, typer.Option(help="Write the series to this NPZ file.")] = None,
) -> None:
    """Train a spec on this machine, without a service."""
    with in_one_line():
        trained = train_alone(read_spec(spec), save)
    raise typer.Exit(Exit.COMPLETED if trained else Exit.FAILED)


@demo_app.command(epilog=EPILOG)
def demo(
    output: Annotated[Path, typer.Option(help="Folder for the series, as JSON, CSV and charts.")] = Path("demo-output"),
    seeds: Annotated[int, typer.Option(help="Number of seeds of each network.", min=1)] = 5,
) -> None:
    """Train the tutorial's first three networks on an embedded service, and print the results."""
    with in_one_line():
        completed = demonstration.demo(output, seeds)
    raise typer.Exit(Exit.COMPLETED if completed else Exit.FAILED)
