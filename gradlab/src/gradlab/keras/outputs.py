"""Several outputs of a Keras model: their names, losses and weights, and their targets among the samples."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from keras import tree

from gradlab.keras.described import loss_by_name
from gradlab.keras.samples import Samples
from gradlab.spec.external import ExternalLayer, ExternalLoss, ExternalOutput, ExternalTarget

# The form of targets, from the loss, the targets and the layers up to the output.
TargetOf = Callable[[ExternalLoss, Samples, list[ExternalLayer]], ExternalTarget | None]


def outputs_of(
    model: Any, layers: Sequence[ExternalLayer], samples: Samples | None, target_of: TargetOf
) -> tuple[ExternalOutput, ...]:
    """Return the outputs of a functional model that has several; () for one, and for a model that does not name them.

    Args:
        model: the built model.
        layers: its layers, as they are described.
        samples: the samples; None if they are unknown.
        target_of: the function that returns the form of an output's targets.
    """
    names = tuple(getattr(model, "output_names", None) or ())
    if len(names) < 2 or len(set(names)) < len(names) or isinstance(getattr(model, "output", None), Mapping):
        return ()
    losses = by_output(getattr(model, "loss", None), names)
    weights = by_output(getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None), names)
    targets = {} if samples is None else by_output(samples.y, names)
    places = {layer.name: place for place, layer in enumerate(layers)}
    outputs = []
    for name in names:
        loss, place = loss_by_name(losses.get(name)), places.get(name)
        target = None
        if loss is not None and samples is not None and place is not None and name in targets:
            target = target_of(loss, Samples(samples.x, targets[name], samples.count), [*layers[: place + 1]])
        # An output without a loss beside others is not trained, and Keras has no metrics of it.
        weight = float(weights.get(name, 1.0)) if not losses or losses.get(name) is not None else 0.0
        layer = None if place is None else name
        outputs.append(ExternalOutput(name=name, layer=layer, loss=loss, weight=weight, target=target))
    return tuple(outputs)


def by_output(values: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return what Keras takes for several outputs by their names: an object by name, a list, or one for each.

    It is empty where the values are None, or do not fit the outputs.
    """
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return {name: values[name] for name in names if name in values}
    if isinstance(values, list | tuple):
        return dict(zip(names, values, strict=True)) if len(values) == len(names) else {}
    return {} if hasattr(values, "shape") else dict.fromkeys(names, values)


def inputs_by_name(x: Any, model: Any) -> dict[str, np.ndarray]:
    """Return the samples of each input by its name, in a dictionary or in the model; else by its place.

    Args:
        x: the samples, as the model takes them.
        model: the model; None if it is not there.
    """
    if isinstance(x, Mapping):
        return {str(name): part for name, part in x.items()}
    parts, names = tree.flatten(x), [each.name for each in getattr(model, "inputs", None) or ()]
    places = names if len({*names}) == len(names) == len(parts) else map(str, range(len(parts)))
    return dict(zip(places, parts, strict=True))
