"""Facts of a training in somebody's own process, from its spec and its samples."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradlab.facts.measurement import measure
from gradlab.facts.model import Facts
from gradlab.facts.outputs import Ending, measure_outputs
from gradlab.spec import ExternalSpec, NamedLayer
from gradlab.spec.external_layer import ExternalLayer
from gradlab.spec.external_network import chain
from gradlab.spec.output import output_elsewhere
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.targets import Target

# Losses whose targets are classes or labels.
OF_CLASSES = ("categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge", "kl_divergence")
OF_LABELS = ("binary_crossentropy", "binary_focal_crossentropy", "hinge", "squared_hinge")
# Activations whose one unit says how sure a network is of one of two classes.
SURE = ("sigmoid", "hard_sigmoid")


def of_external(
    external: ExternalSpec,
    train_x: Any,
    train_y: np.ndarray | None,
    val_x: Any = None,
    val_y: np.ndarray | None = None,
    *,
    loss: LossFunction | None = None,
    feature_names: tuple[str, ...] = (),
) -> Facts:
    """Work out the facts of a training elsewhere; arguments as of `measure`.

    Args:
        external: its spec. Without a `target` in it the target's form follows from the loss and the samples.
        train_x, train_y, val_x, val_y: the samples.
        loss: the loss with its parameters, by default the spec's with its usual ones.
        feature_names: names of the features of a flattened sample.
    """
    if loss is None and external.loss is not None:
        loss = external.loss.function
    shape = external.layers[-1].output_shape
    units, made = shape[-1] if shape else None, last_activation(external.layers)
    target = external.target.form if external.target is not None else target_of(train_y, loss, units, made)
    return measure(
        train_x,
        train_y,
        val_x,
        val_y,
        target=target,
        loss=loss,
        network=_network(external),
        units=units,
        feature_names=feature_names,
    )


def of_outputs(
    external: ExternalSpec,
    train_x: Mapping[str, Any],
    train_y: Mapping[str, np.ndarray],
    val_x: Mapping[str, Any] | None = None,
    val_y: Mapping[str, np.ndarray] | None = None,
) -> Facts:
    """Work out the facts of a training elsewhere with several outputs.

    Args:
        external: its spec, with its `outputs`.
        train_x, val_x: the samples of each input.
        train_y, val_y: their targets of each output.
    """
    shapes = {layer.name: layer.output_shape for layer in external.layers}
    endings = []
    for output in external.outputs:
        loss = output.loss.function if output.loss is not None else None
        shape = shapes.get(output.layer or "")
        units, made = shape[-1] if shape else None, output_elsewhere(external, output)
        activation = made.activation if made is not None else None
        target = output.target.form if output.target is not None else None
        target = target or target_of(train_y.get(output.name), loss, units, activation)
        endings.append(Ending(output.name, target, loss, units))
    return measure_outputs(train_x, train_y, val_x, val_y, outputs=endings, network=_network(external))


def target_of(
    y: np.ndarray | None, loss: LossFunction | None, units: int | None, activation: str | None = None
) -> Target | None:
    """Return the form of targets for a loss and a number of output units; None where they do not show it.

    Args:
        y: (samples, ...) targets; None if unknown.
        loss: the loss; None if it is no member of the registry.
        units: number of output units; None if unknown.
        activation: the output's activation; None if unknown.
    """
    if y is None or loss is None or units is None:
        return None
    y = np.asarray(y)
    inside = y.shape[1:]
    if loss.kind in OF_CLASSES and units > 1:
        steps = inside[:-1] if inside[-1:] in ((units,), (1,)) else inside
        return Target("classes", units, tuple(steps)) if len(steps) <= 1 else None
    if loss.kind in OF_LABELS and set(np.unique(y[:10_000]).tolist()) <= {0, 1, -1}:
        steps = inside[:-1] if inside[-1:] == (units,) else inside
        if len(steps) > 1:
            return None
        return Target("classes", 2, tuple(steps)) if units == 1 else Target("labels", units, tuple(steps))
    if loss.unit_per_value and (classes := classes_of(y, activation)) is not None:
        return classes
    if loss.unit_per_value:
        steps = inside[:-1] if inside[-1:] == (units,) else inside
        return Target("values", units, tuple(steps)) if len(steps) <= 1 else None
    return None


def classes_of(y: np.ndarray, activation: str | None) -> Target | None:
    """Return the classes that targets of a loss for values stand for; None if they are values.

    Such a loss takes anything. Targets are classes if all are 0 or 1 and the output says how sure it is: one sigmoid
    unit of one of two, or a softmax of rows with a single 1.

    Args:
        y: (samples, ...) targets.
        activation: the output's activation; None if unknown.
    """
    rows = y.reshape(len(y), -1) if y.ndim <= 2 else None
    if rows is None or not np.isin(rows, (0, 1)).all():
        return None
    if rows.shape[1] == 1:
        return Target("classes", 2) if activation in SURE else None
    return Target("classes", rows.shape[1]) if activation == "softmax" and (rows.sum(axis=1) == 1).all() else None


def last_activation(layers: Sequence[ExternalLayer]) -> str | None:
    """Return the activation nearest to the output; None if no layer says one."""
    return next((each.activation for each in reversed(layers) if each.activation), None)


def _network(external: ExternalSpec) -> tuple[NamedLayer, ...] | None:
    """The network as far as theory needs it; None if a layer is not described."""
    try:
        return chain(external.layers)
    except LookupError:
        return None
