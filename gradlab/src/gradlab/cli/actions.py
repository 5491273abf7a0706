"""Implementation of the client's commands. It is imported when a command runs; `gradlab --help` does not need it."""

from pathlib import Path

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gradlab.cli.charts import save_charts
from gradlab.cli.diagnosis import render_diagnosis
from gradlab.cli.display import picture
from gradlab.cli.exits import Exit, console
from gradlab.cli.export import reporting_failure, unpack_logs, write, write_network
from gradlab.cli.measured import Measured
from gradlab.cli.outcome import OUTCOME, TREATED, in_one_line, read_spec, read_treatment
from gradlab.cli.settings import ClientSettings, read
from gradlab.cli.treatments import follow_treatment, start_treatment
from gradlab.client.client import Client
from gradlab.errors import Invalid, Problem
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.status import Status

ID_WIDTH = 36  # ids are copied from the list, and must not be shortened


def submit(spec: Path, wait: bool, url: str | None) -> None:
    """Queue an experiment and print its id."""
    with in_one_line():
        client = _client(url)
        submitted = client.submit(read_spec(spec))
        typer.echo(submitted.id)
        finished = follow(client, submitted) if wait else None
    if finished is not None:
        raise typer.Exit(_conclude(finished))


def validate(spec: Path, url: str | None) -> None:
    """Validate a spec, and print its layers and its estimated cost."""
    with in_one_line():
        response = _client(url).validate(read_spec(spec))
    table = Table("layer", "input", "output", "parameters")
    for layer in response.layers:
        table.add_row(layer.layer, str(layer.input_shape), str(layer.output_shape), f"{layer.parameters:,}")
    console.print(table)
    cost = response.estimate
    console.print(
        f"{cost.parameters:,} parameters; about {cost.seconds:.0f} s of training "
        f"({cost.seconds_interval[0]:.0f} to {cost.seconds_interval[1]:.0f} s, {cost.source}); "
        f"{cost.series_bytes / 1e6:,.2f} MB of series"
    )


def list_experiments(status: list[Status] | None, limit: int, url: str | None) -> None:
    """List experiments, newest first."""
    table = Table()
    for name in ("id", "status", "epochs", "submitted"):
        table.add_column(name, no_wrap=True, min_width=ID_WIDTH if name == "id" else None)
    table.add_column("name", overflow="ellipsis", no_wrap=True)
    with in_one_line():
        for _, experiment in zip(range(limit), _client(url).experiments(status=status), strict=False):
            epochs = f"{experiment.progress.epochs_done}/{experiment.progress.epochs_total}"
            table.add_row(
                str(experiment.id),
                "silent" if experiment.is_silent else experiment.status,
                epochs,
                f"{experiment.created_at:%Y-%m-%d %H:%M:%S}",
                experiment.name,
            )
    console.print(table)


def show(id: str, save: Path | None, url: str | None) -> None:
    """Print an experiment: status, final metrics, gradients and state of each layer. Save its charts if asked to."""
    with in_one_line():
        client = _client(url)
        experiment = client.get(id)
        measured = Measured.by(client, experiment)
        saved = save_charts(client, experiment.id, save) if save else 0
    console.print(f"[bold]{experiment.name}[/bold]  {experiment.id}  {_state(experiment)}")
    console.print(picture(measured))
    if saved:
        console.print(f"{saved} charts are in {save}.")


def export(
    id: str,
    tensorboard: Path | None,
    parquet: Path | None,
    npz: Path | None,
    model: Path | None,
    seed: int | None,
    epoch: int | None,
    url: str | None,
) -> None:
    """Export series and a network to files.

    Raises:
        typer.Exit: no file is named, or the request failed.
    """
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


def report(id: str, output: Path, url: str | None) -> None:
    """Write the report of an experiment, and print the names of its files."""
    with in_one_line(), reporting_failure(output):
        for file in _client(url).report(id, output):
            typer.echo(file)


def diagnose(id: str, url: str | None) -> None:
    """Print the diagnosis of an experiment."""
    with in_one_line():
        diagnosis = _client(url).diagnosis(id)
    console.print(render_diagnosis(diagnosis))


def triage(spec: Path, url: str | None) -> None:
    """Print the triage of a spec."""
    with in_one_line():
        diagnosis = _client(url).triage(read_spec(spec))
    console.print(render_diagnosis(diagnosis))


def treat(
    id: str,
    remedy: list[str] | None,
    seeds: int,
    budget: int,
    resume: bool,
    stop: bool,
    save: Path | None,
    url: str | None,
) -> None:
    """Start, continue or cancel a treatment, and follow it until its end."""
    with in_one_line():
        client = _client(url)
        request = read_treatment(remedy, seeds, budget)
        ended = follow_treatment(client, start_treatment(client, id, request, resume=resume, stop=stop))
        if save and ended.recommended_spec:
            save.write_text(ended.recommended_spec.model_dump_json(indent=1) + "\n")
    raise typer.Exit(TREATED[ended.status])


def cancel(id: str, url: str | None) -> None:
    """Cancel an experiment, and print its state."""
    with in_one_line():
        console.print(_state(_client(url).cancel(id)))


def follow(client: Client, submitted: ExperimentResponse) -> ExperimentResponse:
    """Wait for an experiment, with a progress bar for each run."""
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
