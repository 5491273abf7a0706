"""A network of two inputs and two outputs on an uploaded NPZ file, from the upload to the diagnosis, beside `fit`."""

import io
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import keras
import numpy as np

from core.blobs import open_blobs
from core.training.network import Network
from core.training.sample_order import sample_order
from core.use_cases.samples import SampleLoader
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from gradlab.translate.keras_program import keras_program
from gradlab.vocabulary.datasets import Dataset
from tests.graphs import dense, node
from tests.in_process import trained_in_process
from tests.unit.desk import Desk, a_desk

# Batches of training and validation are whole: Keras's mean of one output's loss counts a smaller one as a whole one.
ROWS = 128
MODEL = {
    "inputs": ["numbers", "image"],
    "nodes": [
        node("flat", {"kind": "flatten"}, "image"),
        node("seen", dense(4, "tanh"), "flat"),
        node("both", {"kind": "concatenate"}, "numbers", "seen"),
        node("price", dense(1, "linear"), "both"),
        node("sort", dense(3, "softmax"), "both"),
    ],
    "outputs": ["sort", "price"],
}
TRAINING = {
    "loss": {"price": "mean_squared_error", "sort": "categorical_crossentropy"},
    "loss_weights": {"price": 0.3, "sort": 1.0},
    "optimizer": {"kind": "adam", "learning_rate": 0.01},
    "metrics": {"price": ["mean_absolute_error"], "sort": ["accuracy"]},
    "epochs": 3,
    "batch_size": 16,
}


def arrays() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(5)
    numbers, image = draw.normal(2, 3, (ROWS, 2)).astype(np.float32), draw.normal(size=(ROWS, 3, 3)).astype(np.float32)
    sort = np.array(["ant", "bee", "cat"])[np.digitize(image[:, 0, 0], [-0.4, 0.4])]
    return {"numbers": numbers, "image": image, "price": numbers[:, 0] - image[:, 1, 1], "sort": sort}


def submitted(desk: Desk) -> ExperimentSpec:
    """The spec of a submitted experiment: nothing is named but the tasks, and the columns that are scaled."""
    file = io.BytesIO()
    np.savez(file, **arrays())
    made = desk.checked(desk.upload(file.getvalue(), "application/x-npz").headers["Location"])
    assert made["status"] == "ready", made
    dataset = {
        "kind": "uploaded",
        "id": made["id"],
        "task": {"price": "values", "sort": "classes"},
        "split": {"kind": "random", "train": 0.75},
        "prepare": [{"kind": "standardise", "columns": ["numbers", "price"]}],
    }
    answer = desk.http.post("/experiments", json={"dataset": dataset, "model": MODEL, "training": TRAINING})
    assert answer.status_code == 202, answer.text
    return ExperimentSpec.model_validate(answer.json()["spec"])


def fitted(spec: ExperimentSpec, data: Dataset) -> list[dict[str, float]]:
    """Loss and metrics of each epoch, as the written program's model has them by `fit`, from the same weights."""
    scope: dict[str, Any] = {}
    for statements in (r"import keras\n.*model = keras.Model\(.*?\)\n", r"model.compile\(.*?\n\)"):
        exec(re.findall(statements, keras_program(spec), re.DOTALL)[0], scope)
    model: keras.Model = scope["model"]
    model.jit_compile = False  # ready in half the time
    hidden = next(each.name for each in model.layers if each.weights and each.name not in ("price", "sort"))
    for layer in Network(spec, 0).layers:
        if layer.keras.weights:
            name = hidden if layer.named.name == "seen" else layer.named.name
            model.get_layer(name).set_weights(layer.keras.get_weights())
    names = [each.name for each in spec.inputs], [each.name for each in spec.outputs]

    def part(x: Any, y: Any, rows: Any = slice(None)) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        targets = {name: each[rows] for name, each in zip(names[1], y, strict=True)}
        targets["sort"] = keras.utils.to_categorical(targets["sort"], 3)
        return {name: each[rows] for name, each in zip(names[0], x, strict=True)}, targets

    epochs = []
    for epoch in range(1, spec.epochs + 1):
        order = sample_order(0, epoch, spec.dataset.train_count)
        options: dict[str, Any] = {"batch_size": 16, "shuffle": False, "verbose": 0}
        validation = part(data.val_x, data.val_y)
        history = model.fit(*part(data.train_x, data.train_y, order), validation_data=validation, **options).history
        epochs.append({name: values[0] for name, values in history.items()})
    return epochs


def test_a_network_of_two_inputs_and_outputs_trains_as_by_fit_through_the_service(migrated_file: Path, tmp_path: Path):
    with a_desk(migrated_file, tmp_path) as desk:
        spec = submitted(desk)
        assert [(each.name, each.shape) for each in spec.inputs] == [("numbers", (2,)), ("image", (3, 3))]
        load = SampleLoader(desk.store, open_blobs(desk.settings))
        (experiment,) = desk.http.get("/experiments").json()["experiments"]
        trained_in_process(UUID(experiment["id"]), desk.store, load)
        ended = desk.http.get(f"/experiments/{experiment['id']}").json()
        assert (ended["status"], ended["error"]) == (Status.completed.value, None)
        (recorded,) = desk.http.get(f"/experiments/{experiment['id']}/history").json()["runs"]
        theirs = fitted(spec, load(spec.dataset))
        for name in ("loss", "val_loss", *spec.metric_names, *(f"val_{each}" for each in spec.metric_names)):
            ours = recorded["metrics"][name][-3:]
            np.testing.assert_allclose(ours, [epoch[name] for epoch in theirs], rtol=5e-5, atol=2e-6, err_msg=name)
        diagnosis = desk.http.get(f"/experiments/{experiment['id']}/diagnosis")
        assert diagnosis.status_code == 200, diagnosis.text
