"""Pruning: while a cell of a study trains, it is compared with those that have completed."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from uuid import UUID

import structlog

from core.plan.widths import width_for
from core.records import Experiment, RunRecord
from core.store import ExperimentStore
from core.study import Cell, Pruned, course
from core.treatment.result import columns_of
from core.use_cases.proposing import pruned_at
from gradlab.errors import NotFound, Unavailable
from gradlab.schemas.status import CellStatus
from gradlab.spec.study import Pruner, StudySpec

log = structlog.get_logger()

# Courses of completed cells that a process keeps. They do not change.
MAX_COURSES = 1_000
WHY_OWN = "a cell is trained here"


class Comparison:
    """Comparison of one cell with others while it trains. Each epoch is compared once.

    Args:
        study_id: the cell's study.
        experiment_id: the cell's experiment.
        store: the store of both.
    """

    def __init__(self, study_id: UUID, experiment_id: UUID, store: ExperimentStore) -> None:
        self._study_id, self._experiment_id, self._store = study_id, experiment_id, store
        self._compared = 0

    def attempt(self) -> None:
        """Prune the cell if it is worse than others at an epoch that is new. After any error it is trained on."""
        try:
            self._compare()
        except (NotFound, Unavailable) as error:
            log.info("not_compared", reason=str(error))
        except Exception:
            log.exception("comparison_failed")

    def _compare(self) -> None:
        record, experiment = self._store.studies.get(self._study_id), self._store.get(self._experiment_id)
        pruner, reached = record.spec.pruner, _reached(experiment)
        if pruner is None or not any(epoch > self._compared for epoch in pruner.epochs(reached)):
            return
        cells = self._store.studies.cells(record.id)
        cell = next((each for each in cells if _is_compared(each, self._experiment_id)), None)
        if cell is None:
            return
        own = _course(record.spec.metric, pruner, experiment, reached, self._store)
        epoch = pruned_at(record.spec, pruner, _completed(record.spec, pruner, cells, self._store), own, self._compared)
        self._compared = reached
        if epoch is None:
            return
        pruned = Pruned(epoch, own[epoch] if math.isfinite(own[epoch]) else None)
        if self._store.studies.prune(record.id, cell, pruned):
            log.info("cell_pruned", study_id=str(record.id), position=cell.place.position, epoch=epoch)


def comparison_of(experiment_id: UUID, *, store: ExperimentStore) -> Comparison | None:
    """Return the comparison of the cell that an experiment trains; None if no study prunes it, and after any error."""
    try:
        for study_id in store.studies.waiting_for(experiment_id):
            if store.studies.get(study_id).spec.pruner is not None:
                return Comparison(study_id, experiment_id, store)
    except (NotFound, Unavailable) as error:
        log.info("not_compared", reason=str(error))
    except Exception:
        log.exception("comparison_failed")
    return None


def _is_compared(cell: Cell, experiment_id: UUID) -> bool:
    """Return True if an experiment is the cell's own, for its first seeds, and was not pruned before."""
    return cell.experiment_id == experiment_id and cell.is_under_way and not (cell.reused or cell.place.batch)


def _reached(experiment: Experiment) -> int:
    """Return the last epoch that every compared run has reached which has not ended early."""
    runs = _compared_runs(experiment)
    going = [run.epochs_done for run in runs if not run.ended]
    return min(going, default=max(run.epochs_done for run in runs))


def _compared_runs(experiment: Experiment) -> tuple[RunRecord, ...]:
    """Return the runs of the first group of seeds.

    Others train beside them or later. How far they are depends on when the cell is compared, so they never count.
    """
    return experiment.runs[: width_for(experiment.own_spec(WHY_OWN))]


def _completed(
    spec: StudySpec, pruner: Pruner, cells: Sequence[Cell], store: ExperimentStore
) -> list[tuple[Cell, Mapping[int, float]]]:
    """Return the completed cells with their courses, empty if the experiment was deleted."""
    completed = [cell for cell in cells if cell.status is CellStatus.completed and cell.place.batch == 0]
    return [
        (cell, _kept_course(spec.metric, pruner, cell.experiment_id, store) if cell.experiment_id else {})
        for cell in completed
    ]


@lru_cache(maxsize=MAX_COURSES)
def _kept_course(
    metric: str | None, pruner: Pruner, experiment_id: UUID, store: ExperimentStore
) -> Mapping[int, float]:
    """Return the course of a completed cell. Cached: it is read at every comparison of every other cell."""
    experiment = store.get(experiment_id)
    return _course(metric, pruner, experiment, experiment.own_spec(WHY_OWN).training.epochs, store)


def _course(
    metric: str | None, pruner: Pruner, experiment: Experiment, until: int, store: ExperimentStore
) -> Mapping[int, float]:
    names = (metric,) if metric else columns_of(experiment.own_spec(WHY_OWN))
    recorded = store.layout(experiment.id).metrics
    columns = [recorded.index(name) for name in names]
    metrics = store.metrics(experiment.id, seeds=[run.seed for run in _compared_runs(experiment)])
    return course(list(metrics.values()), columns, pruner.epochs(until))
