"""A network's architecture as plain Keras can load it: a Keras config, and each variable's path in a `.keras` file.

Plain Keras does not have all kinds of this service. An activation with parameters becomes the Keras layer that computes
it, where there is one. The initialisers of attention become those that Keras has. Seeds are left out, as each run has
its own.
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

# Activations with parameters that Keras has as layers too: kind -> name of the Keras layer.
AS_LAYERS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU"}
OURS = "gradient_lab>"


def architecture(spec: ExperimentSpec, model: keras.Model, variables: tuple[Variable, ...]) -> Architecture:
    """Describe the network of a spec, as stored with an experiment.

    Args:
        spec: the experiment.
        model: a Keras model of the same architecture; its initialisers may differ.
        variables: the path of each variable.
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
    """Initialisers of a layer, or of the layer inside a bidirectional one, as Keras configs: field -> config."""
    held = getattr(layer, "layer", layer)
    fields = [field for field in type(held).model_fields if field.endswith("_initializer")]
    return {field: keras.saving.serialize_keras_object(getattr(held, field).build(keras, None)) for field in fields}


def _portable(value: Any) -> Any:
    """Replace this service's registered names in a config by Keras's own, and every seed by None."""
    if isinstance(value, list | tuple):
        return [_portable(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = str(value.get("registered_name") or "").removeprefix(OURS)
    if value.get("registered_name") == OURS + kind and kind in AS_LAYERS:
        return {"module": "keras.layers", "class_name": AS_LAYERS[kind], "config": value["config"]}
    return {name: None if name == "seed" else _portable(each) for name, each in value.items()}


def variable_paths(network: Network) -> tuple[Variable, ...]:
    """Find the path of each variable in a Keras weights file, in the order of `Network.variables`.

    Each variable holds its own number while the file is written; afterwards it has its value again.
    """
    before = [variable.numpy() for variable in network.variables]
    for number, variable in enumerate(network.variables):
        variable.assign(np.full(variable.shape, number, before[number].dtype))
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        # Keras 3.15 converts TensorFlow's variables by a call that NumPy 2 has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        file = Path(scratch) / "numbered.weights.h5"
        network.model.save_weights(file)
        paths: dict[int, str] = {}
        with h5py.File(file) as saved:
            saved.visititems(lambda path, item: _note(path, item, paths))
    for variable, value in zip(network.variables, before, strict=True):
        variable.assign(value)
    return tuple(Variable(paths.get(i), value.shape, value.dtype.name) for i, value in enumerate(before))


def _note(path: str, item: Any, paths: dict[int, str]) -> None:
    if isinstance(item, h5py.Dataset):
        paths[int(item[()].flat[0])] = path
