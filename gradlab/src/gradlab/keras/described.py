"""What a Keras model knows of itself and its training, in the words of an `ExternalSpec`; None where it does not."""

import inspect
import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import keras

from gradlab.spec.external import ExternalLoss

T = TypeVar("T")

# Layers that are an activation by themselves, and what that activation is called.
ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Softmax": "softmax",
}


def none_if_raises(describe: Callable[..., T], *arguments: Any) -> T | None:
    """What one of these functions says; None where it raises, as it may on layers and losses of people's own."""
    try:
        return describe(*arguments)
    except Exception:
        return None


def activation_of(layer: Any) -> str | None:
    """The name of a layer's activation: ``relu``, ``linear`` ...; a function of one's own by its own name."""
    name = type(layer).__name__
    if name in ACTIVATION_LAYERS:
        # keras.layers.ReLU has a slope below 0 where it is asked for.
        return "leaky_relu" if name == "ReLU" and float(layer.negative_slope) else ACTIVATION_LAYERS[name]
    # A bidirectional layer is two of one kind.
    activation = getattr(getattr(layer, "forward_layer", layer), "activation", None)
    return None if activation is None else _name(activation)


def normalized_values_of(layer: Any) -> int | None:
    """How many values of one sample a normalisation takes a mean over; None for other layers, and unknown shapes."""
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
    """The sizes of all axes but the batch's and one more."""
    return [size for place, size in enumerate(shape) if place and place != axis % len(shape)]


def loss_of(model: Any) -> ExternalLoss | None:
    """The loss that a model was compiled with; None without one, and where there are several."""
    loss = getattr(model, "loss", None)
    while isinstance(loss, dict | list | tuple) and len(loss) == 1:
        (loss,) = loss.values() if isinstance(loss, dict) else loss
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    if loss is None or not callable(loss):
        return None
    logits = getattr(loss, "from_logits", getattr(loss, "_fn_kwargs", {}).get("from_logits", False))
    name = _name(loss)
    return None if name is None else ExternalLoss(kind=name, from_logits=bool(logits))


def batch_size_of(model: Any, batches: int) -> int | None:
    """The number of samples in each of the first so many batches of an epoch, all of them full.

    Keras tells callbacks nothing of it, but its mean of the loss counts the samples.
    """
    count = getattr(getattr(model, "_loss_tracker", None), "count", None)
    samples = 0 if count is None else round(float(count))
    return max(1, samples // batches) if samples > 0 and batches > 0 else None


def _name(thing: Any) -> str | None:
    """The name of a function, or of an object's class as Keras writes its own functions: ``mean_squared_error``."""
    thing = getattr(thing, "fn", thing)  # a loss object of Keras holds its function
    if inspect.isfunction(thing) or inspect.isbuiltin(thing) or inspect.ismethod(thing):
        name = thing.__name__.strip("<>")  # of a lambda
    else:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(thing).__name__).lower()
    return name[:200] or None
