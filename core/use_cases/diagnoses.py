"""Diagnoses of stored experiments and of specs, and the summaries that are stored of them."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import structlog

from core.plan.bounds import check_bounds
from core.queue import JobQueue
from core.records import Experiment, StoredSummary
from core.settings import Settings
from core.store import ExperimentStore
from core.treatment import recorded_for_rules, triage_spec
from core.use_cases import facts
from core.use_cases.experiments import submit
from gradlab.diagnosis import Diagnosis, ExternalRun, Run
from gradlab.diagnosis import diagnose as diagnose_runs
from gradlab.diagnosis.summary import rules_hash, summary_of
from gradlab.errors import NotFound, Unavailable
from gradlab.facts import Facts
from gradlab.measurement.history import History
from gradlab.measurement.kinds import KINDS
from gradlab.schemas.status import Status
from gradlab.spec import AnySpec, ExperimentSpec, ExternalSpec

log = structlog.get_logger()

# Kinds of series that the diagnosis needs; histograms are for people.
READ_BY_RULES = tuple(kind.name for kind in KINDS if kind.read_by_rules)
# Interval at which the row of a triage is polled.
TRIAGE_PAUSE = timedelta(seconds=0.02)
# Experiments that one sweep diagnoses; the next ones follow with the next sweep.
PER_SWEEP = 20


def diagnose(
    experiment_id: UUID,
    *,
    store: ExperimentStore,
    queue: JobQueue | None = None,
    measure: Callable[[ExperimentSpec], Facts | None] | None = None,
) -> tuple[Experiment, Diagnosis]:
    """Return an experiment and the diagnosis of its stored epochs. Raises NotFound.

    Facts that are not stored are worked out by `measure`, or requested from a worker if there is a queue. Without them
    the rules that need them are unjudged. The summary of the diagnosis is stored beside the experiment.
    """
    experiment = store.get(experiment_id)
    recorded = list(runs(experiment, experiment.spec, store, measure=measure))
    if queue is not None and recorded and recorded[0].facts is None:
        facts.request(experiment, store=store, queue=queue)
    diagnosis = diagnose_runs(experiment.spec, recorded)
    if recorded:
        _keep(experiment.id, diagnosis, store)
    return experiment, diagnosis


def sweep(failed: set[UUID], *, store: ExperimentStore) -> int:
    """Diagnose finished experiments without a summary by the present rules, newest first. Return their number.

    Args:
        failed: experiments whose diagnosis has failed in this process; they are left out, and added to.
        store: the store of the experiments.
    """
    due = [each for each in store.verdicts.due(rules_hash(), limit=PER_SWEEP + len(failed)) if each not in failed]
    for experiment_id in due:
        try:
            diagnose(experiment_id, store=store)
        except Unavailable:
            raise
        except NotFound:
            log.info("deleted_meanwhile", experiment_id=str(experiment_id))
        except Exception:
            failed.add(experiment_id)
            log.exception("diagnosis_failed", experiment_id=str(experiment_id))
    return len(due)


def attempt(experiment_id: UUID, *, store: ExperimentStore) -> None:
    """Diagnose an experiment, so that its summary is stored. Whatever fails is left to the sweep."""
    try:
        diagnose(experiment_id, store=store)
    except (NotFound, Unavailable) as error:
        log.info("diagnosis_left_to_the_sweep", experiment_id=str(experiment_id), reason=str(error))
    except Exception:
        log.exception("diagnosis_failed", experiment_id=str(experiment_id))


def _keep(experiment_id: UUID, diagnosis: Diagnosis, store: ExperimentStore) -> None:
    """Store a summary. Where the database cannot be written to it is lost: the sweep computes it later."""
    try:
        store.verdicts.put(experiment_id, StoredSummary(summary_of(diagnosis), rules_hash()))
    except (NotFound, Unavailable) as error:
        log.info("summary_not_stored", experiment_id=str(experiment_id), reason=str(error))


def triage(
    spec: ExperimentSpec,
    *,
    store: ExperimentStore,
    queue: JobQueue,
    settings: Settings,
    sleep: Callable[[float], None] = time.sleep,
) -> Diagnosis:
    """Diagnose a spec before it is trained, by theory and by its initial networks.

    A worker runs the triage as an experiment of zero epochs, which is deleted once it has been read.

    Raises:
        Invalid: the spec is larger than this service allows.
        Unavailable: no worker has finished the triage in time.
    """
    check_bounds(spec, settings)
    recorded = recorded_for_rules(spec)
    submitted, _ = submit(triage_spec(spec), store=store, queue=queue, settings=settings)
    try:
        for _ in range(int(settings.triage_patience / TRIAGE_PAUSE)):
            experiment = store.get(submitted.id)
            if experiment.status is Status.completed:
                return diagnose_runs(recorded, list(runs(experiment, recorded, store)))
            if experiment.status.is_finished:
                raise Unavailable(f"The triage of the network ended as {experiment.status}: {experiment.error}")
            sleep(TRIAGE_PAUSE.total_seconds())
        raise Unavailable(f"No worker has finished the triage of the network within {settings.triage_patience}.")
    finally:
        store.delete(submitted.id)


def runs(
    experiment: Experiment,
    spec: AnySpec,
    store: ExperimentStore,
    *,
    measure: Callable[[ExperimentSpec], Facts | None] | None = None,
) -> Iterator[Run]:
    """Yield the stored runs, each up to its last epoch with metrics: a worker may be writing.

    Args:
        experiment: the experiment with the runs.
        spec: the spec to diagnose: the experiment's own or, for a triage, the one that it was made from.
        store: the store of the experiment.
        measure: works out facts that are not stored; None: they stay unknown.
    """
    stored_facts, wirings = store.facts.get(experiment.id), store.facts.wirings(experiment.id)
    if stored_facts is None and measure is not None and isinstance(spec, ExperimentSpec):
        stored_facts = measure(spec)
    layout, metrics = store.layout(experiment.id), store.metrics(experiment.id)
    stored = {kind: store.series(experiment.id, kind) for kind in READ_BY_RULES if kind in layout}
    for run in experiment.runs:
        epochs, values = metrics[run.seed]
        if not len(epochs):
            continue
        series = {kind: rows[run.seed].values[rows[run.seed].epochs <= epochs[-1]] for kind, rows in stored.items()}
        history = History(layout, int(epochs[0]), values, series)
        if isinstance(spec, ExternalSpec):
            yield ExternalRun(spec, run.seed, history, run.stopped_by, stored_facts, wirings.get(run.seed))
        else:
            yield Run(spec, run.seed, history, run.stopped_by, run.culprit, stored_facts)
