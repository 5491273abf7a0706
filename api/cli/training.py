"""Training without a service, in a process of its own: this one never loads TensorFlow."""

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
from gradlab.cli.exits import console, errors
from gradlab.cli.measured import Measured
from gradlab.errors import Invalid, Problem
from gradlab.measurement.history import Culprit
from gradlab.spec import ExperimentSpec


def train_alone(spec: ExperimentSpec, save: Path | None) -> Measured | None:
    """Train behind progress bars; None if the training process failed, which has said why.

    Raises:
        Invalid: the spec is beyond the bounds, or the series cannot be saved there.
    """
    check_bounds(spec, read_settings())
    if save is not None and not save.parent.is_dir():
        raise Invalid(Problem("--save", "a file in a directory that exists", str(save)))
    with tempfile.TemporaryDirectory() as scratch:
        spec_file, series = Path(scratch) / "spec.json", Path(scratch) / "series.npz"
        spec_file.write_text(spec.canonical())
        command = [sys.executable, "-m", "worker.train", str(spec_file), "--output", str(series)]
        # TensorFlow greets on standard error whatever it is told: kept back unless something went wrong.
        with (Path(scratch) / "log").open("w+") as log:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
                culprits = _follow(process, spec)
            if process.returncode:
                log.seek(0)
                errors.print(log.read(), markup=False, highlight=False)
                return None
        if save is not None:
            save.write_bytes(series.read_bytes())
            console.print(f"The series are in {save}.")
        with np.load(series, allow_pickle=False) as archive:
            return Measured.read(spec.layout, spec.seeds, dict(archive), culprits)


def _follow(process: "subprocess.Popen[str]", spec: ExperimentSpec) -> dict[int, Culprit]:
    """Show the progress of each run until the process ends; seed -> what broke."""
    culprits = {}
    with Progress(console=console) as progress:
        bars = {seed: progress.add_task(f"seed {seed}", total=spec.training.epochs) for seed in spec.seeds}
        for line in process.stdout or ():
            said: dict[str, Any] = json.loads(line)
            if "epoch" in said:
                total = said["epoch"] if said["run_ended"] else spec.training.epochs
                progress.update(bars[said["seed"]], completed=said["epoch"], total=total)
                if said["culprit"]:
                    culprits[said["seed"]] = Culprit(**said["culprit"])
    return culprits
