"""A study on a real service: struck, paused and continued, it trains each cell once, with the bits of single ones."""

import os
import signal
import time
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from gradlab.schemas.experiments import ExperimentResponse
from gradlab.schemas.status import CellStatus, Status, StudyStatus
from gradlab.schemas.studies import StudyTableResponse
from gradlab.spec import ExperimentSpec
from gradlab.spec.study import StudySpec, grid, place
from tests.builders import a_spec
from tests.servers import wait_until
from tests.services import PATIENCE, Service

EPOCHS = 2_000
AXES = [{"knob": "width", "values": [2, 3]}, {"knob": "learning_rate", "values": [0.01, 0.05]}]


def begin(service: Service, **fields: Any) -> tuple[UUID, list[ExperimentSpec]]:
    """Begin a study of four cells. Return its id and the cells' specs."""
    base = a_spec(epochs=EPOCHS).model_dump(mode="json")
    request = {"base": base, "axes": AXES, "seeds": [0, 1], **fields}
    study = StudySpec.model_validate(request)
    specs = [place(study.base.model_dump(mode="json"), study.axes, point, (0, 1)) for point in grid(study.axes)]
    return service.client.begin_study(request).id, specs


def running(service: Service) -> list[ExperimentResponse]:
    return [each for each in service.client.experiments(status=Status.running) if each.progress.epochs_done]


def measured(service: Service, id: UUID) -> dict[str, np.ndarray]:
    history, gradients = service.client.history(id), service.client.gradients(id, parameter="all")
    return {"epochs": history["epochs"], "metrics": history["values"], "gradients": gradients["values"]}


def told(service: Service, study: UUID) -> StudyTableResponse:
    return service.client.study_table(study)


@pytest.mark.timeout(600)
def test_a_study_that_is_struck_and_paused_trains_each_cell_once_with_the_same_bits(a_service):
    service = a_service(LEASE="PT10S", CHECKPOINT_EVERY="PT1S", MAX_ATTEMPTS="40")
    study, specs = begin(service)
    wait_until(lambda: running(service), seconds=PATIENCE)
    assert service.client.pause_study(study).status is StudyStatus.paused
    for pid in service.family() - {service.pid}:  # the worker and its child, in the middle of a training
        os.kill(pid, signal.SIGKILL)
    service.kill()
    service.start()
    # A single experiment, while the study is paused and then continued: it begins before the next cell.
    single = service.client.submit(a_spec(name="single", epochs=EPOCHS, seeds=(9,)))
    assert service.client.continue_study(study).status is StudyStatus.running
    ended = service.client.wait_for_study(study, patience=PATIENCE)
    assert (ended.status, ended.progress.cells_by_status) == (StudyStatus.completed, {CellStatus.completed: 4})
    rows = told(service, study).rows
    assert [row.seeds_done for row in rows] == [2] * 4
    ids = [each for row in rows for each in row.experiment_ids]
    assert len(set(ids)) == 4, "each cell once"
    begun = service.client.get(single.id).started_at
    after = [at for each in ids if (at := service.client.get(each).started_at) and at > single.created_at]
    assert begun is not None
    assert all(begun < at for at in after)
    # The first cell was struck; the last one has another architecture.
    again = [service.client.submit(specs[place]).id for place in (0, -1)]
    for one, other in zip((ids[0], ids[-1]), again, strict=True):
        assert service.client.wait(other, patience=PATIENCE).status is Status.completed
        undisturbed = measured(service, other)
        for name, values in measured(service, one).items():
            np.testing.assert_array_equal(values, undisturbed[name])
    # The same question once more: nothing is trained.
    asked = time.monotonic()
    second, _ = begin(service, name="again")
    repeated = service.client.wait_for_study(second, patience=PATIENCE)
    assert time.monotonic() - asked < 5
    assert (repeated.status, repeated.progress.cells_reused) == (StudyStatus.completed, 4)
    assert [row.metric for row in told(service, second).rows] == [row.metric for row in rows]
    *_, cells, status, done = service.client.study_events(second)
    assert [row["status"] for row in cells.data["cells"]] == ["completed"] * 4
    assert status.data["progress"]["trainings_done"] == 8
    assert (done.name, done.data["status"]) == ("done", "completed")
