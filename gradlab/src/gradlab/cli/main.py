"""The commands of a client, with their options: the modules beside do the work."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gradlab.cli.charts import save_charts
from gradlab.cli.diagnosis import diagnosis
from gradlab.cli.display import picture
from gradlab.cli.export import unpack_logs, write, write_network
from gradlab.cli.measured import Measured
from gradlab.cli.outcome import (
    EPILOG,
    OUTCOME,
    TREATED,
    Exit,
    console,
    in_one_line,
    read_spec,
    read_treatment,
)
from gradlab.cli.service import add_service_commands
from gradlab.cli.settings import ClientSettings, read
from gradlab.cli.treatments import begun, follow_treatment
from gradlab.client.client import Client
from gradlab.errors import Invalid, Problem
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.status import Status

app = typer.Typer(
    help="See why a deep network does not learn.", epilog=EPILOG, no_args_is_help=True, pretty_exceptions_enable=False
)

Url = Annotated[str | None, typer.Option(envvar="GRADLAB_URL", help="The service; by default the one on this machine.")]
SpecFile = Annotated[Path, typer.Argument(help="A JSON file with an experiment spec; - reads standard input.")]
Id = Annotated[str, typer.Argument(help="The experiment's id.")]

LONGEST_ID = 36  # it is copied from the list: never shortened


def main() -> None:
    """Run the command line."""
    app()


@app.command(epilog=EPILOG)
def submit(
    spec: SpecFile,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress and end with the experiment.")] = False,
    url: Url = None,
) -> None:
    """Queue an experiment and print its id."""
    with in_one_line():
        client = _client(url)
        submitted = client.submit(read_spec(spec))
        typer.echo(submitted.id)
        finished = follow(client, submitted) if wait else None
    if finished is not None:
        raise typer.Exit(_conclude(finished))


@app.command(epilog=EPILOG)
def validate(spec: SpecFile, url: Url = None) -> None:
    """Check a spec, count its parameters and estimate its cost; nothing is queued."""
    with in_one_line():
        answer = _client(url).validate(read_spec(spec))
    table = Table("layer", "input", "output", "parameters")
    for layer in answer.layers:
        table.add_row(layer.layer, str(layer.input_shape), str(layer.output_shape), f"{layer.parameters:,}")
    console.print(table)
    cost = answer.estimate
    console.print(
        f"{cost.parameters:,} parameters; about {cost.seconds:.0f} s of training "
        f"({cost.seconds_interval[0]:.0f} to {cost.seconds_interval[1]:.0f} s, {cost.source}); "
        f"{cost.series_bytes / 1e6:,.2f} MB of series"
    )


@app.command("list", epilog=EPILOG)
def list_(
    status: Annotated[list[Status] | None, typer.Option(help="Only those; repeatable.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
    url: Url = None,
) -> None:
    """List experiments, newest first."""
    table = Table()
    for name in ("id", "status", "epochs", "submitted"):
        table.add_column(name, no_wrap=True, min_width=LONGEST_ID if name == "id" else None)
    table.add_column("name", overflow="ellipsis", no_wrap=True)
    with in_one_line():
        for _, each in zip(range(limit), _client(url).experiments(status=status), strict=False):
            epochs = f"{each.progress.epochs_done}/{each.progress.epochs_total}"
            table.add_row(
                str(each.id),
                "silent" if each.is_silent else each.status,
                epochs,
                f"{each.created_at:%Y-%m-%d %H:%M:%S}",
                each.name,
            )
    console.print(table)


@app.command(epilog=EPILOG)
def show(
    id: Id,
    save: Annotated[Path | None, typer.Option(help="Put its charts into this folder, as SVG.")] = None,
    url: Url = None,
) -> None:
    """Show an experiment: status, final metrics, gradients and state of each layer, and what broke, if anything did."""
    with in_one_line():
        client = _client(url)
        experiment = client.get(id)
        measured = Measured.by(client, experiment)
        saved = save_charts(client, experiment.id, save) if save else 0
    console.print(f"[bold]{experiment.name}[/bold]  {experiment.id}  {_state(experiment)}")
    console.print(picture(measured))
    if saved:
        console.print(f"{saved} charts are in {save}.")


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
    with in_one_line():
        if not (tensorboard or parquet or npz or model):
            raise Invalid(Problem("export", "one of --tensorboard, --parquet, --npz, --model", "none"))
        if not model and (seed is not None or epoch is not None):
            raise Invalid(Problem("--model", "a file, since --seed and --epoch say which network", "none"))
        client = _client(url)
        if tensorboard:
            console.print(f"tensorboard --logdir {unpack_logs(client, id, tensorboard)}", soft_wrap=True)
        for name, file in (("series.parquet", parquet), ("series.npz", npz)):
            if file:
                write(client, id, name, file)
        if model:
            write_network(client, id, model, seed=seed, epoch=epoch)


@app.command(epilog=EPILOG)
def diagnose(id: Id, url: Url = None) -> None:
    """Say what is wrong with an experiment, on what evidence, and what would help: also while it trains."""
    with in_one_line():
        found = _client(url).diagnosis(id)
    console.print(diagnosis(found))


@app.command(epilog=EPILOG)
def triage(spec: SpecFile, url: Url = None) -> None:
    """Look at a spec's networks before they are trained: what theory expects and what the initial state shows."""
    with in_one_line():
        found = _client(url).triage(read_spec(spec))
    console.print(diagnosis(found))


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
    with in_one_line():
        client = _client(url)
        asked = read_treatment(remedy, seeds, budget)
        ended = follow_treatment(client, begun(client, id, asked, go_on=go_on, stop=stop))
        if save and ended.recommended_spec:
            save.write_text(ended.recommended_spec.model_dump_json(indent=1) + "\n")
    raise typer.Exit(TREATED[ended.status])


@app.command(epilog=EPILOG)
def cancel(id: Id, url: Url = None) -> None:
    """Cancel an experiment; what was measured is kept."""
    with in_one_line():
        console.print(_state(_client(url).cancel(id)))


add_service_commands(app)


def follow(client: Client, submitted: ExperimentResponse) -> ExperimentResponse:
    """Wait for an experiment behind a progress bar for each run."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        epochs = submitted.spec.epochs
        bars = {seed: progress.add_task(f"seed {seed}", total=epochs) for seed in submitted.spec.seeds}

        def advance(experiment: ExperimentResponse) -> None:
            for run in experiment.runs:
                total = run.epochs_done if run.ended else epochs
                progress.update(bars[run.seed], completed=run.epochs_done, total=total)

        return client.wait(submitted.id, progress=advance)


def _client(url: str | None) -> Client:
    settings = read(ClientSettings)
    return Client(url or settings.url, settings.api_key)


def _conclude(experiment: ExperimentResponse) -> Exit:
    console.print(_state(experiment))
    return OUTCOME[experiment.status]


def _state(experiment: ExperimentResponse) -> str:
    stopped = f", a run was stopped: {experiment.stopped_by}" if experiment.stopped_by else ""
    error = f" ({experiment.error})" if experiment.error else ""
    silent = ", silent" if experiment.is_silent else ""
    return f"{experiment.status}{silent}{stopped}{error}"
