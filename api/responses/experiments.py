"""Responses about experiments."""

from core.plan.calibration import Calibration
from core.plan.estimate import estimate
from core.records import Experiment, Page, RunRecord, StoredSummary
from gradlab.diagnosis.summary import rules_hash
from gradlab.measurement.history import Culprit
from gradlab.responses.experiments import layer_responses, order_of_axes
from gradlab.schemas.experiments import (
    CulpritResponse,
    EstimateResponse,
    ExperimentResponse,
    ExperimentsResponse,
    ProgressResponse,
    RunResponse,
    SummaryResponse,
    TreatmentOfResponse,
    TrialOfResponse,
    ValidationResponse,
)
from gradlab.schemas.external import SeriesResponse
from gradlab.spec import ExperimentSpec


def experiment_response(experiment: Experiment) -> ExperimentResponse:
    """Build the response for an experiment."""
    return ExperimentResponse(
        id=experiment.id,
        name=experiment.spec.name,
        source="external" if experiment.is_external else "service",
        status=experiment.status,
        stopped_by=experiment.stopped_by,
        progress=ProgressResponse(epochs_done=experiment.epochs_done, epochs_total=experiment.epochs_total),
        cancel_requested=experiment.cancel_requested,
        created_at=experiment.created_at,
        started_at=experiment.started_at,
        finished_at=experiment.finished_at,
        expected_by=experiment.lease_until if experiment.is_external else None,
        attempt=experiment.attempt,
        worker=experiment.worker,
        error=experiment.error,
        compiled=experiment.compiled,
        versions=dict(experiment.versions) if experiment.versions else None,
        diagnosis=summary_response(experiment.diagnosis) if experiment.diagnosis else None,
        trial=TrialOfResponse(**vars(experiment.trial)) if experiment.trial else None,
        treatment=TreatmentOfResponse(**vars(experiment.treatment)) if experiment.treatment else None,
        shapes=order_of_axes(experiment.spec),
        runs=[run_response(run) for run in experiment.runs],
        spec=experiment.spec,
    )


def summary_response(stored: StoredSummary) -> SummaryResponse:
    """Build the response for the summary of a diagnosis; stale if other rules made it."""
    return SummaryResponse(**vars(stored.summary), stale=stored.rules != rules_hash())


def experiments_response(page: Page, next: str | None) -> ExperimentsResponse:
    """Build the response for a page of experiments."""
    return ExperimentsResponse(
        experiments=[experiment_response(experiment) for experiment in page.experiments], next=next
    )


def run_response(run: RunRecord) -> RunResponse:
    """Build the response for one seed."""
    return RunResponse(
        seed=run.seed,
        epochs_done=run.epochs_done,
        ended=run.ended,
        stopped_by=run.stopped_by,
        culprit=culprit_response(run.culprit) if run.culprit else None,
        final_metrics=dict(run.final_metrics) if run.final_metrics else None,
        error=run.error,
    )


def culprit_response(culprit: Culprit) -> CulpritResponse:
    """Build the response for the first value of a run that was not finite."""
    return CulpritResponse(**vars(culprit))


def validation_response(spec: ExperimentSpec, calibration: Calibration) -> ValidationResponse:
    """Build the response for a valid spec, with the cost estimated from a calibration."""
    cost = estimate(spec, calibration)
    return ValidationResponse(
        spec=spec,
        fingerprint=spec.fingerprint(),
        layers=layer_responses(spec),
        estimate=EstimateResponse(**{name: getattr(cost, name) for name in EstimateResponse.model_fields}),
    )


def series_response(experiment: Experiment, seed: int) -> SeriesResponse:
    """Build the response for a request that sent series of a run."""
    run = next(run for run in experiment.runs if run.seed == seed)
    has_begun = run.final_metrics is not None
    next_epoch = run.epochs_done + 1 if has_begun else experiment.spec.first_epoch + 1
    return SeriesResponse(experiment_id=experiment.id, seed=seed, epochs_done=run.epochs_done, next_epoch=next_epoch)
