"""The use-cases of experiments: plain functions that take what they need as arguments."""

import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
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
from core.store import ExperimentStore, Outcome, Submission, utc_now
from core.use_cases import facts
from gradlab.errors import ClaimLost, Unavailable, is_full, reason
from gradlab.facts.measurement import Load, drawn
from gradlab.measurement.history import Checkpoint, Chunk
from gradlab.schemas.status import Status
from gradlab.spec import AnySpec, ExperimentSpec, ExternalSpec

log = structlog.get_logger()

Trainer = Callable[[ExperimentSpec, Checkpoint | None], Iterator[Chunk]]

# Pause of a worker whose disk is full before it requeues its experiment, which it may claim again itself.
NO_ROOM_PAUSE = timedelta(seconds=10)
# Waiting experiments that a worker tries to claim for one message: others may be faster. The sweep sends a message
# about what is left.
MAX_CHOICES = 5


def submit(
    spec: AnySpec,
    *,
    store: ExperimentStore,
    queue: JobQueue,
    settings: Settings,
    idempotency_key: str | None = None,
) -> tuple[Experiment, bool]:
    """Store an experiment and publish a message about it. Return it, and True if it is new.

    If publishing fails, the sweep publishes the message later. There is no message about a training elsewhere.

    Raises:
        Invalid: the spec is larger than this service allows.
        Conflict: the idempotency key was used for another spec.
    """
    submission = Submission(spec, idempotency_key)
    (outcome,) = submit_all([submission], store=store, queue=queue, settings=settings)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def submit_all(
    submitted: Sequence[Submission], *, store: ExperimentStore, queue: JobQueue, settings: Settings
) -> list[Outcome]:
    """Store experiments in one transaction and publish a message about each, as `submit` does. Return all outcomes.

    Raises:
        Unavailable: the database does not answer.
    """
    refusals = [_refusal(each.spec, settings) for each in submitted]
    within = [each for each, refusal in zip(submitted, refusals, strict=True) if not refusal]
    added = iter(store.add_all(within) if within else [])
    outcomes = [refusal or next(added) for refusal in refusals]
    new = [each[0] for each in outcomes if not isinstance(each, Exception) and each[1]]
    publish([each.id for each in new if not each.is_external], store=store, queue=queue)
    return outcomes


def _refusal(spec: AnySpec, settings: Settings) -> Exception | None:
    try:
        if isinstance(spec, ExternalSpec):
            check_external_bounds(spec, settings)
        else:
            check_bounds(spec, settings)
    except Exception as refusal:
        return refusal
    return None


def calibration(*, store: ExperimentStore) -> Calibration:
    """Return the calibration of estimates to recent trainings; the shipped one while the database does not answer."""
    try:
        return Calibration.of(store.costs.recent())
    except Unavailable:
        return SHIPPED


def cancel(experiment_id: UUID, *, store: ExperimentStore) -> Experiment:
    """Cancel an experiment; its series stay. Raises NotFound, and Conflict if it is finished."""
    return store.cancel(experiment_id)


def delete(experiment_id: UUID, *, store: ExperimentStore) -> None:
    """Delete an experiment with its series. Raises NotFound."""
    store.delete(experiment_id)


def sweep(*, store: ExperimentStore, queue: JobQueue, requeue_after: timedelta, idle: bool = False) -> int:
    """Requeue or fail experiments of dead workers, and publish overdue messages. Return the number published.

    Args:
        requeue_after: age at which an unconsumed message counts as lost; doubled with each message about the same
            experiment.
        idle: True if a worker is idle and the broker has no message. Then every waiting experiment has lost its
            message, and `requeue_after` is not doubled.
    """
    return publish(store.due(requeue_after=requeue_after, patient=not idle), store=store, queue=queue)


def training_seconds(experiment: Experiment) -> float | None:
    """Return the seconds from the start to the end of a training; None if one of them is missing."""
    if not experiment.started_at or not experiment.finished_at:
        return None
    return (experiment.finished_at - experiment.started_at).total_seconds()


def publish(ids: list[UUID], *, store: ExperimentStore, queue: JobQueue) -> int:
    """Publish messages about stored experiments. Return the number published; the others are due at once."""
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
        log.warning("mark_failed")  # the sweep publishes them, only later


def run(
    experiment_id: UUID,
    *,
    store: ExperimentStore,
    train: Trainer,
    worker: str,
    stopping: Callable[[], bool],
    checkpoint_every: timedelta,
    versions: Mapping[str, str],
    load: Load = drawn,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Claim an experiment, train it, and store each chunk as it comes. Return False if there is nothing to claim.

    Args:
        train: yields the chunks of a spec, from the beginning or after a checkpoint.
        worker: the worker's name.
        stopping: returns True once this worker has to stop; the experiment is requeued after the current chunk.
        checkpoint_every: the training that is lost at most if the worker dies.
        versions: of the software that trains, stored with the result.
        load: loads the samples of a dataset, from which the facts about them are worked out.
    """
    insist = partial(outages.insist, patience=store.lease / 2, stopping=stopping, sleep=sleep)
    if stopping():
        log.info("left_to_others")
        _due_at_once([experiment_id], store)
        return True
    try:
        # No limit of time: the message is consumed, and giving up would leave the experiment to the sweep.
        claim = outages.insist(partial(store.claim, experiment_id, worker=worker), stopping=stopping, sleep=sleep)
        if claim is None:
            facts.measure_if_requested(experiment_id, store=store, load=load)
            return False
        log.info("claimed", attempt=claim.attempt, resumed=claim.checkpoint is not None)
        try:
            status, error = _train(claim, store, train, insist, stopping, checkpoint_every, clock, load), None
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
        log.info("claim_lost")  # another worker trains it, or it was finished or deleted
    except Unavailable as away:
        log.error("database_away", error=repr(away.__cause__))  # the sweep requeues it once the lease has expired
    return True


def choices(message: UUID, *, store: ExperimentStore, held: Callable[[], Collection[str]]) -> Iterator[UUID]:
    """Yield the experiments that a worker tries to claim for a message, until it has claimed one.

    An ordinary experiment is the message's own, and so is one whose facts were requested. A message about one of a
    batch, or about one that another message has served, stands for whatever waits: ordinary ones first. So there are as
    many messages as experiments, and nothing ordinary waits behind a batch.

    Args:
        message: the experiment that the message names.
        store: the store of the experiments.
        held: returns the hashes of the architectures that this process has compiled.
    """
    if not _stands_for_others(message, store):
        yield message
    try:
        for _ in range(MAX_CHOICES):
            if (waiting := store.next_waiting(held())) is None:
                return
            yield waiting
    except Unavailable as away:
        log.warning("choice_left_to_the_sweep", error=repr(away.__cause__))


def _stands_for_others(message: UUID, store: ExperimentStore) -> bool:
    try:
        return store.is_batch(message) and store.facts.requested(message) is None
    except Unavailable:
        return False  # `run` waits for the database, however long it is away


def _outcome(failure: BaseException, spec: ExperimentSpec) -> tuple[Status, str | None]:
    """Return the status of an experiment whose training raised, and the error in one or two sentences for people."""
    if is_full(failure):  # XLA stores compiled programs on the disk: once there is room, any worker may train it
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
    load: Load,
) -> Status:
    """Train and store the chunks. Return the experiment's next status, `queued` if the worker has to stop."""
    kept_at: datetime | None = None
    with closing(_closable(train(claim.spec, claim.checkpoint))) as chunks:
        for chunk in chunks:
            stop, now = stopping(), clock()
            # The first chunk's checkpoint is stored at once, so that each attempt makes progress before it may die.
            keep = stop or chunk.ended or kept_at is None or now - kept_at >= checkpoint_every
            checkpoint = chunk.checkpoint() if keep else None
            form = chunk.architecture() if kept_at is None else None
            kept_at = now if keep else kept_at
            first_facts = facts.measured(claim.spec, load) if form and claim.checkpoint is None else None
            command = insist(
                partial(store.append, claim, chunk, checkpoint=checkpoint, architecture=form, facts=first_facts)
            )
            if command is WorkerCommand.cancel:
                return Status.cancelled
            if stop:
                return Status.queued
    return Status.completed


def _closable(chunks: Iterator[Chunk]) -> Generator[Chunk]:
    """Wrap chunks in a generator. Closing it closes the training, which then returns its compiled program."""
    yield from chunks
