"""Commands of the client, with their options. `gradlab.cli.actions` implements them."""

from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from gradlab.cli.dataset import dataset_app
from gradlab.cli.exits import DOCTOR_EPILOG, EPILOG
from gradlab.cli.options import Json, Url
from gradlab.cli.service import add_service_commands
from gradlab.cli.study import studies_app, study
from gradlab.cli.weights import weights_app
from gradlab.schemas.lists import Sort
from gradlab.schemas.status import Status

app = typer.Typer(
    help="See why a deep network does not learn.", epilog=EPILOG, no_args_is_help=True, pretty_exceptions_enable=False
)

SpecFile = Annotated[Path, typer.Argument(help="JSON file with an experiment spec; - reads standard input.")]


def _complete_id(incomplete: str) -> list[tuple[str, str]]:
    """Ids for the shell, asked of the service that the environment names."""
    return list(_actions().complete_id(incomplete))


Id = Annotated[
    str,
    typer.Argument(
        help="Id of the experiment, or a beginning of it that no other id shares.", autocompletion=_complete_id
    ),
]

Ids = Annotated[
    list[str],
    typer.Argument(help="Ids of experiments, or their beginnings, as of one experiment.", autocompletion=_complete_id),
]


def main() -> None:
    """Run the command line."""
    app()


def _actions() -> ModuleType:
    """Import the implementation, which takes longer than everything that `gradlab --help` needs."""
    from gradlab.cli import actions

    return actions


def _print_version(version_only: bool) -> None:
    if version_only:
        typer.echo(f"gradlab {version('gradient-lab')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """See why a deep network does not learn."""


@app.command(epilog=EPILOG)
def submit(
    spec: SpecFile,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the end of the experiment, and show its progress.")
    ] = False,
    json: Json = False,
    url: Url = None,
) -> None:
    """Queue an experiment and print its id."""
    _actions().submit(spec, wait, json, url)


@app.command(epilog=EPILOG)
def validate(spec: SpecFile, json: Json = False, url: Url = None) -> None:
    """Validate a spec, count its parameters and estimate its cost. Nothing is queued."""
    _actions().validate(spec, json, url)


@app.command("list", epilog=EPILOG)
def list_(
    status: Annotated[list[Status] | None, typer.Option(help="List experiments of this status; repeatable.")] = None,
    search: Annotated[str | None, typer.Option(help="List experiments whose name contains this text.")] = None,
    verdict: Annotated[
        list[str] | None, typer.Option(help="List experiments that are ill, at risk, undecided, healthy; repeatable.")
    ] = None,
    root_cause: Annotated[
        list[str] | None, typer.Option(help="List experiments of which this rule is the root cause; repeatable.")
    ] = None,
    sort: Annotated[Sort, typer.Option(help="The newest first, the worst verdict, or by root cause.")] = "newest",
    limit: Annotated[int, typer.Option(help="Maximum number of experiments.", min=1)] = 20,
    json: Json = False,
    url: Url = None,
) -> None:
    """List experiments, verdict first."""
    chosen = {"status": status, "search": search, "verdict": verdict, "root_cause": root_cause, "sort": sort}
    _actions().list_experiments({name: value for name, value in chosen.items() if value}, limit, json, url)


@app.command(epilog=EPILOG)
def show(
    id: Id,
    save: Annotated[Path | None, typer.Option(help="Save its charts to this folder, as SVG.")] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Show an experiment: status, final metrics, gradients and state of each layer, and values that were not finite."""
    _actions().show(id, save, json, url)


@app.command(epilog=EPILOG)
def export(
    id: Id,
    tensorboard: Annotated[Path | None, typer.Option(help="Write event files to this log directory.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write all series to this file, as one tidy table.")] = None,
    npz: Annotated[Path | None, typer.Option(help="Write all series to this file, as named arrays.")] = None,
    model: Annotated[Path | None, typer.Option(help="Write the network of --seed to this file, for Keras.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the network; the first one by default.")] = None,
    epoch: Annotated[int | None, typer.Option(help="0 for the untrained network; the last epoch by default.")] = None,
    url: Url = None,
) -> None:
    """Export series to files for TensorBoard, data frames or NumPy, and a network for Keras."""
    _actions().export(id, tensorboard, parquet, npz, model, seed, epoch, url)


@app.command(epilog=EPILOG)
def report(
    id: Id,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The HTML file; a JSON file of the same name stands beside it.")
    ] = Path("report.html"),
    url: Url = None,
) -> None:
    """Write the report of an experiment: one HTML file that opens offline. Training may still run."""
    _actions().report(id, output, url)


@app.command(epilog=EPILOG)
def diagnose(id: Id, json: Json = False, url: Url = None) -> None:
    """Diagnose an experiment: findings with their evidence, and remedies. Training may still run."""
    _actions().diagnose(id, json, url)


@app.command(epilog=EPILOG)
def compare(ids: Ids, json: Json = False, url: Url = None) -> None:
    """Compare two to six experiments: verdicts, results, and what differs in their specs."""
    _actions().compare(ids, json, url)


@app.command(epilog=EPILOG)
def triage(spec: SpecFile, json: Json = False, url: Url = None) -> None:
    """Diagnose a spec's networks before they are trained, from their initial state and from theory."""
    _actions().triage(spec, json, url)


@app.command(epilog=EPILOG)
def translate(
    model: Annotated[Path, typer.Argument(help="A .keras file, or the text of model.to_json().")],
    json: Json = False,
    url: Url = None,
) -> None:
    """Translate a Keras model to the network, loss and optimiser of a spec. No code in the file is loaded."""
    _actions().translate(model, json, url)


@app.command(epilog=DOCTOR_EPILOG)
def doctor(
    model: Annotated[Path, typer.Argument(help="A .keras file, or the text of model.to_json().")],
    data: Annotated[Path, typer.Option(help="Samples: CSV, Parquet or NPZ.")],
    target: Annotated[
        list[str] | None, typer.Option(help="Column to predict; repeatable. By default the one that looks like it.")
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Input column; repeatable, in order. By default all that fit the model.")
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(help="Samples for validation alone. By default a fifth of --data.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="classes, labels, values or inputs. By default what the target shows.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="By default as many as 60 s of one seed allow, 20 to 500.", min=1)
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Samples of a batch.", min=1)] = 32,
    seeds: Annotated[int, typer.Option(help="Number of seeds.", min=5)] = 5,
    loss: Annotated[str | None, typer.Option(help="By default the compiled one, else the task's usual one.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="By default the compiled one, else Adam.")] = None,
    budget: Annotated[float, typer.Option(help="Seconds after which no treatment goes on.", min=1)] = 600.0,
    save: Annotated[Path | None, typer.Option(help="Write the cured training to this file, as a program.")] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Find out why a Keras model does not learn these samples, and which smallest change cures it.

    The samples are uploaded to the service. The model is translated, trained over several seeds, diagnosed, and
    treated. Its weights are not read: a training starts from fresh ones.
    """
    choices = {"target": target, "features": feature, "task": task, "epochs": epochs, "batch_size": batch_size}
    choices |= {"seeds": seeds, "loss": loss, "optimizer": optimizer}
    given = {name: value for name, value in choices.items() if value is not None}
    from gradlab.cli import examining

    examining.doctor(model, data, validation, budget, save, json, given, url)


@app.command(epilog=EPILOG)
def treat(
    id: Id,
    remedy: Annotated[
        list[str] | None,
        typer.Option(help="Remedy to try, or several together: a+b. Repeatable; by default those of the diagnosis."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds of each trial.")] = 8,
    budget: Annotated[int, typer.Option(help="Maximum number of treated specs that are trained.")] = 12,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Draw the weights anew that the experiment was given.")
    ] = False,
    resume: Annotated[bool, typer.Option("--continue", help="Continue the last treatment.")] = False,
    stop: Annotated[
        bool, typer.Option("--cancel", help="Cancel the last treatment; finished trials are kept.")
    ] = False,
    save: Annotated[Path | None, typer.Option(help="Write the spec of the recommended change to this file.")] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Train treated variants of an experiment to find the change that cures it. A running treatment is followed."""
    _actions().treat(id, remedy, seeds, budget, fresh, resume, stop, save, json, url)


@app.command(epilog=EPILOG)
def cancel(id: Id, json: Json = False, url: Url = None) -> None:
    """Cancel an experiment. Recorded series are kept."""
    _actions().cancel(id, json, url)


@app.command(epilog=EPILOG)
def delete(id: Id, url: Url = None) -> None:
    """Delete an experiment with all its series. Training, if it still runs, ends."""
    _actions().delete(id, url)


app.command(epilog=EPILOG)(study)
app.add_typer(studies_app, name="studies")
app.add_typer(dataset_app, name="dataset")
app.add_typer(weights_app, name="weights")
add_service_commands(app)
