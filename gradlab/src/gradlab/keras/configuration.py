"""Translation of Keras objects to the service's vocabulary, by their configurations; None where it has no word for one.

Names of fields are Keras's own in both. A layer's translation is built again, and must have the layer's configuration:
arguments that the vocabulary does not have must be Keras's defaults.
"""

import math
import re
from collections.abc import Iterable
from functools import cache
from itertools import count
from typing import Any

import keras
import numpy as np
from pydantic import TypeAdapter, ValidationError

from gradlab.frozen import Frozen, kind_of
from gradlab.vocabulary.activations import ACTIVATIONS, Activation, ActivationFunction
from gradlab.vocabulary.constraints import CONSTRAINTS, Constraint
from gradlab.vocabulary.initializers import INITIALIZERS, Initializer, WeightInitializer
from gradlab.vocabulary.layers import LAYERS, Layer, LayerSpec
from gradlab.vocabulary.layers.attention import MultiHeadAttention
from gradlab.vocabulary.optimizers import OPTIMIZERS, GradientOptimizer, Optimizer
from gradlab.vocabulary.regularizers import REGULARIZERS, Regularizer
from gradlab.vocabulary.schedules import SCHEDULES

ACTIVATION_LAYER_FIELDS = {
    "ReLU": ("relu", ("negative_slope", "max_value", "threshold")),
    "LeakyReLU": ("leaky_relu", ("negative_slope",)),
    "ELU": ("elu", ("alpha",)),
    "Softmax": ("softmax", ()),
}
# What two layers of the same kind may differ in: they compute the same.
BESIDE = {
    "name",
    "seed",
    "dtype",
    "trainable",
    "registered_name",
    "module",
    "build_config",
    "batch_shape",
    "zero_output",
}
# One number stands for equal ones along all axes.
SIZES = {"kernel_size", "strides", "pool_size", "dilation_rate"}
# A block is several layers of Keras, see `gradlab.keras.blocks`.
UNTRANSLATED = {"residual"}


@cache
def _adapter(union: Any) -> TypeAdapter[Any]:
    return TypeAdapter(union)


def _validated(union: Any, value: dict[str, Any]) -> Any:
    try:
        return _adapter(union).validate_python(value)
    except ValidationError:
        return None


def activation_spec(function: Any) -> ActivationFunction | None:
    """Translate an activation: a function of Keras, or a layer that is an activation by itself."""
    if isinstance(function, keras.layers.Activation):
        function = function.activation
    name = type(function).__name__
    if isinstance(function, keras.layers.Layer):
        kind, fields = ACTIVATION_LAYER_FIELDS.get(name, (None, ()))
        values = {field: _plain(getattr(function, field)) for field in fields}
        return None if kind is None else _validated(Activation, {"kind": kind} | values)
    kinds = {kind_of(member) for member in ACTIVATIONS}
    if name in kinds and hasattr(function, "get_config"):  # one with parameters, as the vocabulary builds it
        return _validated(Activation, {"kind": name, **function.get_config()})
    own = getattr(function, "__name__", "")
    return (
        _validated(Activation, {"kind": own}) if own in kinds and getattr(keras.activations, own) is function else None
    )


def initializer_spec(initializer: Any) -> WeightInitializer | None:
    """Translate an initialiser of Keras, with its parameters."""
    return _by_class(initializer, INITIALIZERS, Initializer)


def optimizer_spec(optimizer: Any) -> GradientOptimizer | None:
    """Translate an optimiser of Keras, with its clipping and its schedule."""
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    if optimizer is None or optimizer.use_ema:
        return None
    config = optimizer.get_config()
    rate = getattr(optimizer, "_learning_rate", None)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        config["learning_rate"] = _fields(rate, SCHEDULES)
    return _from_config(type(optimizer).__name__, config, OPTIMIZERS, Optimizer)


def layer_spec(layer: Any) -> LayerSpec | None:
    """Translate a layer of Keras; None if its configuration has anything that the vocabulary does not."""
    if not type(layer).__module__.startswith("keras."):
        return None
    if type(layer).__name__ in ACTIVATION_LAYER_FIELDS:
        activation = activation_spec(layer)
        values = None if activation is None else {"kind": "activation", "activation": activation.model_dump()}
        return None if values is None else _validated(Layer, values)
    values = _layer_fields(layer)
    spec: LayerSpec | None = None if values is None else _validated(Layer, values)
    if spec is None:
        return None
    built = _built(spec, layer.name)
    return spec if _essence(built.get_config()) == _essence(layer.get_config()) else None


def _built(spec: LayerSpec, name: str) -> Any:
    if not isinstance(spec, MultiHeadAttention):
        return spec.build(keras, name=name, seeds=count(1))
    # The service's own has initialisers that draw its three projections apart.
    arguments = spec.weight_arguments(keras, count(1))
    return keras.layers.MultiHeadAttention(
        spec.num_heads, spec.key_dim, value_dim=spec.value_dim, dropout=spec.dropout, name=name, **arguments
    )


def _layer_fields(layer: Any) -> dict[str, Any] | None:
    name = type(layer).__name__.lower()
    member = next((each for each in LAYERS if kind_of(each).replace("_", "") == name), None)
    if member is None or kind_of(member) in UNTRANSLATED:
        return None
    if isinstance(layer, keras.layers.Bidirectional):
        inner = _layer_fields(layer.forward_layer)
        return inner and {"kind": "bidirectional", "layer": inner, "merge_mode": layer.merge_mode}
    config = layer.get_config()
    values: dict[str, Any] = {"kind": kind_of(member)}
    if isinstance(layer, keras.layers.MultiHeadAttention):
        causal = _is_causal(layer)
        if causal is None:
            return None
        values["causal"] = causal
    for field in member.model_fields:
        if field in config:
            value = _translated(field, getattr(layer, field, getattr(layer, f"_{field}", None)), config[field])
            if value is None and config[field] is not None:
                return None
            values[field] = value[0] if field in SIZES and isinstance(value, tuple) and len({*value}) == 1 else value
    return values


def _is_causal(layer: Any) -> bool | None:
    """True if an attention layer attends to earlier steps only; None if it is not called once, with itself alone."""
    if len(layer._inbound_nodes) != 1:
        return None
    (node,) = layer._inbound_nodes
    options = {name: value for name, value in node.arguments.kwargs.items() if value is not None}
    tensors = {id(each) for each in node.input_tensors}
    if len(tensors) != 1 or options.keys() - {"use_causal_mask", "training", "query", "value", "key"}:
        return None
    return bool(options.get("use_causal_mask", False))


def _translated(field: str, value: Any, configured: Any) -> Any:
    """Return a field's value in the vocabulary; None if there is none."""
    if field.endswith("initializer"):
        return _dumped(initializer_spec(value))
    if field.endswith("activation"):
        return _dumped(activation_spec(value))
    if field.endswith("regularizer"):
        return _dumped(_by_class(value, REGULARIZERS, Regularizer))
    if field.endswith("constraint"):
        return _dumped(_by_class(value, CONSTRAINTS, Constraint))
    return _plain(configured)


def _dumped(spec: Frozen | None) -> dict[str, Any] | None:
    return None if spec is None else spec.model_dump()


def _by_class(thing: Any, members: Iterable[type[Frozen]], union: Any) -> Any:
    if thing is None or not hasattr(thing, "get_config"):
        return None
    return _from_config(type(thing).__name__, thing.get_config(), members, union)


def _from_config(name: str, config: dict[str, Any], members: Iterable[type[Any]], union: Any) -> Any:
    member = next((each for each in members if each.keras_name == name), None)
    if member is None:
        return None
    values = {field: _plain(config[field]) for field in member.model_fields if field in config}
    return _validated(union, {"kind": kind_of(member)} | values)


def _fields(thing: Any, members: Iterable[type[Any]]) -> dict[str, Any] | None:
    """Return a schedule's kind and fields; None if the vocabulary has none of its class."""
    config = thing.get_config()
    member = next((each for each in members if each.keras_name == type(thing).__name__), None)
    if member is None:
        return None
    return {"kind": kind_of(member)} | {
        field: _plain(config[field]) for field in member.model_fields if field in config
    }


def _plain(value: Any) -> Any:
    """Return NumPy's numbers as Python's, in the digits of float32, and lists as tuples."""
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        value = value.item()
    if isinstance(value, float) and math.isfinite(value):
        short = float(str(np.float32(value)))
        return short if np.float32(value) == value else value
    if isinstance(value, list | tuple):
        return tuple(_plain(each) for each in value)
    return value


def _essence(config: Any) -> Any:
    """Return what a layer computes, of its configuration."""
    if isinstance(config, dict):
        return {key: _essence(_as_given(key, value)) for key, value in config.items() if key not in BESIDE}
    if isinstance(config, list | tuple):
        return [_essence(each) for each in config]
    return _plain(config)


def _as_given(field: str, value: Any) -> Any:
    """Return a field as a user gives it: Keras fills in some when it builds a layer."""
    if field == "axis" and isinstance(value, list | tuple) and len(value) == 1:
        return value[0]
    # The axes between samples and features; the vocabulary has sequences alone, with one.
    return None if field == "attention_axes" and value is not None and tuple(value) == (1,) else value


def snake_case(name: str) -> str:
    """Return a class's name in the form of Keras's functions: ``mean_squared_error``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
