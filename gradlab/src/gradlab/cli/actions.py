"""Implementation of the client's commands. It is imported when a command runs; `gradlab --help` does not need it."""

from collections.abc import Callable, Iterable
from itertools import islice
from json import dumps
from pathlib import Path
from typing import Any, TypeVar

import typer
from pydantic import BaseModel
from rich.console import RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from gradlab.cli.charts import save_charts
from gradlab.cli.comparison import MAX_COMPARED, MIN_COMPARED, differences_of, render_comparison
from gradlab.cli.diagnosis import render_diagnosis, render_verdict
from gradlab.cli.display import picture
from gradlab.cli.exits import console
from gradlab.cli.experiments import finals_of, listed_as_text, render_costs, render_list, state_of
from gradlab.cli.export import check_place, reporting_failure, unpack_logs, write, write_network
from gradlab.cli.ids import completions, whole_id
from gradlab.cli.measured import Measured
from gradlab.cli.outcome import OUTCOME, TREATED, in_one_line, interruptible, read_treatment, spec_to_send
from gradlab.cli.settings import ClientSettings, checked_url, read
from gradlab.cli.translation import render_translation
from gradlab.cli.treatments import follow_treatment, start_treatment
from gradlab.client.client import Client
from gradlab.client.keras_file import read_configuration
from gradlab.errors import Invalid, Problem
from gradlab.schemas.experiments import ExperimentResponse

TREATABLE = ("ill", "at risk")  # verdicts of what a treatment may cure

Answer = TypeVar("Answer", bound=BaseModel)


def submit(spec: Path, wait: bool, json: bool, url: str | None) -> None:
    """Queue an experiment and print its id; with `json` the experiment, with `wait` its state at the end."""
    with in_one_line():
        client = _client(url)
        submitted = client.submit(spec_to_send(spec))
        if not json:
            typer.echo(submitted.id)
        finished = follow(client, submitted, silent=json) if wait else None
    if json:
        print_json(finished or submitted)
    elif finished:
        if _print_verdict(client, finished) in TREATABLE:
            console.print(f"Find what cures it: gradlab treat {finished.id}", soft_wrap=True)
        console.print(state_of(finished))
    if finished:
        raise typer.Exit(OUTCOME[finished.status])


def validate(spec: Path, json: bool, url: str | None) -> None:
    """Validate a spec, and print its layers and its estimated cost."""
    with in_one_line():
        response = _client(url).validate(spec_to_send(spec))
    _print(response, render_costs, json=json)


def list_experiments(chosen: dict[str, Any], limit: int, json: bool, url: str | None) -> None:
    """List experiments: those, and in the order, that the arguments of `Client.experiments` choose."""
    with in_one_line():
        experiments = list(islice(_client(url).experiments(**chosen), limit))
    if json:
        print_json_list(experiments)
    elif console.is_terminal:
        console.print(render_list(experiments))
    else:
        typer.echo(listed_as_text(experiments))


def show(id: str, save: Path | None, json: bool, url: str | None) -> None:
    """Print an experiment: status, final metrics, gradients and state of each layer. Save its charts if asked to."""
    with in_one_line():
        client = _client(url)
        experiment = client.get(whole_id(client, id))
        measured = None if json else Measured.by(client, experiment)
        saved = save_charts(client, experiment.id, save) if save else 0
    if measured is None:
        print_json(experiment)
        return
    _print_verdict(client, experiment)
    console.print(Text.assemble((experiment.name, "bold"), f"  {experiment.id}  {state_of(experiment)}"))
    console.print(picture(measured))
    if saved:
        console.print(f"{saved} charts are in {save}.", markup=False)


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
        whole = whole_id(client, id)
        if tensorboard:
            console.print(f"tensorboard --logdir {unpack_logs(client, whole, tensorboard)}", soft_wrap=True)
        for name, file in (("series.parquet", parquet), ("series.npz", npz)):
            if file:
                write(client, whole, name, file)
        if model:
            write_network(client, whole, model, seed=seed, epoch=epoch)


def report(id: str, output: Path, url: str | None) -> None:
    """Write the report of an experiment, and print the names of its files."""
    with in_one_line(), reporting_failure(output):
        client = _client(url)
        for file in client.report(whole_id(client, id), output):
            typer.echo(file)


def diagnose(id: str, json: bool, url: str | None) -> None:
    """Print the diagnosis of an experiment."""
    with in_one_line():
        client = _client(url)
        diagnosis = client.diagnosis(whole_id(client, id))
    _print(diagnosis, render_diagnosis, json=json)


def compare(ids: list[str], json: bool, url: str | None) -> None:
    """Print experiments side by side, each beginning with verdict and root cause.

    An experiment without a stored verdict is diagnosed for it.
    """
    with in_one_line():
        if not MIN_COMPARED <= len(ids) <= MAX_COMPARED:
            raise Invalid(Problem("ids", f"{MIN_COMPARED} to {MAX_COMPARED} experiments to compare", str(len(ids))))
        client = _client(url)
        experiments = [_diagnosed(client, whole_id(client, each)) for each in ids]
    if json:
        differences = [
            {"path": path, "values": values} for path, values in differences_of([e.spec for e in experiments])
        ]
        listed = ",".join(each.model_dump_json(by_alias=True) for each in experiments)
        typer.echo(f'{{"experiments":[{listed}],"differences":{dumps(differences)}}}')
    else:
        console.print(render_comparison(experiments))


def _diagnosed(client: Client, id: str) -> ExperimentResponse:
    """Get an experiment; with the summary of its diagnosis where anything is recorded."""
    experiment = client.get(id)
    if experiment.diagnosis is None and finals_of(experiment):
        client.diagnosis(id)
        return client.get(id)
    return experiment


def triage(spec: Path, json: bool, url: str | None) -> None:
    """Print the triage of a spec."""
    with in_one_line():
        diagnosis = _client(url).triage(spec_to_send(spec))
    _print(diagnosis, render_diagnosis, json=json)


def translate(model: Path, json: bool, url: str | None) -> None:
    """Print the translation of the Keras model in a file."""
    with in_one_line():
        translation = _client(url).translate(read_configuration(model))
    _print(translation, render_translation, json=json)
    if not json:
        console.print("Weights in the file are not read: a training starts from fresh ones.")


def treat(
    id: str,
    remedy: list[str] | None,
    seeds: int,
    budget: int,
    fresh: bool,
    resume: bool,
    stop: bool,
    save: Path | None,
    json: bool,
    url: str | None,
) -> None:
    """Start, continue or cancel a treatment, and follow it until its end."""
    with in_one_line():
        check_place("--save", save)
        client = _client(url)
        request = read_treatment(remedy, seeds, budget, fresh=fresh)
        it = whole_id(client, id)
        started = start_treatment(client, it, request, resume=resume, stop=stop)
        with interruptible(f"the treatment goes on. Follow it: gradlab treat {it}   Cancel it: with --cancel"):
            ended = client.wait_for_treatment(started) if json else follow_treatment(client, started)
        if save and ended.recommended_spec:
            with reporting_failure(save):
                save.write_text(ended.recommended_spec.model_dump_json(indent=1) + "\n")
    if json:
        print_json(ended)
    raise typer.Exit(TREATED[ended.status])


def cancel(id: str, json: bool, url: str | None) -> None:
    """Cancel an experiment, and print its state."""
    with in_one_line():
        client = _client(url)
        cancelled = client.cancel(whole_id(client, id))
    _print(cancelled, state_of, json=json)


def delete(id: str, url: str | None) -> None:
    """Delete an experiment, and print its id."""
    with in_one_line():
        client = _client(url)
        deleted = whole_id(client, id)
        client.delete(deleted)
    typer.echo(f"deleted {deleted}")


def complete_id(incomplete: str) -> list[tuple[str, str]]:
    """Return ids that begin with a text, for the shell; nothing where there is no service."""
    try:
        return completions(_client(None), incomplete)
    except Invalid:
        return []


def follow(client: Client, submitted: ExperimentResponse, *, silent: bool) -> ExperimentResponse:
    """Wait for an experiment, with a progress bar for each run unless it is `silent`."""
    it = submitted.id
    with interruptible(f"the experiment goes on. Look at it: gradlab show {it}   Cancel it: gradlab cancel {it}"):
        return client.wait(it) if silent else _follow(client, submitted)


def _follow(client: Client, submitted: ExperimentResponse) -> ExperimentResponse:
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


def connect(url: str | None) -> Client:
    """Return a client of the service at an address, by default of the one that the settings name. Raises Invalid."""
    return _client(url)


def _client(url: str | None) -> Client:
    settings = read(ClientSettings)
    return Client(checked_url(url) if url else settings.url, settings.api_key)


def _print_verdict(client: Client, experiment: ExperimentResponse) -> str | None:
    """Print the verdict of what is recorded so far, with its causal chain, and return it; None where nothing is."""
    if not finals_of(experiment):
        return None
    with in_one_line():
        diagnosis = client.diagnosis(experiment.id)
    console.print(render_verdict(diagnosis))
    return diagnosis.verdict


def _print(answer: Answer, render: Callable[[Answer], RenderableType], *, json: bool) -> None:
    if json:
        print_json(answer)
    else:
        console.print(render(answer))


def print_json(answer: BaseModel) -> None:
    """Print an answer as one line of JSON."""
    typer.echo(answer.model_dump_json(by_alias=True))


def print_json_list(answers: Iterable[BaseModel]) -> None:
    """Print answers as one line of JSON."""
    typer.echo(f"[{','.join(each.model_dump_json(by_alias=True) for each in answers)}]")
