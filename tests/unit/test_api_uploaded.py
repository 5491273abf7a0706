"""Experiments on uploaded datasets over HTTP: filled in, validated, submitted, and deleted only together."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from core.blobs import open_blobs
from core.use_cases.samples import SampleLoader
from gradlab.errors import NotFound
from gradlab.schemas.datasets import FileFormat
from gradlab.spec.experiment import parse
from tests.unit.desk import Desk

ROWS = [f"{i % 7},{i * i % 11},{('ant', 'bee', 'cat')[i % 3]}" for i in range(60)]
TABLE = "\n".join(["a,b,species", *ROWS])
FIELDS = {"kind": "uploaded", "target": "species", "task": "classes", "split": "stratified", "prepare": ["standardise"]}


@pytest.fixture(scope="module")
def desk(shared_desk: Desk) -> Desk:
    """One desk for all tests: its child process takes half a second to start."""
    return shared_desk


@pytest.fixture(scope="module")
def dataset(desk: Desk) -> str:
    """The id of an uploaded table that is ready."""
    return str(desk.checked(desk.upload(TABLE).headers["Location"])["id"])


def a_spec(dataset: str, units: int = 3, **fields: Any) -> dict[str, Any]:
    return {
        "dataset": FIELDS | {"id": dataset} | fields,
        "model": {"layers": [{"kind": "dense", "units": units, "activation": "softmax"}]},
        "training": {"loss": "categorical_crossentropy", "optimizer": "sgd", "epochs": 2},
    }


def refused(desk: Desk, spec: dict[str, Any], status: int = 422, path: str = "/experiments") -> str:
    answer = desk.http.post(path, json=spec)
    assert answer.status_code == status, answer.text
    return str(answer.json()["detail"])


@pytest.mark.slow
def test_a_spec_is_filled_in_and_its_dataset_stays_until_its_experiments_are_deleted(desk: Desk, dataset: str):
    checked = desk.http.post("/experiments/validate", json=a_spec(dataset)).json()
    assert checked["estimate"]["parameters"] == 9
    answer = desk.http.post("/experiments", json=a_spec(dataset))
    spec = answer.json()["spec"]
    assert spec["dataset"]["samples"] == {
        "train_count": 48,
        "val_count": 12,
        "feature_shape": [2],
        "target": {"kind": "classes", "count": 3, "steps": []},
        "classes": ["ant", "bee", "cat"],
        "whole_below": None,
    }
    again = desk.http.post("/experiments/validate", json=spec).json()
    assert again["fingerprint"] == checked["fingerprint"]
    load = SampleLoader(desk.store, open_blobs(desk.settings))
    data = load(parse(desk.store.get(UUID(answer.json()["id"])).spec.canonical()).dataset)
    assert np.bincount(data.train_y).tolist() == [16, 16, 16]
    assert data.train_x.mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert load(desk.store.get(UUID(answer.json()["id"])).spec.dataset) is data
    plane = desk.http.get(f"/experiments/{answer.json()['id']}/samples").json()
    assert plane["training"]["x"] == data.train_x[:, 0].tolist()
    assert desk.http.get(f"/experiments/{answer.json()['id']}/charts/data.svg").status_code == 200
    kept = desk.http.delete(f"/datasets/{dataset}")
    assert kept.status_code == 409
    assert answer.json()["id"] in kept.json()["detail"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"target": "specis"},
            "dataset.target: expected one of a, b, species (did you mean species?); received specis",
        ),
        ({"units": 2}, "model.layers[0]: expected an output of shape (3,)"),
        ({"features": ["species"], "target": "a"}, "dataset.prepare: expected one_hot or ordinal"),
        ({"prepare": ["log", "clipp"]}, "dataset.prepare[1]: expected one of standardise, min_max"),
        ({"samples": {"train_count": 1}}, "dataset.samples.val_count: expected a value"),
        ({"dataset": "sha256:" + "0" * 64}, "dataset.id: expected the id of an uploaded dataset that is not deleted"),
    ],
)
def test_what_the_file_cannot_give_is_refused_with_its_field(desk: Desk, dataset: str, given: Any, text: str):
    for path in ("/experiments", "/experiments/validate", "/experiments/triage"):
        assert text in refused(desk, a_spec(**{"dataset": dataset} | given), path=path)


@pytest.mark.slow
def test_a_dataset_that_is_being_checked_is_a_conflict(desk: Desk):
    named = "sha256:" + "c" * 64
    desk.store.datasets.add(named, "unread", FileFormat.csv, 10)
    assert desk.store.datasets.claim(named, lease=timedelta(minutes=1))  # the service's own checker leaves it alone
    assert "is being checked" in refused(desk, a_spec(named), 409)
    with pytest.raises(NotFound, match="is not ready"):
        SampleLoader(desk.store, open_blobs(desk.settings))._table(named)
