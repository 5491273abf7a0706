"""Networks that are graphs, with one word for each node."""

import json
from typing import Any

Json = dict[str, Any]

CIRCLES: Json = {"kind": "circles", "samples": 64, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 32}
TRAINING: Json = {
    "loss": "binary_crossentropy",
    "optimizer": {"kind": "sgd", "learning_rate": 0.05},
    "epochs": 3,
    "batch_size": 16,
}


def dense(units: int, activation: Any = "relu", **fields: Any) -> Json:
    """A dense layer."""
    return {"kind": "dense", "units": units, "activation": activation, **fields}


def node(name: str, layer: Any, *inputs: str) -> Json:
    """A node that is a layer."""
    return {"name": name, "layer": layer, "inputs": list(inputs)}


def shared(name: str, owner: str, *inputs: str) -> Json:
    """A node that uses another one's weights."""
    return {"name": name, "shares": owner, "inputs": list(inputs)}


def graph_fields(nodes: list[Json], outputs: tuple[str, ...] = ("out",), **more: Any) -> Json:
    """The fields of a spec whose network is a graph; `inputs` are the graph's, other fields the spec's."""
    model = {"nodes": nodes, "outputs": list(outputs)}
    if "inputs" in more:
        model["inputs"] = more.pop("inputs")
    return {"dataset": CIRCLES, "training": TRAINING, "model": model, **more}


def a_graph(nodes: list[Json], outputs: tuple[str, ...] = ("out",), **more: Any) -> str:
    """The JSON text of a spec whose network is a graph."""
    return json.dumps(graph_fields(nodes, outputs, **more))
