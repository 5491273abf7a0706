"""Cells of a study that a pruner ends while they train: real trainings, compared by Optuna."""

import shutil
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from core.settings import Settings
from core.store import ExperimentStore
from core.store.database import connect, writing
from core.store.study_tables import studies as rows
from core.training.train import train
from core.use_cases import advancing, studies
from core.use_cases.experiments import run
from core.use_cases.pruning import comparison_of
from gradlab.schemas.status import CellStatus, StudyStatus
from gradlab.spec.study import StudySpec
from tests.builders import MINUTE, Bell, a_spec
from worker.pruning import Pruning

SETTINGS = Settings(_env_file=None)
EPOCHS = 200
BAD, GOOD = (1e-9, 1e-8), (0.01, 0.1)
AXES = [{"knob": "learning_rate", "values": [*BAD, *GOOD]}]


class Worker:
    """Trains what is published, one experiment after another, in chunks of one epoch or of other lengths."""

    def __init__(self, url: str, chunk_seconds: float = 0.0) -> None:
        self.chunk_seconds = chunk_seconds
        self.store = ExperimentStore(url, lease=MINUTE, max_attempts=3)
        self.waiting: list[UUID] = []
        self.queue: Any = Bell(self.waiting.append)

    def begin(self, seeds: Sequence[int] = (0, 1), epochs: int = EPOCHS, **search: Any) -> UUID:
        base = a_spec(epochs=epochs, seeds=tuple(seeds)).model_dump(mode="json")
        fields = {"base": base, "axes": AXES, "budget": {"trainings": 4 * len(seeds)}, "metric": "loss"}
        pruner = {"kind": "median", "startup_trials": 1, "warmup_epochs": 40, "interval": 20}
        fields["search"] = {"kind": "tpe", "seed": 3, "startup": 4, "pruner": pruner, **search}
        return studies.begin(StudySpec.model_validate(fields), store=self.store, queue=self.queue, settings=SETTINGS).id

    def work(self, count: int = 100) -> None:
        while self.waiting and count:
            it, count = self.waiting.pop(0), count - 1
            run(
                it,
                store=self.store,
                train=Pruning(partial(train, chunk_seconds=self.chunk_seconds), it, self.store, clock=lambda: 0.0),
                worker="one",
                stopping=lambda: False,
                checkpoint_every=MINUTE,
                versions={},
            )
            advancing.advance_with(it, store=self.store, queue=self.queue)


@pytest.fixture
def worker(sqlite_url):
    made = Worker(sqlite_url)
    yield made
    made.store.close()


def test_a_bad_cell_is_pruned_and_a_good_one_is_not(worker):
    study = worker.begin()
    worker.work(2)
    studies.pause(study, store=worker.store)
    worker.waiting.clear()
    before = {cell.place: cell.pruned for cell in worker.store.studies.cells(study) if cell.pruned}
    assert before, "the first cell is a good one, the second is not"
    studies.resume(study, store=worker.store, queue=worker.queue)
    worker.work()
    record, cells = worker.store.studies.get(study), worker.store.studies.cells(study)
    assert (record.status, record.drawn) == (StudyStatus.completed, 4)
    states = {cell.point[0]: cell.status for cell in cells}
    assert states == dict.fromkeys(GOOD, CellStatus.completed) | dict.fromkeys(BAD, CellStatus.pruned)
    for cell in cells:
        experiment = worker.store.get(cell.experiment_id)
        if cell.status is CellStatus.completed:
            assert cell.result is not None
            continue
        assert (cell.result, cell.seeds_done) == (None, 0)
        assert cell.pruned is not None
        assert cell.pruned.epoch in range(40, EPOCHS, 20)
        assert cell.pruned == before.get(cell.place, cell.pruned), "it was not trained again"
        assert cell.pruned.epoch <= min(run.epochs_done for run in experiment.runs) < EPOCHS
    # The same study once more, after its experiments were deleted: the same cells, pruned at the same epochs.
    for cell in cells:
        worker.store.delete(cell.experiment_id)
    again = worker.begin()
    worker.work()
    for one, other in zip(cells, worker.store.studies.cells(again), strict=True):
        assert (one.point, one.status, one.pruned, one.result) == (
            other.point,
            other.status,
            other.pruned,
            other.result,
        )


def test_seeds_of_later_groups_are_not_compared_whatever_the_lengths_of_chunks(migrated_file, tmp_path):
    found = []
    for chunk_seconds in (0.0, 1e9):  # an epoch a chunk; or 1, 8, 64 and the rest, which the second group may outrun
        worker = Worker(f"sqlite:///{shutil.copy(migrated_file, tmp_path / f'{chunk_seconds}.db')}", chunk_seconds)
        study = worker.begin(range(9), 80, pruner={"kind": "median", "startup_trials": 1, "warmup_epochs": 20})
        worker.work(2)
        cells = worker.store.studies.cells(study)
        found.append([(cell.point, cell.status, cell.pruned) for cell in cells])
        pruned = next(cell for cell in cells if cell.pruned)
        assert pruned.pruned is not None
        losses = [rows.values[:, 0] for rows in worker.store.metrics(pruned.experiment_id, to_epoch=20).values()]
        expected = np.median([np.median(values[-5:]) for values in losses[:8]])
        assert (pruned.pruned.epoch, pruned.pruned.value) == (20, pytest.approx(expected, abs=1e-12))
        worker.store.close()
    assert found[0] == found[1]


def test_a_cell_of_a_study_that_cannot_be_read_is_trained_without_comparisons(worker, sqlite_url):
    worker.begin()
    cell = worker.waiting[0]
    assert comparison_of(cell, store=worker.store) is not None
    engine = connect(sqlite_url)
    with writing(engine) as connection:
        connection.execute(rows.update().values(spec="{}"))
    engine.dispose()
    assert comparison_of(cell, store=worker.store) is None
