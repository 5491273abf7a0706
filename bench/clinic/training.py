"""Training of the clinic's cases in this process, and storage of their runs."""

import pickle
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.clinic.case import Case
from bench.treating import runs_of
from gradlab.diagnosis import Run
from gradlab.facts import of_spec
from gradlab.measurement.history import History
from gradlab.spec import ExperimentSpec


@dataclass(frozen=True, eq=False)
class TrainedCase:
    """The runs of a case.

    Attributes:
        case: the case.
        runs: one for each seed, from epoch 0 on.
        seconds: duration of their training, compilation included; for stored runs, as measured at their training.
    """

    case: Case
    runs: tuple[Run, ...]
    seconds: float


def kept_or_trained(case: Case, kept: Path | None) -> TrainedCase:
    """Return a case's runs from the folder `kept`; if they are not there, train and store them."""
    place = kept / f"{case.spec.fingerprint()}.pickle" if kept else None
    if place and place.exists():
        runs, seconds = pickle.loads(place.read_bytes())
        return TrainedCase(case, tuple(_unpacked(case.spec, each) for each in runs), seconds)
    begun = time.perf_counter()
    runs = runs_of(case.spec)
    seconds = time.perf_counter() - begun
    if place:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(pickle.dumps(([_packed(run) for run in runs], seconds)))
    return TrainedCase(case, tuple(runs), seconds)


def _packed(run: Run) -> tuple[Any, ...]:
    return run.seed, run.history.metrics, dict(run.history.series), run.stopped_by, run.culprit


def _unpacked(spec: ExperimentSpec, packed: tuple[Any, ...]) -> Run:
    seed, metrics, series, stopped_by, culprit = packed
    return Run(spec, seed, History(spec.layout, 0, metrics, series), stopped_by, culprit, of_spec(spec))
