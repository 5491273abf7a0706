"""Writing of reports."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gradlab.diagnosis import Diagnosis, Run
from gradlab.measurement.history import History
from gradlab.measurement.plane import Plane
from gradlab.report.answers import arrays_of
from gradlab.report.boundary import boundary_arrays
from gradlab.report.experiment import experiment_of
from gradlab.report.page import Report
from gradlab.report.requests import series_requests
from gradlab.responses.diagnosis import experiment_diagnosis_response
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.spec import AnySpec, ExternalSpec


def report_of(
    spec: AnySpec,
    runs: Sequence[Run],
    diagnosis: Diagnosis,
    *,
    experiment: ExperimentResponse | None = None,
    planes: Mapping[int, Plane] | None = None,
) -> Report:
    """Return the report of a training in this process.

    Args:
        spec: of the training.
        runs: one for each seed, as far as it is recorded.
        diagnosis: of these runs.
        experiment: status, times and errors of the training, from `experiment_of`; by default it is completed.
        planes: seed -> the outputs of its trained network over the plane of two inputs, for a training elsewhere.
    """
    shown = experiment or experiment_of(spec, runs)
    histories = {run.seed: run.history for run in runs if len(run.history)}
    requests = series_requests(spec.layout, len(spec.seeds))
    series = [(request, arrays_of(request, spec.layout, histories)) for request in requests]
    response = experiment_diagnosis_response(shown.id, shown.status, spec, diagnosis)
    facts = next((run.facts for run in runs if run.facts is not None), None)
    return Report(shown, response, series, facts, _boundaries(spec, histories, planes or {}))


def _boundaries(
    spec: AnySpec, histories: Mapping[int, History], planes: Mapping[int, Plane]
) -> dict[int, dict[str, np.ndarray]]:
    if not isinstance(spec, ExternalSpec):
        return {}
    arrays = {seed: boundary_arrays(spec, seed, histories[seed].last_epoch, plane) for seed, plane in planes.items()}
    return {seed: each for seed, each in arrays.items() if each is not None}


def write(
    path: str | Path,
    spec: AnySpec,
    runs: Sequence[Run],
    diagnosis: Diagnosis,
    *,
    experiment: ExperimentResponse | None = None,
) -> tuple[Path, Path]:
    """Write the report of a training in this process; see `report_of`.

    Returns the HTML file, which opens offline, and the JSON file beside it, which has the same name with ``.json``.

    Raises:
        OSError: a file cannot be written.
    """
    return save(report_of(spec, runs, diagnosis, experiment=experiment), path)


def save(report: Report, path: str | Path) -> tuple[Path, Path]:
    """Write a report as HTML to `path`, and as JSON beside it. Raises OSError."""
    page = Path(path)
    data = page.with_suffix(".json")
    page.write_text(report.html(), "utf-8")
    data.write_text(report.json(), "utf-8")
    return page, data
