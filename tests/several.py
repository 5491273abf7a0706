"""A network with two inputs and two outputs, with one word for each part."""

import copy
from typing import Any

from tests.graphs import Json, dense, node

ID = "sha256:" + "a" * 64
# ``left`` is two columns, ``right`` one; ``price`` is a number, ``sort`` one of three classes.
SAMPLES: Json = {
    "train_count": 80,
    "val_count": 20,
    "inputs": [{"name": "left", "shape": [2]}, {"name": "right", "shape": [1]}],
    "outputs": [
        {"name": "price", "target": {"kind": "values", "count": 1}},
        {"name": "sort", "target": {"kind": "classes", "count": 3}, "classes": ["ant", "bee", "cat"]},
    ],
}
DATASET: Json = {
    "kind": "uploaded",
    "id": ID,
    "features": {"left": ["a", "b"], "right": ["c"]},
    "target": {"price": "value", "sort": "label"},
    "task": {"price": "values", "sort": "classes"},
    "split": {"kind": "in_order"},
}
MODEL: Json = {
    "inputs": ["left", "right"],
    "nodes": [
        node("a", dense(4, "tanh"), "left"),
        node("b", dense(4, "tanh"), "right"),
        node("both", {"kind": "concatenate"}, "a", "b"),
        node("hidden", dense(5, "tanh"), "both"),
        node("price", dense(1, "linear"), "hidden"),
        node("sort", dense(3, "softmax"), "hidden"),
    ],
    "outputs": ["price", "sort"],
}
TRAINING: Json = {
    "loss": {"price": "mean_squared_error", "sort": "categorical_crossentropy"},
    "loss_weights": {"price": 0.5},
    "optimizer": {"kind": "sgd", "learning_rate": 0.05},
    "epochs": 3,
    "batch_size": 16,
}


def two_ends(*, filled: bool = True, **changes: Any) -> Json:
    """The fields of a spec of two inputs and two outputs.

    Args:
        filled: what follows from the file is filled in.
        changes: values by the place of a field, its names joined by two underscores: ``training__loss``.
    """
    dataset = {**DATASET, "samples": SAMPLES} if filled else DATASET
    spec: Json = copy.deepcopy({"dataset": dataset, "model": MODEL, "training": TRAINING})
    for place, value in changes.items():
        *parents, last = place.split("__")
        part = spec
        for name in parents:
            part = part[name]
        part[last] = value
    return spec
