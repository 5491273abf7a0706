"""The experiment of a report, as the service would answer it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from gradlab.diagnosis import Run
from gradlab.responses.experiments import order_of_axes
from gradlab.schemas.experiments import ExperimentResponse, ProgressResponse, RunResponse
from gradlab.schemas.status import Status
from gradlab.spec import AnySpec, ExternalSpec


def experiment_of(
    spec: AnySpec,
    runs: Sequence[Run],
    *,
    status: Status = Status.completed,
    error: str | None = None,
    experiment_id: UUID | None = None,
    started_at: datetime | None = None,
    finished_at: datetime | None = None,
) -> ExperimentResponse:
    """Return the response for a training that no service has stored.

    Args:
        spec: of the training.
        runs: one for each seed, as far as it is recorded.
        status: of the training.
        error: why it failed; None if it did not.
        experiment_id: of the same experiment in a service; a new one if there is none.
        started_at: with the time zone; the present if it is unknown.
        finished_at: with the time zone; None while it trains, or if it is unknown.
    """
    is_external = isinstance(spec, ExternalSpec)
    responses = [_run(run, ended=status.is_finished) for run in runs]
    return ExperimentResponse(
        id=experiment_id or uuid4(),
        name=spec.name,
        source="external" if is_external else "service",
        status=status,
        stopped_by=next((run.stopped_by for run in runs if run.stopped_by), None),
        progress=ProgressResponse(
            epochs_done=sum(run.epochs_done for run in responses), epochs_total=len(spec.seeds) * spec.epochs
        ),
        cancel_requested=False,
        created_at=started_at or datetime.now(UTC),
        started_at=started_at,
        finished_at=finished_at,
        expected_by=None,
        attempt=1,
        worker=None,
        error=error,
        compiled=None,
        versions=dict(spec.versions) if isinstance(spec, ExternalSpec) else None,
        shapes=order_of_axes(spec),
        runs=responses,
        spec=spec,
    )


def _run(run: Run, *, ended: bool) -> RunResponse:
    names, history = run.history.layout.metrics, run.history
    last = dict(zip(names, map(float, history.metrics[-1]), strict=True)) if len(history) else None
    return RunResponse(
        seed=run.seed,
        epochs_done=max(0, history.last_epoch),
        ended=ended,
        stopped_by=run.stopped_by,
        culprit=None,
        final_metrics=last,
    )
