"""The use-cases of studies: begin, pause, cancel, continue, extend and advance them.

A study's whole state is in the database. The worker that has ended one of its experiments advances it, or any sweep
does. `advance` may be called at any time, and by several processes at once.
"""

import time
from uuid import UUID

import structlog

from core.queue import JobQueue
from core.settings import Settings
from core.store import ExperimentStore
from core.study import Cell, StudyRecord, result_of
from core.use_cases.diagnoses import runs
from core.use_cases.drawing import MAX_UNDER_WAY, next_cells
from core.use_cases.experiments import publish, training_seconds
from core.use_cases.facts import of_drawn
from core.use_cases.study_checks import cells_added, check_budget, extended, validated
from gradlab.errors import Conflict, LabError, NotFound, reason
from gradlab.schemas.status import CellStatus, Status, StudyStatus
from gradlab.schemas.studies import StudyExtensionRequest, StudyStop
from gradlab.spec.study import StudySpec, grid

log = structlog.get_logger()

# Time for which one call goes on with cells whose trainings were there before; the sweep goes on then.
ADVANCING_SECONDS = 2.0
# Turns of one call while other processes change the study, too.
MAX_TURNS = 50


def begin(
    spec: StudySpec,
    *,
    store: ExperimentStore,
    queue: JobQueue,
    settings: Settings,
    idempotency_key: str | None = None,
) -> StudyRecord:
    """Store a study and queue its first cells.

    Raises:
        Invalid: see `validated`.
        Conflict: the idempotency key was used for another study.
    """
    validated(spec, store=store, settings=settings)
    points = list(grid(spec.axes)) if spec.search.kind == "grid" else []
    record, is_new = store.studies.add(spec, points, idempotency_key=idempotency_key)
    if is_new:
        advance(record.id, store=store, queue=queue)
    return store.studies.get(record.id)


def pause(study_id: UUID, *, store: ExperimentStore) -> StudyRecord:
    """Pause a study: no further cell begins, and those that have begun end. Raises NotFound and Conflict."""
    return store.studies.halt(study_id, StudyStatus.paused)


def cancel(study_id: UUID, *, store: ExperimentStore) -> StudyRecord:
    """Cancel a study and its running cells; finished cells stay. Raises NotFound and Conflict."""
    return store.studies.halt(study_id, StudyStatus.cancelled)


def resume(study_id: UUID, *, store: ExperimentStore, queue: JobQueue) -> StudyRecord:
    """Continue a study that was paused or cancelled, or has failed. Raises NotFound and Conflict."""
    store.studies.resume(study_id)
    advance(study_id, store=store, queue=queue)
    return store.studies.get(study_id)


def extend(
    study_id: UUID, request: StudyExtensionRequest, *, store: ExperimentStore, queue: JobQueue, settings: Settings
) -> StudyRecord:
    """Extend a study by seeds, values or its budget. What it has trained stays.

    Raises:
        NotFound: there is no such study.
        Conflict: it was cancelled or has failed, or changes all the time.
        Invalid: it has such seeds or values already, or would be too large.
    """
    checked: StudySpec | None = None
    for _ in range(MAX_TURNS):
        before = store.studies.get(study_id)
        if before.status in (StudyStatus.cancelled, StudyStatus.failed):
            raise Conflict(f"The study is {before.status}: continue it first.")
        spec = extended(before.spec, request)
        check_budget(spec, before.drawn)
        if spec != checked:
            validated(spec, store=store, settings=settings)
            checked = spec
            continue  # that takes a second of a large study, and its cells end meanwhile
        added = list(cells_added(before.spec, spec, store.studies.cells(study_id)))
        if store.studies.extend(before, spec, added) is not None:
            advance(study_id, store=store, queue=queue)
            return store.studies.get(study_id)
    raise Conflict("The study changes all the time: pause it, and extend it then.")


def delete(study_id: UUID, *, store: ExperimentStore) -> None:
    """Delete a study; the finished experiments of its cells stay. Raises NotFound."""
    store.studies.delete(study_id)


def advance(study_id: UUID, *, store: ExperimentStore, queue: JobQueue) -> None:
    """Read the results of cells that have ended, and draw the next ones. Does nothing if the study is not due."""
    until = time.monotonic() + ADVANCING_SECONDS
    try:
        for _ in range(MAX_TURNS):
            if not _turn(study_id, store, queue) or time.monotonic() > until:
                return
    except NotFound:
        return  # deleted meanwhile


def _turn(study_id: UUID, store: ExperimentStore, queue: JobQueue) -> bool:
    """Read what has ended, and fill up the cells under way. Return True if another turn may find more to do."""
    record = store.studies.get(study_id)
    ended = store.studies.over(study_id, limit=MAX_UNDER_WAY)
    for cell in ended:
        _collect(record, cell, store)
    if ended:
        return True
    if record.status is not StudyStatus.running:
        return False
    drawn, stopped = next_cells(record, store=store)
    if drawn:
        needed = store.studies.draw(record, drawn)
        publish(needed or [], store=store, queue=queue)
        return needed is None or len(needed) < len(drawn)
    if stopped is not None and not record.under_way:
        return not _finish(record, stopped, store)
    return False


def _finish(record: StudyRecord, stopped: StudyStop, store: ExperimentStore) -> bool:
    """End a study. Return False if another process has changed it meanwhile."""
    failed, completed = (record.counts.get(status, 0) for status in (CellStatus.failed, CellStatus.completed))
    status, error = StudyStatus.completed, None
    if failed and not completed:
        status, error = StudyStatus.failed, "None of its cells was trained to the end."
    ended = store.studies.finish(record, status, stopped, error)
    if ended:
        log.info("study_finished", study_id=str(record.id), status=str(status), stopped=stopped)
    return ended


def _collect(record: StudyRecord, cell: Cell, store: ExperimentStore) -> None:
    """Store what a cell shows whose experiment has ended. Without one, or with one that others cancelled, it waits.

    A pruned one does not, whatever became of its experiment.
    """
    try:
        experiment = None if cell.experiment_id is None else store.get(cell.experiment_id)
    except NotFound:
        experiment = None
    seconds = training_seconds(experiment) if experiment else None
    was_cancelled = experiment is None or experiment.status is Status.cancelled
    if cell.pruned is not None and was_cancelled:
        return store.studies.collect(record.id, cell, CellStatus.pruned, seconds=seconds)
    if experiment is None or (was_cancelled and (cell.reused or record.status is StudyStatus.cancelled)):
        return store.studies.collect(record.id, cell, CellStatus.waiting)
    status = CellStatus(experiment.status)
    if status is not CellStatus.completed:
        return store.studies.collect(record.id, cell, status, seconds=seconds, error=experiment.error)
    spec = experiment.own_spec("a cell is trained here")
    try:
        shown = result_of(record.spec, spec, list(runs(experiment, spec, store, measure=of_drawn)))
    except LabError:
        raise  # the database is away, or the experiment was deleted just now: the next turn sees it
    except Exception as failure:
        log.exception("cell_not_read", experiment_id=str(experiment.id))
        error = f"Its result could not be read: {reason(failure)}"
        return store.studies.collect(record.id, cell, CellStatus.failed, seconds=seconds, error=error)
    return store.studies.collect(record.id, cell, status, result=shown, seconds=seconds)
