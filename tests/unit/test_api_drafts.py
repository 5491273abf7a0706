"""Drafts over HTTP: a model and an uploaded dataset become a spec that can be submitted as it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradlab.client.client import Client
from gradlab.schemas import DraftRequest
from tests.unit.desk import Desk, client_of
from tests.unit.translate.keras_texts import (
    a_dense,
    a_functional,
    a_sequential,
    a_tensor,
    an_input,
    called,
    compiled_with,
    text_of,
)

pytestmark = pytest.mark.slow  # a child process reads the file

MODEL = a_sequential(
    an_input(2), a_dense(4, "hidden"), a_dense(1, "out", activation="sigmoid"), compile_config=compiled_with()
)
NO_DATASET = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def desk(shared_desk: Desk) -> Desk:
    """One desk for all tests."""
    return shared_desk


@pytest.fixture(scope="module")
def dataset(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of an uploaded dataset of 100 rows."""
    file = tmp_path_factory.mktemp("files") / "points.csv"
    file.write_text("a,b,label\n" + "".join(f"{i / 7},{i % 5},{i % 2}\n" for i in range(100)))
    return client_of(desk).add_dataset(file).id


def a_draft(desk: Desk, dataset: str, **more: Any) -> Any:
    """The answer to a request for a draft."""
    return desk.http.post("/models/draft", json={"configuration": text_of(MODEL), "dataset": dataset, **more})


def test_a_draft_is_a_spec_that_can_be_submitted(desk: Desk, dataset: str):
    answer = a_draft(desk, dataset, name="mine")
    assert answer.status_code == 200, answer.text
    drafted = answer.json()
    assert drafted["spec"]["name"] == "mine"
    assert drafted["spec"]["dataset"]["samples"]["train_count"] == 80
    assert 20 <= drafted["spec"]["training"]["epochs"] <= 500
    assert drafted["spec"]["seeds"] == [0, 1, 2, 3, 4]
    assert drafted["seconds"] > 0
    assert any("epochs, as 60 s allow" in each for each in drafted["assumptions"])
    assert desk.http.post("/experiments", json=drafted["spec"]).status_code == 202


def test_epochs_and_seeds_are_as_said(desk: Desk, dataset: str):
    spec = a_draft(desk, dataset, epochs=3, seeds=2).json()["spec"]
    assert (spec["training"]["epochs"], spec["seeds"]) == (3, [0, 1])
    few = a_draft(desk, dataset, seconds=0.001).json()["spec"]
    assert few["training"]["epochs"] == 20


def test_what_does_not_fit_is_refused_by_field(desk: Desk, dataset: str):
    assert a_draft(desk, NO_DATASET).status_code == 404
    wide = a_sequential(an_input(7), a_dense(1, "out"))
    answer = desk.http.post("/models/draft", json={"configuration": text_of(wide), "dataset": dataset})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "features"
    classes = a_draft(desk, dataset, target="b", task="classes", features=["a", "label"])  # five classes, one unit
    assert (classes.status_code, classes.json()["errors"][0]["field"]) == (422, "model.layers[1]")
    assert a_draft(desk, dataset, configuration="{}").json()["errors"][0]["field"] != "features"


def test_a_model_of_two_outputs_predicts_the_columns_of_their_names(desk: Desk, dataset: str, tmp_path: Path):
    file = tmp_path / "two.npz"
    draw = np.random.default_rng(0)
    np.savez(file, x=draw.normal(size=(60, 2)), price=draw.normal(size=60), sort=np.arange(60) % 3)
    both = called(a_dense(4, "both"), [a_tensor("x")])
    ends = a_dense(1, "price", activation="linear"), a_dense(3, "sort", activation="softmax")
    outputs = [["price", 0, 0], ["sort", 0, 0]]
    layers = [called(an_input(2)), both, *(called(each, [a_tensor("both")]) for each in ends)]
    model = text_of(a_functional(*layers, inputs=[["x", 0, 0]], outputs=outputs))
    answer = a_draft(desk, client_of(desk).add_dataset(file).id, configuration=model)
    assert answer.status_code == 200, answer.text
    spec = answer.json()["spec"]
    assert spec["dataset"]["task"] == {"price": "values", "sort": "classes"}
    assert [each["name"] for each in spec["dataset"]["samples"]["outputs"]] == ["price", "sort"]
    assert spec["training"]["loss"]["sort"]["kind"] == "categorical_crossentropy"
    assert desk.http.post("/experiments", json=spec).status_code == 202
    lacking = a_draft(desk, dataset, configuration=model)
    assert (lacking.status_code, lacking.json()["errors"][0]["field"]) == (422, "target")


def test_the_client_asks_for_drafts(desk: Desk, dataset: str):
    client: Client = client_of(desk)
    drafted = client.draft(DraftRequest(configuration=text_of(MODEL), dataset=dataset, epochs=2))
    assert drafted.spec.training.epochs == 2
    assert drafted.spec.dataset.train_count == 80


def test_gaps_and_weights_of_a_validation_file_are_seen(desk: Desk, tmp_path: Path):
    rows = [f"{i / 7},{i % 5},{1 + i % 2},{i % 2}\n" for i in range(100)]
    train, val = tmp_path / "train.csv", tmp_path / "val.csv"
    train.write_text("a,b,sample_weight,label\n" + "".join(rows))
    val.write_text("a,b,sample_weight,label\n" + "".join([",1,1,1\n", *rows[:19]]))
    client = client_of(desk)
    own, other = client.add_dataset(train).id, client.add_dataset(val).id
    answer = a_draft(desk, own, validation=other)
    assert answer.status_code == 200, answer.text
    fields = answer.json()["spec"]["dataset"]
    assert (fields["prepare"][0]["kind"], fields["prepare"][0]["columns"]) == ("impute", ["a"])
    assert (fields["sample_weight"], fields["samples"]["val_count"]) == ("sample_weight", 20)
    val.write_text("a,b,label\n" + "".join(f"{i / 7},{i % 5},{i % 2}\n" for i in range(20)))
    without = a_draft(desk, own, validation=client.add_dataset(val).id)
    assert without.json()["spec"]["dataset"]["sample_weight"] is None
