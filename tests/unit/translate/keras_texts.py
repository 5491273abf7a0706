"""Configurations as Keras writes them, put together without Keras."""

import json
from typing import Any

GLOROT = {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": None}}


def a_layer(class_name: str, name: str, *, module: str | None = "keras.layers", **config: Any) -> dict[str, Any]:
    """A layer as Keras 3 writes it; with module None as Keras 2 does."""
    outer = {} if module is None else {"module": module, "registered_name": None}
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}, **outer}


def an_input(*shape: int | None, name: str = "x", module: str | None = "keras.layers") -> dict[str, Any]:
    """An input layer of samples of a shape."""
    field = "batch_shape" if module else "batch_input_shape"
    return a_layer("InputLayer", name, module=module, dtype="float32", **{field: [None, *shape]})


def a_dense(units: int = 3, name: str = "dense", **config: Any) -> dict[str, Any]:
    """A dense layer."""
    return a_layer("Dense", name, units=units, activation=config.pop("activation", "relu"), **config)


def a_sequential(*layers: dict[str, Any], **outer: Any) -> dict[str, Any]:
    """A sequential model."""
    config = {"name": outer.pop("name", "sequential"), "layers": list(layers)}
    return {"class_name": "Sequential", "config": config, "module": "keras", **outer}


def a_tensor(layer: str, call: int = 0, output: int = 0) -> dict[str, Any]:
    """A tensor as Keras 3 refers to it."""
    return {"class_name": "__keras_tensor__", "config": {"shape": [None], "keras_history": [layer, call, output]}}


def called(layer: dict[str, Any], *calls: Any) -> dict[str, Any]:
    """A layer of a functional model with its calls, each the positional arguments."""
    nodes = [{"args": list(call), "kwargs": {}} for call in calls]
    return {**layer, "name": layer["config"]["name"], "inbound_nodes": nodes}


def a_functional(*layers: dict[str, Any], inputs: Any, outputs: Any, **outer: Any) -> dict[str, Any]:
    """A functional model."""
    config = {"name": outer.pop("name", "model"), "layers": list(layers)}
    config |= {"input_layers": inputs, "output_layers": outputs}
    module = outer.pop("module", "keras.src.models.functional")
    return {"class_name": "Functional", "config": config, "module": module, "registered_name": "Functional", **outer}


def text_of(model: dict[str, Any]) -> str:
    """The text of a configuration."""
    return json.dumps(model)


def compiled_with(**config: Any) -> dict[str, Any]:
    """A compile configuration of Keras 3."""
    optimizer = {"module": "keras.optimizers", "class_name": "SGD", "registered_name": None, "config": {
        "name": "sgd", "learning_rate": 0.009999999776482582, "weight_decay": None, "use_ema": False,
        "ema_momentum": 0.99, "momentum": 0.9, "nesterov": False}}  # fmt: skip
    return {"optimizer": optimizer, "loss": "mse", "metrics": None, "jit_compile": False, **config}
