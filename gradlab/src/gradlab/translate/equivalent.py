"""Networks of this service that equal what is known of a network trained elsewhere, so that remedies can rewrite them.

Remedies read layers, optimiser, loss and the form of the data, and no sample. Any dataset of the same shapes serves.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gradlab.spec import ExperimentSpec, ExternalSpec
from gradlab.spec.external_layer import ExternalLayer
from gradlab.vocabulary.layers.dense import ActivationLayer
from gradlab.vocabulary.layers.pooling import Reshape
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.optimizers import Adam
from gradlab.vocabulary.targets import Target

# The bounds of the datasets that stand in for the user's.
MAX_FEATURES, MAX_FEATURES_OF_QUANTILES, MAX_SAMPLES = 10_000, 1000, 50_000
# Inputs of a layer whose own input is not known or too large: large enough for a kernel of 32 positions.
PLACES = ((4,), (64, 4), (32, 32, 4))
INPUT_CLASSES = ("InputLayer", "Identity")


@dataclass(frozen=True)
class Equivalent:
    """A spec of this service with the layers of a network that is trained elsewhere.

    Attributes:
        spec: the spec; its dataset has the shapes of the user's data and nothing else of them.
        names: the user's name of each of its layers: name in this service -> name or path in the user's model.
    """

    spec: ExperimentSpec
    names: Mapping[str, str]


def equivalent(external: ExternalSpec) -> Equivalent | None:
    """Return the equivalent of the whole network; None unless all layers are expressed and form a chain."""
    layers = [layer for layer in external.layers if layer.class_name not in INPUT_CLASSES]
    if not layers or not all(layer.configuration for layer in layers) or not _is_chain(layers):
        return None
    axes, target = layers[0].input_axes, _target(external, layers[-1])
    if axes is None or target is None:
        return None
    return _built(external, layers, axes, target)


def alone(external: ExternalSpec, layer: ExternalLayer) -> Equivalent | None:
    """Return a network of one hidden layer, `layer`, and an output; None if the layer is not expressed.

    The activation that follows as a layer of its own is a part of it: initialisers depend on it.
    """
    if layer.configuration is None:
        return None
    layers = [layer, *activation_behind(external, layer)]
    shapes = (layer.input_axes, *PLACES) if layer.input_axes else PLACES
    built = (_built(external, layers, axes, Target("values", 1), ending=True) for axes in shapes)
    return next((each for each in built if each), None)


def activation_behind(external: ExternalSpec, layer: ExternalLayer) -> list[ExternalLayer]:
    """Return the activation layer that takes the output of `layer`, if it is listed behind it."""
    place = external.layers.index(layer) + 1
    behind = external.layers[place : place + 1]
    takes = [each for each in behind if each.inbound in (None, (layer.name,))]
    return [each for each in takes if isinstance(each.configuration, ActivationLayer)]


def _is_chain(layers: Iterable[ExternalLayer]) -> bool:
    """True if each layer takes the output of the one before it, and of no other."""
    before: str | None = None
    for layer in layers:
        if layer.inbound and before is not None and layer.inbound != (before,):
            return False
        if layer.inbound == () and before is not None:
            return False
        before = layer.name
    return True


def _target(external: ExternalSpec, output: ExternalLayer) -> Target | None:
    """Return the form of the targets as it was sent, or as loss and output show it."""
    if external.target is not None:
        return external.target.form if not external.target.steps else None
    axes, loss = output.output_axes, _loss_of(external)
    if loss is None or axes is None or len(axes) != 1:
        return None
    if loss.unit_per_value:
        return Target("values", axes[0])
    return Target("classes", max(2, axes[0]))


def _built(
    external: ExternalSpec, layers: list[ExternalLayer], axes: tuple[int, ...], target: Target, *, ending: bool = False
) -> Equivalent | None:
    """Return a spec of these layers on a dataset of these shapes; None where there is no valid one."""
    listed = [layer.configuration.model_dump(mode="json") for layer in layers if layer.configuration]
    first = [Reshape(target_shape=axes).model_dump(mode="json")] if len(axes) > 1 else []
    last = [{"kind": "flatten"}, {"kind": "dense", "units": 1}] if ending else []
    loss = None if ending else _loss_of(external)
    dataset = _dataset(external, math.prod(axes), target)
    if dataset is None or (loss is None and not ending):
        return None
    fields: dict[str, Any] = {
        "name": external.name,
        "dataset": dataset,
        "model": {"layers": [*first, *listed, *last]},
        "training": {
            "loss": loss.model_dump(mode="json") if loss else "mean_squared_error",
            "optimizer": (external.optimizer or Adam()).model_dump(mode="json"),
            "epochs": external.epochs,
            "batch_size": external.batch_size or 32,
            "metrics": [],
        },
    }
    try:
        spec = ExperimentSpec.model_validate(fields)
    except ValidationError:
        return None
    own = [layer.name for layer in spec.network][len(first) :]
    return Equivalent(spec, dict(zip(own, (layer.name for layer in layers), strict=False)))


def _dataset(external: ExternalSpec, features: int, target: Target) -> dict[str, Any] | None:
    """Return a dataset of vectors with as many features, training samples and answers; None if there is none."""
    train = min(external.train_count or 4 * (external.batch_size or 32), MAX_SAMPLES)
    samples = max(train + max(1, train // 5), target.count, 4)
    common = {"features": features, "samples": samples, "train_size": min(train, samples - 1)}
    if target.kind == "values":
        return {**common, "kind": "regression", "targets": target.count}
    if target.kind == "labels":
        return {**common, "kind": "multilabel", "labels": target.count, "labels_per_sample": 1}
    if features <= MAX_FEATURES_OF_QUANTILES:
        return {**common, "kind": "gaussian_quantiles", "classes": target.count}
    informative = max(2, math.ceil(math.log2(target.count)))
    drawn = {"informative": informative, "redundant": 0, "clusters_per_class": 1}
    return {**common, **drawn, "kind": "classification", "classes": target.count}


def _loss_of(external: ExternalSpec) -> LossFunction | None:
    """The loss as a member of the registry; None if it has no such member or is unknown."""
    return external.loss.function if external.loss is not None else None
