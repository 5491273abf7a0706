"""The use-cases: what the service does, each a plain function that lists what it needs."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from core import outages
from core.plan.bounds import check_bounds, check_external_bounds
from core.plan.calibration import SHIPPED, Calibration
from core.plan.lighter import advice, is_out_of_memory
from core.queue import JobQueue
from core.records import Claim, Experiment, WorkerCommand
from core.settings import Settings
from core.store import ExperimentStore, utc_now
from core.treatment import recorded_for_rules, triage_spec
from gradlab.diagnosis import Diagnosis, ExternalRun, Run
from gradlab.diagnosis import diagnose as ask_the_rules
from gradlab.errors import ClaimLost, Invalid, Unavailable, is_full, reason
from gradlab.measurement.history import Checkpoint, Chunk, History
from gradlab.measurement.kinds import KINDS
from gradlab.remedies import Difference, Remedy, difference, remedy
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec, ExternalSpec

log = structlog.get_logger()

Trainer = Callable[[ExperimentSpec, Checkpoint | None], Iterator[Chunk]]

# Who lacks room on a disk of its own gives its experiment back only then: it may be the one who gets it again.
NO_ROOM_PAUSE = timedelta(seconds=10)
# What rules read; histograms are for people.
READ_BY_RULES = tuple(kind.name for kind in KINDS if kind.read_by_rules)
# How often the row is asked whether a worker has looked at the initial state.
TRIAGE_PAUSE = timedelta(seconds=0.02)


def submit(
    spec: ExperimentSpec | ExternalSpec,
    *,
    store: ExperimentStore,
    queue: JobQueue,
    settings: Settings,
    idempotency_key: str | None = None,
) -> tuple[Experiment, bool]:
    """Keep an experiment, then ring the bell. Says whether it is new.

    A bell that does not ring is no failure: the sweep rings it later. For a training that runs elsewhere none rings.

    Raises:
        Invalid: the spec is larger than this service allows.
        Conflict: the idempotency key was used for another spec.
    """
    if isinstance(spec, ExternalSpec):
        check_external_bounds(spec, settings)
        return store.add(spec, idempotency_key=idempotency_key)
    check_bounds(spec, settings)
    experiment, new = store.add(spec, idempotency_key=idempotency_key)
    if new:
        publish([experiment.id], store=store, queue=queue)
    return experiment, new


def calibration(*, store: ExperimentStore) -> Calibration:
    """How long and how much trainings take on the machines that took work lately; as shipped without a database."""
    try:
        return Calibration.of(store.costs.recent())
    except Unavailable:
        return SHIPPED


def cancel(experiment_id: UUID, *, store: ExperimentStore) -> Experiment:
    """Stop an experiment; what was measured stays. Raises NotFound, and Conflict when it is finished."""
    return store.cancel(experiment_id)


def delete(experiment_id: UUID, *, store: ExperimentStore) -> None:
    """Remove an experiment and all that was measured. Raises NotFound."""
    store.delete(experiment_id)


@dataclass(frozen=True)
class Suggestion:
    """A change that may help.

    Attributes:
        remedy: what it is.
        changes: the fields of the spec that it changes.
        spec: the treated spec, ready to be submitted.
    """

    remedy: Remedy
    changes: tuple[Difference, ...]
    spec: ExperimentSpec


def diagnose(experiment_id: UUID, *, store: ExperimentStore) -> tuple[Experiment, Diagnosis]:
    """What is wrong with an experiment, from what is stored of it so far. Raises NotFound."""
    experiment = store.get(experiment_id)
    return experiment, ask_the_rules(experiment.spec, list(runs(experiment, experiment.spec, store)))


def suggestions(spec: ExperimentSpec | ExternalSpec, diagnosis: Diagnosis) -> list[Suggestion]:
    """The remedies for the root cause that apply to the spec, best first; none where nothing is wrong or known."""
    if isinstance(spec, ExternalSpec):
        return []
    root = next((each for each in diagnosis.findings if each.rule == diagnosis.root_cause), None)
    found = []
    for name in root.remedies if root else ():
        chosen = remedy(name)
        try:
            treated = chosen.apply(spec)
        except Invalid:
            continue
        found.append(Suggestion(chosen, difference(spec, treated), treated))
    return found


def triage(
    spec: ExperimentSpec,
    *,
    store: ExperimentStore,
    queue: JobQueue,
    settings: Settings,
    sleep: Callable[[float], None] = time.sleep,
) -> Diagnosis:
    """What theory and a look at the initial state say of a spec, before it is trained.

    The look is an experiment of no epochs: a worker makes it, and it is deleted once it has been read.

    Raises:
        Invalid: the spec is larger than this service allows.
        Unavailable: no worker has looked in time.
    """
    check_bounds(spec, settings)
    asked = recorded_for_rules(spec)
    experiment, _ = submit(triage_spec(spec), store=store, queue=queue, settings=settings)
    try:
        for _ in range(int(settings.triage_patience / TRIAGE_PAUSE)):
            found = store.get(experiment.id)
            if found.status is Status.completed:
                return ask_the_rules(asked, list(runs(found, asked, store)))
            if found.status.is_finished:
                raise Unavailable(f"The look at the network ended as {found.status}: {found.error}")
            sleep(TRIAGE_PAUSE.total_seconds())
        raise Unavailable(f"No worker has looked at the network within {settings.triage_patience}.")
    finally:
        store.delete(experiment.id)


def runs(experiment: Experiment, spec: ExperimentSpec | ExternalSpec, store: ExperimentStore) -> Iterator[Run]:
    """What is stored of each seed, up to the last epoch whose metrics were: a worker may be writing.

    Args:
        experiment: whose runs.
        spec: what they are taken as runs of: the experiment's own, or what its look is about.
        store: where they are kept.
    """
    layout, metrics = store.layout(experiment.id), store.metrics(experiment.id)
    stored = {kind: store.series(experiment.id, kind) for kind in READ_BY_RULES if kind in layout}
    for run in experiment.runs:
        epochs, values = metrics[run.seed]
        if not len(epochs):
            continue
        series = {kind: rows[run.seed].values[rows[run.seed].epochs <= epochs[-1]] for kind, rows in stored.items()}
        history = History(layout, int(epochs[0]), values, series)
        if isinstance(spec, ExternalSpec):
            yield ExternalRun(spec, run.seed, history, run.stopped_by)
        else:
            yield Run(spec, run.seed, history, run.stopped_by, run.culprit)


def sweep(*, store: ExperimentStore, queue: JobQueue, requeue_after: timedelta, idle: bool = False) -> int:
    """Bury dead workers' attempts and publish what waits for lack of a message; says how many were published.

    Args:
        requeue_after: a message that nobody has taken for so long may be lost; twice as long after each new one.
        idle: a worker has nothing to do and the broker no message. Whatever waits then has lost its message, however
            many there were: `requeue_after` is not doubled.
    """
    return publish(store.due(requeue_after=requeue_after, patient=not idle), store=store, queue=queue)


def publish(ids: list[UUID], *, store: ExperimentStore, queue: JobQueue) -> int:
    """Ring for experiments that are kept, and say for how many; those for which no bell rings are due at once."""
    for published, experiment_id in enumerate(ids):
        try:
            queue.publish(experiment_id)
        except Unavailable as error:
            waiting = ids[published:]
            log.warning("publish_failed", experiments=[str(each) for each in waiting], error=repr(error.__cause__))
            _due_at_once(waiting, store)
            return published
    return len(ids)


def _due_at_once(ids: list[UUID], store: ExperimentStore) -> None:
    try:
        store.not_published(ids)
    except Unavailable:
        log.warning("mark_failed")  # they are published again anyway, only later


def run(
    experiment_id: UUID,
    *,
    store: ExperimentStore,
    train: Trainer,
    worker: str,
    stopping: Callable[[], bool],
    checkpoint_every: timedelta,
    versions: Mapping[str, str],
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Train one experiment, unless somebody else does, and store each chunk as it comes.

    Args:
        train: yields the chunks of a spec, from the beginning or after a checkpoint.
        worker: who is asking.
        stopping: whether this worker is to stop; then the experiment is given back after the chunk at hand.
        checkpoint_every: at most so much training is lost with the worker.
        versions: of the software that trains, kept with the result.
    """
    insist = partial(outages.insist, patience=store.lease / 2, stopping=stopping, sleep=sleep)
    if stopping():
        log.info("left_to_others")
        _due_at_once([experiment_id], store)
        return
    try:
        # The message is taken: giving up here would leave the experiment to the sweep, and there is nothing else to do.
        claim = outages.insist(partial(store.claim, experiment_id, worker=worker), stopping=stopping, sleep=sleep)
        if claim is None:
            log.info("nothing_to_claim")
            return
        log.info("claimed", attempt=claim.attempt, resumed=claim.checkpoint is not None)
        try:
            status, error = _train(claim, store, train, insist, stopping, checkpoint_every, clock), None
        except (ClaimLost, Unavailable):
            raise
        except Exception as failure:
            log.exception("training_failed")
            status, error = _outcome(failure, claim.spec)
            sleep(NO_ROOM_PAUSE.total_seconds() * (status is Status.queued))
        if status is Status.queued:
            insist(partial(store.release, claim))
        else:
            insist(partial(store.finish, claim, status, error=error, versions=dict(versions)))
        log.info("released" if status is Status.queued else "finished", status=str(status))
    except ClaimLost:
        log.info("claim_lost")  # another worker goes on, or nobody wants it any more: nothing is left to do
    except Unavailable as away:
        log.error("database_away", error=repr(away.__cause__))  # the lease runs out, then the sweep sees to it


def _outcome(failure: BaseException, spec: ExperimentSpec) -> tuple[Status, str | None]:
    """What an experiment becomes whose training raised, and why: one or two sentences for whoever submitted it."""
    if is_full(failure):  # XLA keeps what it has compiled on the disk: once there is room, anybody may train it
        return Status.queued, None
    return Status.failed, f"{reason(failure)}. {advice(spec)}" if is_out_of_memory(failure) else reason(failure)


def _train(
    claim: Claim,
    store: ExperimentStore,
    train: Trainer,
    insist: Callable[[Callable[[], WorkerCommand]], WorkerCommand],
    stopping: Callable[[], bool],
    checkpoint_every: timedelta,
    clock: Callable[[], datetime],
) -> Status:
    """Store the chunks; says what the experiment's status is to be then: queued when it is given back."""
    kept_at: datetime | None = None
    with closing(_closable(train(claim.spec, claim.checkpoint))) as chunks:
        for chunk in chunks:
            stop, now = stopping(), clock()
            # An attempt's first chunk is kept at once: whatever kills workers again and again, each gets further.
            keep = stop or chunk.ended or kept_at is None or now - kept_at >= checkpoint_every
            checkpoint = chunk.checkpoint() if keep else None
            form = chunk.architecture() if kept_at is None else None
            kept_at = now if keep else kept_at
            command = insist(partial(store.append, claim, chunk, checkpoint=checkpoint, architecture=form))
            if command is WorkerCommand.cancel:
                return Status.cancelled
            if stop:
                return Status.queued
    return Status.completed


def _closable(chunks: Iterator[Chunk]) -> Generator[Chunk]:
    """Closing this closes the training, if it is a generator: it lends a compiled program and wants it back."""
    yield from chunks
