"""Results of cells: the runs of an experiment reduced to what a study's table shows."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.treatment.result import columns_of, criterion, score
from gradlab.diagnosis import Run, diagnose
from gradlab.diagnosis.conclusion import Verdict
from gradlab.diagnosis.summary import rules_hash
from gradlab.spec import ExperimentSpec
from gradlab.spec.study import StudyMeasure, StudySpec
from gradlab.vocabulary.metrics import BY_KIND


@dataclass(frozen=True, slots=True)
class SeedOutcome:
    """Outcome of one seed of a cell.

    Attributes:
        seed: of the run.
        metric: the study's metric, as the median over the run's last epochs; None where it is not finite.
        failing: True if the run fails or diverges, or has a confirmed failure.
        measures: the study's measures in their order; None where one was not recorded or is not finite.
    """

    seed: int
    metric: float | None
    failing: bool
    measures: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class CellResult:
    """Result of one experiment of a cell: its diagnosis in short, and the outcome of each seed."""

    verdict: Verdict
    root_cause: str | None
    seeds: tuple[SeedOutcome, ...]


def metric_of(study: StudySpec) -> tuple[str, bool]:
    """Return the name of the metric by which a study's cells are compared, and True if higher values are better."""
    if study.metric is None:
        return criterion(study.base)
    name = study.metric.removeprefix("val_")
    kinds = [kind for kind in BY_KIND if name == kind or name.endswith(f"_{kind}")]
    return study.metric, bool(kinds) and BY_KIND[max(kinds, key=len)].higher_is_better


def measured_key(study: StudySpec) -> str:
    """Return the SHA-256 of what results depend on besides the experiment: metric, measures and the present rules."""
    request = [study.metric, [measure.model_dump(mode="json") for measure in study.measures], rules_hash()]
    return hashlib.sha256(json.dumps(request).encode()).hexdigest()


def result_of(study: StudySpec, spec: ExperimentSpec, runs: Sequence[Run]) -> CellResult:
    """Return what the runs of a cell show.

    Args:
        study: the study of the cell.
        spec: the trained spec.
        runs: of its seeds, from epoch 0 on.
    """
    diagnosis = diagnose(spec, runs)
    confirmed = {seed for finding in diagnosis.findings if finding.kind == "failure" for seed in finding.seeds}
    lost = {each.seed for each in diagnosis.outcomes if each.outcome in ("fails", "diverged")} | confirmed
    names = (study.metric,) if study.metric else columns_of(spec)
    seeds = [
        SeedOutcome(
            run.seed, score(names, run), run.seed in lost, tuple(measured(run, each) for each in study.measures)
        )
        for run in runs
    ]
    return CellResult(diagnosis.verdict, diagnosis.root_cause, tuple(seeds))


def measured(run: Run, measure: StudyMeasure) -> float | None:
    """Return a measure of one run; None where it was not recorded or is not finite."""
    read = run.hidden if measure.series in ("activations", "signals") else run.kernels
    recorded = read(measure.series, measure.statistic)
    if recorded is None:
        return None
    if measure.epoch == "last":
        values = recorded.last
    else:
        (rows,) = np.nonzero(recorded.epochs == measure.epoch)
        if not len(rows):
            return None
        values = recorded.values[rows[0]]
    number = _reduced(values, measure)
    return number if math.isfinite(number) else None


def _reduced(values: np.ndarray, measure: StudyMeasure) -> float:
    """Reduce the numbers of the tensors, input side first, (tensors,), to one."""
    first, last = float(values[0]), float(values[-1])
    match measure.reduce:
        case "first":
            return first
        case "last":
            return last
        case "mean":
            return float(values.mean())
    ratio = first / last if last else math.nan
    if measure.reduce == "ratio":
        return ratio
    return ratio ** (1 / (len(values) - 1)) if len(values) > 1 and ratio > 0 else math.nan
