"""Training without a service, in a process of its own: this one never loads TensorFlow."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from api.cli.display import Measured
from api.cli.outcome import console, errors, read_settings
from core.errors import Invalid, Problem
from core.spec import ExperimentSpec
from core.spec.estimate import check_bounds

SHOWN_STATISTIC, SHOWN_PARAMETER = "mean_abs", "kernel"


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
                _follow(process, spec)
            if process.returncode:
                log.seek(0)
                errors.print(log.read(), markup=False, highlight=False)
                return None
        if save is not None:
            save.write_bytes(series.read_bytes())
            console.print(f"The series are in {save}.")
        with np.load(series, allow_pickle=False) as archive:
            return _measured(spec, dict(archive))


def _follow(process: "subprocess.Popen[str]", spec: ExperimentSpec) -> None:
    with Progress(console=console) as progress:
        bars = {seed: progress.add_task(f"seed {seed}", total=spec.training.epochs) for seed in spec.seeds}
        for line in process.stdout or ():
            said: dict[str, Any] = json.loads(line)
            if "epoch" in said:
                total = said["epoch"] if said["run_ended"] else spec.training.epochs
                progress.update(bars[said["seed"]], completed=said["epoch"], total=total)


def _measured(spec: ExperimentSpec, arrays: dict[str, np.ndarray]) -> Measured:
    layout = spec.layout
    kernels = [i for i, tensor in enumerate(layout.tensors) if tensor.parameter == SHOWN_PARAMETER]
    statistic = layout.statistics.index(SHOWN_STATISTIC)
    runs = range(len(spec.seeds))
    gradients = [arrays[f"gradients_{i}"][:, kernels, statistic] for i in runs]
    return Measured(
        seeds=spec.seeds,
        metric_names=layout.metrics,
        metrics=_padded([arrays[f"metrics_{i}"] for i in runs]),
        layers=tuple(layout.tensors[i].layer for i in kernels),
        gradients=_padded(gradients),
        lengths=np.array([len(of_run) for of_run in gradients]),
    )


def _padded(runs: list[np.ndarray]) -> np.ndarray:
    """(epochs, n) each, to (runs, longest, n) with NaN after a run's last epoch."""
    padded = np.full((len(runs), max(map(len, runs)), runs[0].shape[1]), np.nan, np.float32)
    for i, of_run in enumerate(runs):
        padded[i, : len(of_run)] = of_run
    return padded
