"""The use-cases of treatments: which change cures an experiment, found out by training.

A treatment lives in the database alone. Whoever finds that something it waits for is finished goes on with it, the
worker that has just trained that or any sweep: `advance` may be called by anybody, at any time and by several at once.
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
    begin,
    candidates,
    check_applicable,
    proceed,
    recorded_for_rules,
    result,
)
from core.treatment.trial import triage_result
from core.use_cases.experiments import diagnose, publish, runs
from gradlab.diagnosis import diagnose as ask_the_rules
from gradlab.errors import Conflict, Invalid, NotFound, Problem, Unavailable
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
    """Begin to treat an experiment that does not learn.

    With an idempotency key that was used before for the same request, the treatment that it began is answered,
    whatever has become of it.

    Raises:
        NotFound: there is no such experiment.
        Conflict: it is trained elsewhere, not finished, nothing is wrong with it, or it is being treated already; or
            the key was used for another request.
        Invalid: a remedy does not apply, they are more than the budget allows, or the seeds are more than the
            service allows.
    """
    if idempotency_key and (begun := store.treatments.added_with(experiment_id, idempotency_key, request)):
        return begun
    experiment = store.get(experiment_id)
    spec = experiment.own_spec("a treatment trains changed specs, and there is none to change")
    if not experiment.status.is_finished:
        raise Conflict(f"The experiment is {experiment.status}: it can be treated once it has been trained.")
    _check_seeds(request, settings)
    check_applicable(request, spec)
    _, found = diagnose(experiment_id, store=store)
    if found.verdict not in ("ill", "at risk"):
        raise Conflict(f"The experiment is {found.verdict}: nothing is known to be wrong with it, so nothing to treat.")
    treatment = begin(
        spec,
        request.remedies or candidates(found, spec),
        seeds=request.seeds,
        budget=request.budget,
        chosen=request.remedies is not None,
        untreated=_as_untreated(experiment, spec, request.seeds, store),
    )
    for trial in treatment.trials:
        check_bounds(trial.spec, settings)
    record, needed = store.treatments.add(experiment_id, request, treatment, idempotency_key=idempotency_key)
    publish(needed, store=store, queue=queue)
    return record


def _check_seeds(request: TreatmentRequest, settings: Settings) -> None:
    most = settings.max_seeds // CONTROL
    if request.seeds > most:
        expected = f"at most {most}: the control trains {CONTROL} times as many, and max_seeds is {settings.max_seeds}"
        raise Invalid(Problem("seeds", expected, str(request.seeds)))


def cancel(experiment_id: UUID, treatment_id: UUID, *, store: ExperimentStore) -> TreatmentRecord:
    """Stop a treatment; what is finished stays. Raises NotFound, and Conflict when it is over."""
    get(experiment_id, treatment_id, store=store)
    return store.treatments.cancel(treatment_id)


def resume(experiment_id: UUID, treatment_id: UUID, *, store: ExperimentStore, queue: JobQueue) -> TreatmentRecord:
    """Let a treatment that was cancelled, or failed, run again; what is finished is not trained again.

    Raises:
        NotFound: there is no such treatment.
        Conflict: it runs, or is completed, or the experiment has another that runs.
    """
    get(experiment_id, treatment_id, store=store)
    store.treatments.resume(treatment_id)
    advance(treatment_id, store=store, queue=queue)
    return store.treatments.get(treatment_id)


def get(experiment_id: UUID, treatment_id: UUID, *, store: ExperimentStore) -> TreatmentRecord:
    """A treatment of an experiment. Raises NotFound."""
    record = store.treatments.get(treatment_id)
    if record.experiment_id != experiment_id:
        raise NotFound(f"The experiment {experiment_id} has no treatment {treatment_id}.")
    return record


def advance_with(experiment_id: UUID, *, store: ExperimentStore, queue: JobQueue) -> None:
    """Go on with the treatments that waited for an experiment; while the database is away, the sweep does it later."""
    try:
        for treatment_id in store.treatments.waiting_for(experiment_id):
            advance(treatment_id, store=store, queue=queue)
    except Unavailable as away:
        log.warning("treatments_left_to_the_sweep", error=repr(away.__cause__))


def sweep(*, store: ExperimentStore, queue: JobQueue) -> int:
    """Go on with every treatment that nobody has gone on with; says how many there were."""
    due = store.treatments.due()
    for treatment_id in due:
        try:
            advance(treatment_id, store=store, queue=queue)
        except Unavailable:
            raise
        except Exception:
            log.exception("treatment_stuck", treatment_id=str(treatment_id))  # the others go on
    return len(due)


def advance(treatment_id: UUID, *, store: ExperimentStore, queue: JobQueue) -> None:
    """Take in what is finished, and begin what comes next. Does nothing where nothing is to be done."""
    while True:
        try:
            record = store.treatments.get(treatment_id)
        except NotFound:
            return  # deleted meanwhile
        if record.status is not TreatmentStatus.running:
            return
        after = proceed(_taken_in(record, store))
        if after == record.treatment and not _lacks_an_experiment(record):
            return
        status, error = _status(after)
        needed = store.treatments.save(record, after, status, error=error)
        if needed is None:
            continue  # somebody else was faster: look again
        publish(needed, store=store, queue=queue)
        log.info("treatment_advanced", treatment_id=str(treatment_id), status=str(status), begun=len(needed))
        return


def _as_untreated(experiment: Experiment, spec: ExperimentSpec, seeds: int, store: ExperimentStore) -> Trial | None:
    """The experiment itself as the untreated trial, where it has been trained on just the seeds that are wanted."""
    if experiment.status is not Status.completed or len(spec.seeds) != seeds:
        return None
    found = result(spec, list(runs(experiment, spec, store)), _seconds(experiment))
    return Trial("untreated", (), spec, "finished", result=found)


def _taken_in(record: TreatmentRecord, store: ExperimentStore) -> Treatment:
    """The treatment with what its experiments have shown."""
    places = zip(record.treatment.trials, record.triaged_in, record.trained_in, strict=True)
    trials = [
        _seen(trial, triaged_in if trial.stage == "looking" else trained_in, store)
        for trial, triaged_in, trained_in in places
    ]
    return replace(record.treatment, trials=tuple(trials))


def _seen(trial: Trial, place: Place | None, store: ExperimentStore) -> Trial:
    """A trial with what the experiment that it waits for has shown, if that is finished."""
    if not trial.is_under_way or place is None or not place.status.is_finished:
        return trial
    if place.status is not Status.completed:
        why = f": {place.error}" if place.error else ""
        return replace(trial, stage="broken", error=f"Its experiment {place.id} was {place.status}{why}")
    try:
        experiment = store.get(place.id)
        if trial.stage == "looking":
            asked = recorded_for_rules(trial.spec)
            return replace(trial, triage=triage_result(ask_the_rules(asked, list(runs(experiment, asked, store)))))
        found = result(trial.spec, list(runs(experiment, trial.spec, store)), _seconds(experiment))
    except NotFound:
        return trial  # deleted meanwhile: it is begun again
    return replace(trial, stage="finished", result=found)


def _seconds(experiment: Experiment) -> float | None:
    if not experiment.finished_at or not experiment.started_at:
        return None
    return (experiment.finished_at - experiment.started_at).total_seconds()


def _lacks_an_experiment(record: TreatmentRecord) -> bool:
    """Whether a trial waits for an experiment that has been deleted."""
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
