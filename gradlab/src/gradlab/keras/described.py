"""Properties of a Keras model and its training, in the terms of an `ExternalSpec`; None if they are unknown."""

import inspect
import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import keras

from gradlab.keras.arrays import array
from gradlab.keras.backends import backend
from gradlab.spec.external import ExternalLoss

T = TypeVar("T")

# Layers that are an activation by themselves, with the activation's name.
ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Softmax": "softmax",
}


def none_if_raises(describe: Callable[..., T], *arguments: Any) -> T | None:
    """Return the result of one of the functions below; None if it raises, as it may for custom layers and losses."""
    try:
        return describe(*arguments)
    except Exception:
        return None


def activation_of(layer: Any) -> str | None:
    """Return the name of a layer's activation: ``relu``, ``linear`` ...; for a custom function, the function's name."""
    name = type(layer).__name__
    if name in ACTIVATION_LAYERS:
        # keras.layers.ReLU with a `negative_slope` is a leaky ReLU.
        return "leaky_relu" if name == "ReLU" and float(layer.negative_slope) else ACTIVATION_LAYERS[name]
    # The two layers of a bidirectional one have the same activation.
    activation = getattr(getattr(layer, "forward_layer", layer), "activation", None)
    return None if activation is None else _name(activation)


def normalized_values_of(layer: Any) -> int | None:
    """Return the number of a sample's values that share one mean in a normalisation.

    None for other layers, and for unknown shapes.
    """
    try:
        shape = layer.input.shape
    except (AttributeError, ValueError, RuntimeError):
        return None
    if isinstance(layer, keras.layers.GroupNormalization):
        channels = shape[layer.axis]
        groups = channels if layer.groups == -1 else layer.groups
        sizes = [*_without(shape, layer.axis), channels and channels // groups]
    elif isinstance(layer, keras.layers.LayerNormalization):
        axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
        sizes = [shape[axis] for axis in axes]
    elif isinstance(layer, keras.layers.BatchNormalization):
        sizes = _without(shape, layer.axis)
    else:
        return None
    return math.prod(sizes) if all(sizes) else None


def _without(shape: Any, axis: int) -> list[int | None]:
    """Return the sizes of all axes except the batch axis and `axis`."""
    return [size for place, size in enumerate(shape) if place and place != axis % len(shape)]


def loss_of(model: Any) -> ExternalLoss | None:
    """Return the loss that a model was compiled with; None if it has none or several."""
    loss = getattr(model, "loss", None)
    while isinstance(loss, dict | list | tuple) and len(loss) == 1:
        (loss,) = loss.values() if isinstance(loss, dict) else loss
    return loss_by_name(loss)


def loss_by_name(loss: Any) -> ExternalLoss | None:
    """Return a loss of Keras, its name or a function, as an `ExternalLoss`; None if it is neither."""
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    if loss is None or not callable(loss):
        return None
    logits = getattr(loss, "from_logits", getattr(loss, "_fn_kwargs", {}).get("from_logits", False))
    name = _name(loss)
    return None if name is None else ExternalLoss(kind=name, from_logits=bool(logits))


def batch_size_of(model: Any, batches: int) -> int | None:
    """Return the number of samples in a batch, after the first `batches` of an epoch, all of which are full.

    Keras does not give it to callbacks. The mean of the loss counts the samples, so it is their number over `batches`.
    """
    count = getattr(getattr(model, "_loss_tracker", None), "count", None)
    samples = 0 if count is None else round(float(count))
    return max(1, samples // batches) if samples > 0 and batches > 0 else None


def running_metrics(model: Any) -> dict[str, float]:
    """Return Keras's own metrics, which are means since the epoch began."""
    backend.synchronize(model)
    values = {name: array(each) for name, each in model.get_metrics_result().items()}
    return {name: float(value) for name, value in values.items() if value.ndim == 0}


def _name(thing: Any) -> str | None:
    """Return a function's name, or an object's class in the form of Keras's functions: ``mean_squared_error``."""
    thing = getattr(thing, "fn", thing)  # Keras's loss objects hold a function
    if inspect.isfunction(thing) or inspect.isbuiltin(thing) or inspect.ismethod(thing):
        name = thing.__name__.strip("<>")  # "<lambda>" is no valid name
    else:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(thing).__name__).lower()
    return name[:200] or None
