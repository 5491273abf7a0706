"""Translation of Keras objects to the service's vocabulary, by their configurations; None where it has no word for one.

The table is that of `gradlab.translate.from_keras`, which reads the same configurations as text.
"""

from typing import Any

import keras
from pydantic import TypeAdapter, ValidationError

from gradlab.translate.from_keras.layers import layer_of
from gradlab.translate.from_keras.notes import Notes, Untranslatable
from gradlab.translate.from_keras.objects import OURS, KerasObject
from gradlab.translate.from_keras.table import activation_kinds
from gradlab.translate.from_keras.training import optimizer_of
from gradlab.translate.from_keras.values import activation_of, rule_of
from gradlab.vocabulary.activations import Activation, ActivationFunction
from gradlab.vocabulary.initializers import Initializer, WeightInitializer
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.merging import Merging
from gradlab.vocabulary.optimizers import GradientOptimizer, Optimizer

ACTIVATION: TypeAdapter[ActivationFunction] = TypeAdapter(Activation)
INITIALIZER: TypeAdapter[WeightInitializer] = TypeAdapter(Initializer)
OPTIMIZER: TypeAdapter[GradientOptimizer] = TypeAdapter(Optimizer)
# Precision and frozen layers of a training elsewhere are described beside its layers.
DESCRIBED_APART = ("dtype", "trainable")

__all__ = ["activation_spec", "initializer_spec", "layer_spec", "optimizer_spec"]


def activation_spec(function: Any) -> ActivationFunction | None:
    """Translate an activation: a function of Keras, or a layer that is an activation by itself."""
    if isinstance(function, keras.layers.Activation):
        function = function.activation
    name = type(function).__name__
    value: Any
    if isinstance(function, keras.layers.Layer):
        value = _as_text(name, function)
    elif name in activation_kinds() and hasattr(function, "get_config"):  # one with parameters, as this service has
        value = _as_text(name, function, registered_name=OURS + name)
    else:
        value = getattr(function, "__name__", "")
        if getattr(keras.activations, value, None) is not function:
            return None
    try:
        return ACTIVATION.validate_python(activation_of(value, Notes()))
    except (Untranslatable, ValidationError):
        return None


def initializer_spec(initializer: Any) -> WeightInitializer | None:
    """Translate an initialiser of Keras, with its parameters."""
    if initializer is None or not hasattr(initializer, "get_config"):
        return None
    value = _as_text(type(initializer).__name__, initializer)
    try:
        return INITIALIZER.validate_python(rule_of("initializer", value, Notes(), "initializer"))
    except (Untranslatable, ValidationError):
        return None


def optimizer_spec(optimizer: Any) -> GradientOptimizer | None:
    """Translate an optimiser of Keras, with its clipping and its schedule."""
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    if optimizer is None:
        return None
    value = _as_text(type(optimizer).__name__, optimizer)
    rate = getattr(optimizer, "_learning_rate", None)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        value["config"]["learning_rate"] = _as_text(type(rate).__name__, rate)
    try:
        return OPTIMIZER.validate_python(optimizer_of(value, Notes()))
    except (Untranslatable, ValidationError):
        return None


def layer_spec(layer: Any) -> LayerSpec | None:
    """Translate a layer of Keras; None if its configuration has anything that the vocabulary does not.

    Layers of several inputs are None too: what is sent of a training elsewhere describes chains and their blocks.
    """
    if not type(layer).__module__.startswith("keras."):
        return None
    call: dict[str, Any] = {}
    if isinstance(layer, keras.layers.MultiHeadAttention):
        causal = _is_causal(layer)
        if causal is None:
            return None
        call["use_causal_mask"] = causal
    config = _described(layer.get_config())
    spec: LayerSpec | None = layer_of(KerasObject(type(layer).__name__, config), layer.name, Notes(), call, (None,))
    if spec is None or isinstance(spec, Merging):
        return None
    return spec if _has_own_activations(layer, spec) else None


def _as_text(class_name: str, thing: Any, **outer: str) -> dict[str, Any]:
    """Return an object as it stands in a configuration; the module says whether the class is one of Keras's own."""
    module = None if outer else type(thing).__module__
    return {"class_name": class_name, "config": dict(thing.get_config()), "module": module, **outer}


def _described(config: Any) -> Any:
    """Return a configuration without what is described beside the layers."""
    if isinstance(config, dict):
        return {name: _described(value) for name, value in config.items() if name not in DESCRIBED_APART}
    return config


def _has_own_activations(layer: Any, spec: LayerSpec) -> bool:
    """True unless a function of the user's has the name of one of Keras's: a configuration holds the name alone."""
    inner = getattr(layer, "forward_layer", None)
    if inner is not None:
        return _has_own_activations(inner, getattr(spec, "layer", spec))
    fields = [field for field in type(spec).model_fields if field.endswith("activation")]
    return all(
        activation_spec(getattr(layer, field)) == getattr(spec, field) for field in fields if hasattr(layer, field)
    )


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
