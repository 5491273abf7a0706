"""The use-cases of treatments: begin, cancel, resume and advance them.

A treatment's whole state is in the database. The worker that has finished one of its experiments advances it, or any
sweep does. `advance` may be called at any time, and by several processes at once.
"""

from dataclasses import replace
from uuid import UUID

import structlog

from core.plan.bounds import check_bounds
from core.queue import JobQueue
from core.records import Experiment, Place, TreatmentRecord
from core.settings import Settings
from core.store import ExperimentStore
from core.treatment import (
    CONTROL,
    Treatment,
    Trial,
    as_begun,
    begin,
    candidates,
    check_applicable,
    proceed,
    recorded_for_rules,
    result,
)
from core.treatment.trial import triage_result
from core.use_cases.diagnoses import diagnose, runs
from core.use_cases.experiments import publish, training_seconds
from core.use_cases.facts import of_drawn
from gradlab.diagnosis import diagnose as diagnose_runs
from gradlab.errors import Conflict, Invalid, NotFound, Problem
from gradlab.schemas.status import Status, TreatmentStatus
from gradlab.schemas.treatments import TreatmentRequest
from gradlab.spec import ExperimentSpec

log = structlog.get_logger()


def treat(
    experiment_id: UUID,
    request: TreatmentRequest,
    *,
    store: ExperimentStore,
    queue: JobQueue,
    settings: Settings,
    idempotency_key: str | None = None,
) -> TreatmentRecord:
    """Begin the treatment of an experiment that is ill or at risk.

    An idempotency key that was used before for the same request returns the treatment of that request.

    Raises:
        NotFound: there is no such experiment.
        Conflict: it is trained elsewhere, not finished, not ill, or being treated already; or the key was used for
            another request.
        Invalid: a remedy does not apply, or there are more remedies than the budget or more seeds than the service
            allows.
    """
    if idempotency_key and (begun := store.treatments.added_with(experiment_id, idempotency_key, request)):
        return begun
    experiment = store.get(experiment_id)
    spec = experiment.own_spec("a treatment trains changed specs, and there is none to change")
    if not experiment.status.is_finished:
        raise Conflict(f"The experiment is {experiment.status}: it can be treated once it has been trained.")
    _check_seeds(request, settings)
    untreated = as_begun(request, spec)
    check_applicable(request, untreated)
    _, diagnosis = diagnose(experiment_id, store=store, measure=of_drawn)
    if diagnosis.verdict not in ("ill", "at risk"):
        why = "nothing is known to be wrong with it, so nothing to treat"
        raise Conflict(f"The experiment is {diagnosis.verdict}: {why}.")
    treatment = begin(
        untreated,
        request.remedies or candidates(diagnosis, untreated),
        seeds=request.seeds,
        budget=request.budget,
        chosen=request.remedies is not None,
        untreated=_as_untreated(experiment, spec, request.seeds, store) if untreated == spec else None,
    )
    for trial in treatment.trials:
        check_bounds(trial.spec, settings)
    record, needed = store.treatments.add(experiment_id, request, treatment, idempotency_key=idempotency_key)
    publish(needed, store=store, queue=queue)
    return record


def _check_seeds(request: TreatmentRequest, settings: Settings) -> None:
    limit = settings.max_seeds // CONTROL
    if request.seeds > limit:
        expected = f"at most {limit}: the control trains {CONTROL} times as many, and max_seeds is {settings.max_seeds}"
        raise Invalid(Problem("seeds", expected, str(request.seeds)))


def cancel(experiment_id: UUID, treatment_id: UUID, *, store: ExperimentStore) -> TreatmentRecord:
    """Cancel a treatment; finished trials stay. Raises NotFound, and Conflict if it is not running."""
    get(experiment_id, treatment_id, store=store)
    return store.treatments.cancel(treatment_id)


def resume(experiment_id: UUID, treatment_id: UUID, *, store: ExperimentStore, queue: JobQueue) -> TreatmentRecord:
    """Resume a cancelled or failed treatment; finished trials are not trained again.

    Raises:
        NotFound: there is no such treatment.
        Conflict: it is running or completed, or the experiment has another running treatment.
    """
    get(experiment_id, treatment_id, store=store)
    store.treatments.resume(treatment_id)
    advance(treatment_id, store=store, queue=queue)
    return store.treatments.get(treatment_id)


def get(experiment_id: UUID, treatment_id: UUID, *, store: ExperimentStore) -> TreatmentRecord:
    """Return a treatment of an experiment. Raises NotFound."""
    record = store.treatments.get(treatment_id)
    if record.experiment_id != experiment_id:
        raise NotFound(f"The experiment {experiment_id} has no treatment {treatment_id}.")
    return record


def advance(treatment_id: UUID, *, store: ExperimentStore, queue: JobQueue) -> None:
    """Read the results of finished trials, and begin the next ones. Does nothing if the treatment is not due."""
    while True:
        try:
            record = store.treatments.get(treatment_id)
        except NotFound:
            return  # deleted meanwhile
        if record.status is not TreatmentStatus.running:
            return
        after = proceed(_with_results(record, store))
        if after == record.treatment and not _lacks_an_experiment(record):
            return
        status, error = _status(after)
        needed = store.treatments.save(record, after, status, error=error)
        if needed is None:
            continue  # another process was faster: read the treatment again
        publish(needed, store=store, queue=queue)
        log.info("treatment_advanced", treatment_id=str(treatment_id), status=str(status), begun=len(needed))
        return


def _as_untreated(experiment: Experiment, spec: ExperimentSpec, seeds: int, store: ExperimentStore) -> Trial | None:
    """Return the experiment itself as the untreated trial, if it completed on the requested number of seeds."""
    if experiment.status is not Status.completed or len(spec.seeds) != seeds:
        return None
    shown = result(spec, list(runs(experiment, spec, store, measure=of_drawn)), training_seconds(experiment))
    return Trial("untreated", (), spec, "finished", result=shown)


def _with_results(record: TreatmentRecord, store: ExperimentStore) -> Treatment:
    """Return the treatment with the results of its finished experiments."""
    places = zip(record.treatment.trials, record.triaged_in, record.trained_in, strict=True)
    trials = [
        _with_result(trial, triaged_in if trial.stage == "looking" else trained_in, store)
        for trial, triaged_in, trained_in in places
    ]
    return replace(record.treatment, trials=tuple(trials))


def _with_result(trial: Trial, place: Place | None, store: ExperimentStore) -> Trial:
    """Return a trial with the result of the experiment that it waits for, if that is finished."""
    if not trial.is_under_way or place is None or not place.status.is_finished:
        return trial
    if place.status is not Status.completed:
        why = f": {place.error}" if place.error else ""
        return replace(trial, stage="broken", error=f"Its experiment {place.id} was {place.status}{why}")
    try:
        experiment = store.get(place.id)
        if trial.stage == "looking":
            spec = recorded_for_rules(trial.spec)
            triaged = list(runs(experiment, spec, store, measure=of_drawn))
            return replace(trial, triage=triage_result(diagnose_runs(spec, triaged)))
        shown = result(
            trial.spec, list(runs(experiment, trial.spec, store, measure=of_drawn)), training_seconds(experiment)
        )
    except NotFound:
        return trial  # deleted meanwhile: it starts again
    return replace(trial, stage="finished", result=shown)


def _lacks_an_experiment(record: TreatmentRecord) -> bool:
    """Return True if a trial waits for an experiment that has been deleted."""
    places = zip(record.treatment.trials, record.triaged_in, record.trained_in, strict=True)
    return any(
        (triaged_in if trial.stage == "looking" else trained_in) is None
        for trial, triaged_in, trained_in in places
        if trial.is_under_way
    )


def _status(treatment: Treatment) -> tuple[TreatmentStatus, str | None]:
    if not treatment.is_over:
        return TreatmentStatus.running, None
    broken = next((trial for trial in treatment.of_role("untreated") if trial.stage == "broken"), None)
    if broken is not None:
        return TreatmentStatus.failed, f"There is nothing to compare with. {broken.error}"
    return TreatmentStatus.completed, None
