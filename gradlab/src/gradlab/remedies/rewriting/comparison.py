"""Differences of two specs, and the size of a change.

Networks are compared layer by layer, with repeats written out. An activation that is a field of a layer equals one that
is a layer of its own behind it. A norm between layer and activation is therefore one change, not three.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradlab.remedies.rewriting.alignment import LayerChange, changes
from gradlab.spec import ExperimentSpec
from gradlab.spec.initial_weights import given_layers

Json = Any

# The field of `training` that does not change the training; the spec's name does not either.
MEASURED = "metrics"
# The field of `training` that is compared by the layers that it gives weights to.
START = "initial_weights"
# Size of the change of one field. Initialisers weigh least, then rates, the rest of the training, activations, norms,
# and other layers. All fields of one sort together weigh less than one of the next sort.
WEIGHTS = {
    "initializer": 1,
    "learning_rate": 4,
    "training": 5,
    "dataset": 5,
    "regularization": 5,
    "activation": 6,
    "normalization": 12,
    "architecture": 16,
}


@dataclass(frozen=True)
class Difference:
    """One field that differs, or one layer that was added or removed, or the same change of several layers.

    Attributes:
        path: the place: ``training.optimizer.learning_rate``, ``model.dense_1…dense_5.kernel_initializer``. Layers have
            the names that they had before. A new layer is ``behind`` one of them or ``before_activation`` of it, a new
            block ``around`` it.
        before: the value before, as in JSON; None for nothing.
        after: the value after; None for nothing.
        sort: the sort of change, a key of `WEIGHTS`.
        field: the field or kind of layer without its place: ``kernel_initializer``, ``batch_normalization``.
    """

    path: str
    before: Json
    after: Json
    sort: str
    field: str


def difference(before: ExperimentSpec, after: ExperimentSpec) -> tuple[Difference, ...]:
    """Return the differences in dataset, training and model; () where both specs train the same."""
    left, right = (json.loads(spec.canonical()) for spec in (before, after))
    fields = [*_of_fields("dataset", left["dataset"], right["dataset"])]
    left_out = {MEASURED: None, START: None}
    fields += _of_fields("training", left["training"] | left_out, right["training"] | left_out)
    return (*fields, *_of_start(before, after), *_of_layers(changes(before, after)))


def size(before: ExperimentSpec, after: ExperimentSpec) -> int:
    """Return the size of the change, 0 or more: the sum of `WEIGHTS` over the fields that changed.

    A field counts once, however many layers it changed in: another initialiser for two layers or for twenty is one
    decision.
    """
    fields = {(each.sort, each.field) for each in difference(before, after)}
    return sum(WEIGHTS[sort] for sort, _ in fields)


def _of_start(before: ExperimentSpec, after: ExperimentSpec) -> Iterator[Difference]:
    """The difference of the initial weights: the layers of the file that the networks begin with."""
    starts = [spec.training.initial_weights for spec in (before, after)]
    sources = [sorted(given_layers(spec.training.initial_weights, spec.layers).values()) for spec in (before, after)]
    if sources[0] != sources[1] or len({start.id for start in starts if start}) > 1:
        yield Difference(f"training.{START}", sources[0] or None, sources[1] or None, "initializer", START)


def _of_fields(path: str, before: Json, after: Json) -> Iterator[Difference]:
    """The differences of two objects, field by field; objects of different kinds differ as a whole."""
    if before == after:
        return
    objects = isinstance(before, dict) and isinstance(after, dict)
    if objects and before.get("kind") == after.get("kind"):
        for field in {**before, **after}:  # a field that is left out is null
            yield from _of_fields(f"{path}.{field}", before.get(field), after.get(field))
        return
    _, *rest = path.split(".")
    if "learning_rate" in rest:  # a number, or any of a schedule's
        yield Difference(path, before, after, "learning_rate", "learning_rate")
    else:
        yield Difference(path, before, after, path.partition(".")[0], ".".join(rest) or "kind")


def _of_layers(layer_changes: tuple[LayerChange, ...]) -> Iterator[Difference]:
    """The changes of layers, with equal changes of consecutive layers as one."""
    alike: dict[str, list[LayerChange]] = {}
    for change in layer_changes:
        alike.setdefault(json.dumps([change.field, change.where, change.before, change.after]), []).append(change)
    for changed in alike.values():
        for first, last in _runs([change.layer for change in changed]):
            change = changed[0]
            layers = first if first == last else f"{first}…{last}"
            path = ".".join(filter(None, ("model", layers, change.where)))
            yield Difference(path, change.before, change.after, change.sort, change.field)


def _runs(layers: list[str]) -> Iterator[tuple[str, str]]:
    """First and last layer of each run of consecutively numbered layers."""
    first = last = layers[0]
    for layer in layers[1:]:
        if layer != _next(last):
            yield first, last
            first = layer
        last = layer
    yield first, last


def _next(layer: str) -> str:
    """The name with the next number; "" for one without a number."""
    kind, _, number = layer.rpartition("_")
    return f"{kind}_{int(number) + 1}" if number.isdigit() else ""
