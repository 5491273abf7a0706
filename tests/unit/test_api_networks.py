"""Networks over HTTP: a file in Keras's format with every number as it was kept, or why there is none."""

import io
import json
import zipfile
from dataclasses import replace

import h5py
import pytest

from tests.builders import ARCHITECTURE, a_chunk, a_snapshot, a_spec
from tests.unit.desk import Desk
from tests.unit.test_api_submitting import refused

SPEC = a_spec(epochs=3, seeds=(4, 7))
CELU = '{"activation": {"class_name": "celu", "registered_name": "gradient_lab>celu"}}'


@pytest.fixture
def path(desk: Desk) -> str:
    """An experiment whose first run has ended, and whose second has come to epoch 1."""
    experiment, _ = desk.store.add(SPEC)
    claim = desk.store.claim(experiment.id, worker="one")
    assert claim
    desk.store.append(claim, a_chunk(SPEC, first_epoch=0, epochs=1), architecture=ARCHITECTURE)
    desk.store.append(claim, a_chunk(SPEC, first_epoch=1, epochs=3))
    desk.store.append(claim, a_chunk(SPEC, seed=7, first_epoch=0, epochs=1))
    desk.store.append(claim, a_chunk(SPEC, seed=7, first_epoch=1, epochs=1))
    return f"/experiments/{experiment.id}"


@pytest.mark.parametrize(
    ("seed", "query", "epoch"), [(4, "", 3), (4, "?epoch=3", 3), (4, "?epoch=0", 0), (7, "?epoch=0", 0)]
)
def test_a_network_is_a_keras_file_with_every_number(desk: Desk, path: str, seed: int, query: str, epoch: int):
    answer = desk.http.get(f"{path}/runs/{seed}/model.keras{query}")
    assert answer.status_code == 200, answer.text
    assert f"seed-{seed}-epoch-{epoch}.keras" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("config.json")) == {"class_name": "Functional"}
        assert json.loads(archive.read("metadata.json"))["keras_version"] == "3.15.1"
        kernel, bias, _ = a_snapshot(seed, epoch).values
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            assert weights["layers/dense/vars/0"][()].tobytes() == kernel.tobytes()
            assert weights["layers/dense/vars/1"][()].tobytes() == bias.tobytes()
            assert list(weights["layers/dense/vars"]) == ["0", "1"]
            assert list(weights["layers"]) == ["dense"]


@pytest.mark.slow
def test_a_network_is_the_same_file_each_time_and_is_not_sent_twice(desk: Desk, path: str):
    first, second = (desk.http.get(f"{path}/runs/4/model.keras") for _ in range(2))
    assert first.content == second.content
    again = desk.http.get(f"{path}/runs/4/model.keras", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.slow
def test_what_there_is_no_network_of_is_said(desk: Desk, path: str):
    assert "kept when a run has ended" in refused(desk.http.get(f"{path}/runs/7/model.keras"), 404)["detail"]
    assert "epoch 0 and 3" in refused(desk.http.get(f"{path}/runs/4/model.keras?epoch=2"), 404)["detail"]
    assert "seeds are 4, 7" in refused(desk.http.get(f"{path}/runs/5/model.keras"), 404)["detail"]
    queued = desk.submit()
    assert "has not begun" in refused(desk.http.get(f"{queued}/runs/0/model.keras?epoch=0"), 404)["detail"]
    for wrong in ("runs/four/model.keras", "runs/4/model.keras?epoch=-1"):
        refused(desk.http.get(f"{path}/{wrong}"), 422)


def test_a_network_that_plain_keras_cannot_load_is_not_handed_out(desk: Desk):
    experiment, _ = desk.store.add(SPEC)
    claim = desk.store.claim(experiment.id, worker="one")
    assert claim
    form = replace(ARCHITECTURE, config=CELU)
    desk.store.append(claim, a_chunk(SPEC, first_epoch=0, epochs=4), architecture=form)
    found = refused(desk.http.get(f"/experiments/{experiment.id}/runs/4/model.keras"), 404)
    assert "its activation celu has parameters" in found["detail"]
