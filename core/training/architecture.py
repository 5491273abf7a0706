"""A network as plain Keras can load it: its form in Keras's own words, and where each variable lies in a `.keras` file.

Two things that Keras cannot find by their names are said in others: an activation with parameters as the layer that
computes it, where Keras has one, and how attention draws its weights as the rule by which it does. Seeds are left out:
each run has its own.
"""

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from core.training.network import Network
from gradlab.measurement.history import Architecture, Variable
from gradlab.spec import ExperimentSpec

# The activations with parameters that Keras has as layers too: the kind, and the layer's name.
AS_LAYERS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU"}
OURS = "gradient_lab>"


def architecture(spec: ExperimentSpec, model: keras.Model, variables: tuple[Variable, ...]) -> Architecture:
    """What the network of a spec is.

    Args:
        spec: what was asked for.
        model: of the same architecture; it may have been drawn by other initialisers.
        variables: where they lie.
    """
    config = keras.saving.serialize_keras_object(model)
    config["config"]["name"] = "network"
    rules = {layer.name: _initializers(layer.spec) for layer in spec.layers}
    for layer in config["config"]["layers"]:
        held = [layer["config"][name] for name in ("layer", "backward_layer") if name in layer["config"]]
        for drawn in held or [layer]:
            drawn["config"] |= rules.get(layer["config"]["name"], {})
    return Architecture(json.dumps(_portable(config), sort_keys=True), variables, keras.__version__)


def _initializers(layer: Any) -> dict[str, Any]:
    """The rules by which a layer of the spec is drawn, or those of the layer that it holds twice."""
    held = getattr(layer, "layer", layer)
    fields = [field for field in type(held).model_fields if field.endswith("_initializer")]
    return {field: keras.saving.serialize_keras_object(getattr(held, field).build(keras, None)) for field in fields}


def _portable(value: Any) -> Any:
    """A config in which everything is plain Keras's, and no seed is told."""
    if isinstance(value, list | tuple):
        return [_portable(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = str(value.get("registered_name") or "").removeprefix(OURS)
    if value.get("registered_name") == OURS + kind and kind in AS_LAYERS:
        return {"module": "keras.layers", "class_name": AS_LAYERS[kind], "config": value["config"]}
    return {name: None if name == "seed" else _portable(each) for name, each in value.items()}


def where_variables_lie(network: Network) -> tuple[Variable, ...]:
    """Where Keras puts each variable of a network, in their order: each is saved while it holds its own number."""
    before = [variable.numpy() for variable in network.variables]
    for number, variable in enumerate(network.variables):
        variable.assign(np.full(variable.shape, number, before[number].dtype))
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        # Keras 3.15 asks TensorFlow's variables for their arrays in a way that NumPy 2 calls old.
        warnings.simplefilter("ignore", DeprecationWarning)
        file = Path(scratch) / "numbered.weights.h5"
        network.model.save_weights(file)
        found: dict[int, str] = {}
        with h5py.File(file) as saved:
            saved.visititems(lambda path, item: _note(path, item, found))
    for variable, value in zip(network.variables, before, strict=True):
        variable.assign(value)
    return tuple(Variable(found.get(i), value.shape, value.dtype.name) for i, value in enumerate(before))


def _note(path: str, item: Any, found: dict[int, str]) -> None:
    if isinstance(item, h5py.Dataset):
        found[int(item[()].flat[0])] = path
