"""The commands of a client, with their options: `gradlab.cli.actions` does the work."""

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from gradlab.cli.exits import EPILOG
from gradlab.cli.service import add_service_commands
from gradlab.schemas.status import Status

app = typer.Typer(
    help="See why a deep network does not learn.", epilog=EPILOG, no_args_is_help=True, pretty_exceptions_enable=False
)

Url = Annotated[str | None, typer.Option(envvar="GRADLAB_URL", help="The service; by default the one on this machine.")]
SpecFile = Annotated[Path, typer.Argument(help="A JSON file with an experiment spec; - reads standard input.")]
Id = Annotated[str, typer.Argument(help="The experiment's id.")]


def main() -> None:
    """Run the command line."""
    app()


def _actions() -> ModuleType:
    """Import the commands' work, which takes longer than all that `gradlab --help` needs."""
    from gradlab.cli import actions

    return actions


@app.command(epilog=EPILOG)
def submit(
    spec: SpecFile,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress and end with the experiment.")] = False,
    url: Url = None,
) -> None:
    """Queue an experiment and print its id."""
    _actions().submit(spec, wait, url)


@app.command(epilog=EPILOG)
def validate(spec: SpecFile, url: Url = None) -> None:
    """Check a spec, count its parameters and estimate its cost; nothing is queued."""
    _actions().validate(spec, url)


@app.command("list", epilog=EPILOG)
def list_(
    status: Annotated[list[Status] | None, typer.Option(help="Only those; repeatable.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    url: Url = None,
) -> None:
    """List experiments, newest first."""
    _actions().list_experiments(status, limit, url)


@app.command(epilog=EPILOG)
def show(
    id: Id,
    save: Annotated[Path | None, typer.Option(help="Put its charts into this folder, as SVG.")] = None,
    url: Url = None,
) -> None:
    """Show an experiment: status, final metrics, gradients and state of each layer, and what broke, if anything did."""
    _actions().show(id, save, url)


@app.command(epilog=EPILOG)
def export(
    id: Id,
    tensorboard: Annotated[Path | None, typer.Option(help="Event files into this log directory, by seed.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="All series as one tidy table into this file.")] = None,
    npz: Annotated[Path | None, typer.Option(help="All series as named arrays into this file.")] = None,
    model: Annotated[Path | None, typer.Option(help="The network of --seed, for Keras, into this file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Whose network; the experiment's first seed by default.")] = None,
    epoch: Annotated[int | None, typer.Option(help="0: as it was before training; after its end by default.")] = None,
    url: Url = None,
) -> None:
    """Write what was measured to files: for TensorBoard, for data frames, for NumPy; and a network for Keras."""
    _actions().export(id, tensorboard, parquet, npz, model, seed, epoch, url)


@app.command(epilog=EPILOG)
def diagnose(id: Id, url: Url = None) -> None:
    """Say what is wrong with an experiment, on what evidence, and what would help: also while it trains."""
    _actions().diagnose(id, url)


@app.command(epilog=EPILOG)
def triage(spec: SpecFile, url: Url = None) -> None:
    """Look at a spec's networks before they are trained: what theory expects and what the initial state shows."""
    _actions().triage(spec, url)


@app.command(epilog=EPILOG)
def treat(
    id: Id,
    remedy: Annotated[
        list[str] | None,
        typer.Option(help="A remedy to try, or several to try together: a+b. Again for more; else by diagnosis."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="On how many seeds each is trained.")] = 8,
    budget: Annotated[int, typer.Option(help="At most so many treated specs are trained.")] = 12,
    go_on: Annotated[bool, typer.Option("--continue", help="Go on with the newest, cancelled or failed.")] = False,
    stop: Annotated[bool, typer.Option("--cancel", help="Cancel the one that runs; what is finished is kept.")] = False,
    save: Annotated[Path | None, typer.Option(help="Write the spec of the recommended cure to this file.")] = None,
    url: Url = None,
) -> None:
    """Find out by training which change cures an experiment. One that runs already is followed."""
    _actions().treat(id, remedy, seeds, budget, go_on, stop, save, url)


@app.command(epilog=EPILOG)
def cancel(id: Id, url: Url = None) -> None:
    """Cancel an experiment; what was measured is kept."""
    _actions().cancel(id, url)


add_service_commands(app)
