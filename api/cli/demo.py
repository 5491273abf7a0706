"""Tutorial in one command: three networks, with several seeds each, on a service of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from gradlab.cli.charts import save_charts
from gradlab.cli.diagnosis import verdict_line
from gradlab.cli.display import final, gradients_table
from gradlab.cli.exits import console
from gradlab.cli.export import reporting_failure
from gradlab.cli.measured import Measured
from gradlab.client.client import Client, Unreachable
from gradlab.diagnosis.summary import summary_of
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.media_types import CSV, JSON
from gradlab.schemas.status import Status
from gradlab.spec.experiment import parse

ROOT = Path(__file__).parents[2]
# Accuracy of the single runs in the tutorial: on training and on test samples.
REPORTED = {
    "tutorial-1-one-tanh": (0.816, 0.816),
    "tutorial-2-deep-tanh": (0.530, 0.468),
    "tutorial-3-deep-relu": (0.836, 0.840),
}
START_SECONDS = 60
DATA_DIR = ROOT / ".gradlab" / "demo"
# The demonstration has its own data and the embedded defaults, whatever the settings of this shell are.
SETTINGS = {
    "GRADLAB_DATA_DIR": str(DATA_DIR),
    "GRADLAB_LABEL": "demo",
    "GRADLAB_DATABASE_URL": "",
    "GRADLAB_BROKER_URL": "",
}


def demo(output: Path, seeds: int) -> bool:
    """Train the networks, print the results, and save series and charts to `output`. True if all completed.

    Raises:
        Invalid: the folder cannot be made.
    """
    with reporting_failure(output):
        output.mkdir(parents=True, exist_ok=True)
    with _service() as client:
        console.print(f"A service is up on {client.url}; training the tutorial's networks on {seeds} seeds each.")
        submitted = {}
        for name in REPORTED:
            spec = parse((ROOT / "examples" / f"{name}.json").read_bytes())
            submitted[name] = client.submit(spec.model_copy(update={"seeds": tuple(range(seeds))}))
        finished = _follow(client, submitted)
        completed = all(experiment.status is Status.completed for experiment in finished.values())
        for name, experiment in finished.items():
            if experiment.status is not Status.completed:
                console.print(f"{name}: {experiment.status} {experiment.error or ''}", style="red")
        if completed:
            measured = {name: Measured.by(client, experiment) for name, experiment in finished.items()}
            for name, experiment in finished.items():
                verdict = verdict_line(summary_of(client.diagnosis(experiment.id)))
                console.print(Text(f"{name.removeprefix('tutorial-'):14} ").append_text(verdict))
            _report(finished, measured, seeds)
            _save(client, finished, output)
    return completed


@contextmanager
def _service() -> Iterator[Client]:
    """Run `gradlab serve` on a free port until the block ends."""
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"GRADLAB_HOST": "127.0.0.1", "GRADLAB_PORT": str(port), "GRADLAB_API_KEY": ""}
    log = DATA_DIR / "service.log"
    with log.open("w") as output:
        service = subprocess.Popen(
            [sys.executable, "-m", "gradlab.cli", "serve"],
            env=os.environ | SETTINGS | own,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            client = Client(f"http://127.0.0.1:{port}")
            _until_alive(client, service, log)
            yield client
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait()


def _until_alive(client: Client, service: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not client.is_alive():
        if service.poll() is not None or time.monotonic() > deadline:
            raise Unreachable(f"the service did not start; its log is {log}")
        time.sleep(0.1)


def _follow(client: Client, submitted: dict[str, ExperimentResponse]) -> dict[str, ExperimentResponse]:
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        bars = {
            name: progress.add_task(f"{name:22}", total=experiment.progress.epochs_total)
            for name, experiment in submitted.items()
        }

        def advance(bar: TaskID, experiment: ExperimentResponse) -> None:
            progress.update(bar, completed=experiment.progress.epochs_done)

        return {name: client.wait(each.id, progress=partial(advance, bars[name])) for name, each in submitted.items()}


def _report(finished: dict[str, ExperimentResponse], measured: dict[str, Measured], seeds: int) -> None:
    table = Table(
        title=f"Accuracy after 500 epochs: median of {seeds} seeds (range); the tutorial's one run",
        title_justify="left",
    )
    for column in ("network", "train", "tutorial", "test", "tutorial"):
        table.add_column(column, justify="left" if column == "network" else "right", no_wrap=True)
    for name, result in measured.items():
        names, last = result.metric_names, final(result.metrics, result.lengths)
        train, test = (last[:, names.index(metric)] for metric in ("accuracy", "val_accuracy"))
        reported_train, reported_test = REPORTED[name]
        table.add_row(
            name.removeprefix("tutorial-"),
            _spread(train),
            f"{reported_train:.3f}",
            _spread(test),
            f"{reported_test:.3f}",
        )
    console.print(table)
    for name, result in measured.items():
        console.print(f"\n[bold]{finished[name].name}[/bold]")
        if result.gradients is not None:
            console.print(gradients_table(result.gradients))


def _spread(values: np.ndarray) -> str:
    return f"{np.median(values):.3f} ({values.min():.2f}–{values.max():.2f})"


def _save(client: Client, finished: dict[str, ExperimentResponse], output: Path) -> None:
    for name, experiment in finished.items():
        for series, query in (("history", {}), ("gradients", {"parameter": "all"})):
            for suffix, media_type in (("json", JSON), ("csv", CSV)):
                content = client.file(experiment.id, series, media_type, **query)
                (output / f"{name}-{series}.{suffix}").write_bytes(content)
        save_charts(client, experiment.id, output, prefix=f"{name}-")
    console.print(
        f"\nThe series are in {output}{os.sep} as JSON, CSV and charts. The demo has experiments of its own:\n"
        "  gradlab serve --demo   shows them in the dashboard\n"
        "  gradlab serve          shows yours"
    )
