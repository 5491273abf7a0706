"""Initial weights over HTTP: uploaded, answered, used by a spec, and deleted only without it."""

import json
import os
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.blobs import open_blobs
from core.store import utc_now
from core.use_cases import weights
from core.use_cases.collecting import MIN_AGE, claim_storage, collect
from gradlab.spec.experiment import parse
from gradlab.tensor_file import write_tensors
from tests.unit.desk import Desk, client_of
from tests.unit.test_initial_weights import a_spec

TENSORS = {
    "dense_1/kernel": np.ones((2, 3), np.float32),
    "dense_1/bias": np.zeros(3, np.float32),
    "dense_2/kernel": np.ones((3, 1), np.float32),
    "dense_2/bias": np.zeros(1, np.float32),
}
LAYERS = [{"kind": "dense", "units": 3}, {"kind": "dense", "units": 1, "activation": "sigmoid"}]


@pytest.fixture(scope="module")
def desk(shared_desk: Desk) -> Desk:
    # A thread of the service may come to it only once a test has left bytes that no row names.
    assert claim_storage(store=shared_desk.store, blobs=open_blobs(shared_desk.settings))
    return shared_desk


def a_file(folder: Path, **tensors: np.ndarray) -> Path:
    file = folder / "mine.safetensors"
    write_tensors(TENSORS | tensors, file)
    return file


def spec_of(id: str) -> dict[str, Any]:
    fields = json.loads(a_spec(LAYERS).canonical())
    fields["training"]["initial_weights"]["id"] = id
    return dict(fields)


@pytest.mark.slow
def test_weights_are_uploaded_once_answered_and_kept_while_they_are_used(desk: Desk, tmp_path: Path):
    file, client = a_file(tmp_path), client_of(desk)
    uploaded = client.add_weights(file)
    assert (uploaded.name, uploaded.tensor_count, uploaded.parameters) == ("mine.safetensors", 4, 13)
    assert uploaded.tensors[0].shape == (2, 3)
    assert client.add_weights(file, name="other") == uploaded
    assert client.uploaded_weights(uploaded.id) == uploaded
    assert uploaded.id in [each.id for each in client.list_weights()]
    assert client.weights_file(uploaded.id) == file.read_bytes()
    estimated = client.validate(spec_of(uploaded.id)).estimate
    assert "the same given weights" in estimated.notes[0]

    location = desk.http.post("/experiments", json=spec_of(uploaded.id)).headers["Location"]
    blobs = open_blobs(desk.settings)
    loaded = weights.load(parse(json.dumps(spec_of(uploaded.id))), store=desk.store, blobs=blobs)
    assert loaded is not None
    np.testing.assert_array_equal(loaded["dense_1/kernel"], TENSORS["dense_1/kernel"])
    refused = desk.http.delete(f"/weights/{uploaded.id}")
    assert refused.status_code == 409
    assert location.removeprefix("/experiments/") in refused.json()["detail"]
    assert desk.http.delete(location).status_code == 204
    client.delete_weights(uploaded.id)
    assert desk.http.get(f"/weights/{uploaded.id}").status_code == 404


def test_the_sweep_collects_the_bytes_of_deleted_weights_alone(desk: Desk, tmp_path: Path, monkeypatch):
    client, blobs = client_of(desk), open_blobs(desk.settings)
    kept = client.add_weights(a_file(tmp_path))
    gone = client.add_weights(a_file(tmp_path, **{"dense_2/bias": np.ones(1, np.float32)}))
    client.delete_weights(gone.id)
    monkeypatch.setattr("core.use_cases.collecting.MIN_AGE", timedelta(seconds=-5))
    collect(store=desk.store, blobs=blobs)
    assert blobs.exists(kept.id.removeprefix("sha256:"))
    assert not blobs.exists(gone.id.removeprefix("sha256:"))
    assert client.weights_file(kept.id)


def test_bytes_of_deleted_weights_are_young_again_when_they_arrive_again(desk: Desk, tmp_path: Path):
    client, blobs = client_of(desk), open_blobs(desk.settings)
    file = a_file(tmp_path, **{"dense_2/bias": np.full(1, 2, np.float32)})
    uploaded = client.add_weights(file)
    client.delete_weights(uploaded.id)
    digest = uploaded.id.removeprefix("sha256:")
    os.utime(blobs.fetch(digest), (0, 0))  # of an age at which the sweep deletes what no row names
    assert client.add_weights(file).id == uploaded.id
    modified = blobs.modified(digest)
    assert modified is not None
    assert utc_now() - modified < MIN_AGE


@pytest.mark.slow
def test_a_list_holds_the_tensors_of_one_row_at_a_time(desk: Desk):
    shapes = {f"dense_{number}/kernel": (2, 3) for number in range(2_000)}
    for number in range(8):
        desk.store.weights.add(f"sha256:{number:064}", "many", 4, shapes)
    tracemalloc.start()
    try:
        page = desk.store.weights.page(limit=8)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(each.tensor_count, each.parameters) for each in page.weights] == [(2_000, 12_000)] * 8
    assert peak < 3_000_000  # one row takes 0.5 MB; all 16,000 tensors together took 10 MB
    for number in range(8):
        desk.store.weights.delete(f"sha256:{number:064}")


def test_a_spec_that_they_do_not_fit_is_refused(desk: Desk, tmp_path: Path):
    uploaded = client_of(desk).add_weights(a_file(tmp_path, **{"dense_2/kernel": np.ones((4, 1), np.float32)}))
    answer = desk.http.post("/experiments", json=spec_of(uploaded.id))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "training.initial_weights.id")
    assert "dense_2/kernel of shape (3, 1)" in answer.json()["detail"]
    unknown = desk.http.post("/experiments", json=spec_of("sha256:" + "0" * 64))
    assert unknown.status_code == 422
    assert "the id of uploaded weights" in unknown.json()["detail"]


def test_another_file_and_another_type_are_refused(desk: Desk):
    media_type = {"Content-Type": "application/x-safetensors"}
    assert desk.http.post("/weights", content=b"\x80\x04\x95pickled code", headers=media_type).status_code == 422
    assert desk.http.post("/weights", content=b"{}", headers={"Content-Type": "text/csv"}).status_code == 415
    too_large = {**media_type, "Content-Length": str(desk.settings.max_weights_bytes + 1)}
    assert desk.http.post("/weights", content=b"", headers=too_large).status_code == 413
    assert desk.http.get("/weights/sha256:1").status_code == 422
