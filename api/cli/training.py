"""Training without a service, in a subprocess: this process does not load TensorFlow."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from api.cli.settings import read_settings
from core.plan.bounds import check_bounds
from gradlab.cli.diagnosis import verdict_line
from gradlab.cli.display import picture
from gradlab.cli.exits import console, errors
from gradlab.cli.export import check_place, reporting_failure
from gradlab.cli.measured import Measured
from gradlab.diagnosis.summary import DiagnosisSummary
from gradlab.errors import Invalid, Problem
from gradlab.measurement.history import Culprit
from gradlab.spec import ExperimentSpec


def train_alone(spec: ExperimentSpec, save: Path | None) -> bool:
    """Train a spec, with progress bars, print its diagnosis, and save its series. False if the training failed.

    The training process has then printed its error.

    Raises:
        Invalid: the spec exceeds the bounds, or names something uploaded; or `save` cannot be written.
    """
    if not spec.dataset.is_drawn:
        expected = "a dataset that is drawn from its spec; a service trains on uploaded ones: gradlab submit"
        raise Invalid(Problem("dataset", expected, spec.dataset.kind))
    if (start := spec.training.initial_weights) is not None:
        expected = "null: a service trains from uploaded weights: gradlab submit"
        raise Invalid(Problem("training.initial_weights", expected, start.id))
    check_bounds(spec, read_settings())
    check_place("--save", save)
    with tempfile.TemporaryDirectory() as scratch:
        spec_file, series = Path(scratch) / "spec.json", Path(scratch) / "series.npz"
        spec_file.write_text(spec.canonical())
        command = [sys.executable, "-m", "worker.train", str(spec_file), "--output", str(series)]
        # TensorFlow always writes to standard error. It is shown only if the training failed.
        with (Path(scratch) / "log").open("w+") as log:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
                culprits, summary = _follow(process, spec)
            if process.returncode or summary is None:
                log.seek(0)
                errors.print(log.read(), markup=False, highlight=False)
                return False
        with np.load(series, allow_pickle=False) as archive:
            measured = Measured.read(spec.layout, spec.seeds, dict(archive), culprits)
        console.print(verdict_line(summary))
        console.print(picture(measured))
        if save is not None:
            with reporting_failure(save):
                save.write_bytes(series.read_bytes())
            console.print(f"The series are in {save}.")
    return True


def _follow(
    process: "subprocess.Popen[str]", spec: ExperimentSpec
) -> tuple[dict[int, Culprit], DiagnosisSummary | None]:
    """Show the progress of each run until the process ends.

    Returns seed -> first value that was not finite, and the summary of the diagnosis; None if it broke off before.
    """
    culprits, summary = {}, None
    with Progress(console=console) as progress:
        bars = {seed: progress.add_task(f"seed {seed}", total=spec.training.epochs) for seed in spec.seeds}
        for line in process.stdout or ():
            message: dict[str, Any] = json.loads(line)
            if "epoch" in message:
                total = message["epoch"] if message["run_ended"] else spec.training.epochs
                progress.update(bars[message["seed"]], completed=message["epoch"], total=total)
                if message["culprit"]:
                    culprits[message["seed"]] = Culprit(**message["culprit"])
            elif "diagnosis" in message:
                summary = DiagnosisSummary(**message["diagnosis"])
    return culprits, summary
