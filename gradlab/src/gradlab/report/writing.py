"""Writing of reports."""

from collections.abc import Sequence
from pathlib import Path

from gradlab.diagnosis import Diagnosis, Run
from gradlab.report.answers import arrays_of
from gradlab.report.experiment import experiment_of
from gradlab.report.page import Report
from gradlab.report.requests import series_requests
from gradlab.responses.diagnosis import experiment_diagnosis_response
from gradlab.schemas.experiments import ExperimentResponse
from gradlab.spec import AnySpec


def report_of(
    spec: AnySpec, runs: Sequence[Run], diagnosis: Diagnosis, *, experiment: ExperimentResponse | None = None
) -> Report:
    """Return the report of a training in this process.

    Args:
        spec: of the training.
        runs: one for each seed, as far as it is recorded.
        diagnosis: of these runs.
        experiment: status, times and errors of the training, from `experiment_of`; by default it is completed.
    """
    shown = experiment or experiment_of(spec, runs)
    histories = {run.seed: run.history for run in runs if len(run.history)}
    requests = series_requests(spec.layout, len(spec.seeds))
    series = [(request, arrays_of(request, spec.layout, histories)) for request in requests]
    response = experiment_diagnosis_response(shown.id, shown.status, spec, diagnosis)
    return Report(shown, response, series, facts=next((run.facts for run in runs if run.facts is not None), None))


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
