"""The commands of the service, with their options: the modules beside do the work."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli import demo as demonstration
from api.cli import serve as service
from api.cli.settings import read_settings
from api.cli.training import train_alone
from core.store.migrate import upgrade
from gradlab.cli.display import picture
from gradlab.cli.exits import EPILOG, Exit, console
from gradlab.cli.main import SpecFile
from gradlab.cli.outcome import in_one_line, read_spec

serve_app, migrate_app, train_app, demo_app = (
    typer.Typer(add_completion=False, pretty_exceptions_enable=False) for _ in range(4)
)


@serve_app.command(epilog=EPILOG)
def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one.")] = None,
    api_only: Annotated[bool, typer.Option(help="No worker and no migration: others see to them.")] = False,
) -> None:
    """Run the service until Ctrl-C: migrates the database, starts the API and a worker, stops both together."""
    with in_one_line():
        service.serve(read_settings(host=host, port=port), api_only=api_only)


@migrate_app.command(epilog=EPILOG)
def migrate() -> None:
    """Bring the database to this version's tables. Safe to repeat."""
    with in_one_line():
        upgrade(read_settings().database)


@train_app.command(epilog=EPILOG)
def train(
    spec: SpecFile,
    save: Annotated[Path | None, typer.Option(help="Keep the series in this NPZ file.")] = None,
) -> None:
    """Train a spec here and now, without a service, in one process."""
    with in_one_line():
        chosen = read_spec(spec)
        measured = train_alone(chosen, save)
    if measured is None:
        raise typer.Exit(Exit.FAILED)
    console.print(picture(measured))


@demo_app.command(epilog=EPILOG)
def demo(
    output: Annotated[Path, typer.Option(help="Where the series go, as JSON, CSV and charts.")] = Path("demo-output"),
    seeds: Annotated[int, typer.Option(help="Seeds for each network.", min=1)] = 5,
) -> None:
    """Train the tutorial's first three networks on an embedded service and say what was found."""
    with in_one_line():
        completed = demonstration.demo(output, seeds)
    raise typer.Exit(Exit.COMPLETED if completed else Exit.FAILED)
