"""What one spec has and another has not, and how large that change is.

Networks are compared layer by layer, repeats written out, as a reader counts them. An activation is the same whether a
layer has it or it is a layer of its own behind it: a norm that is put between the two is one change, not three.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradlab.remedies.rewriting.alignment import Change, changes
from gradlab.spec import ExperimentSpec

Json = Any

# What is learnt does not depend on these, nor on the name.
MEASURED = "metrics"
# How large a change of one field is. That of initialisers is the smallest, then a rate's, then what else is trained
# with, then activations, norms, and other layers; all the fields of one sort together weigh less than the next sort.
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
    """One field that is another, or one layer that has come or gone; or several layers that have all changed alike.

    Attributes:
        path: where: ``training.optimizer.learning_rate``, ``model.dense_1…dense_5.kernel_initializer``. Layers have
            the names they had before; what is new stands ``behind`` one of them, ``before_activation`` of it, or,
            a block, ``around`` it.
        before: the value that was there, as in JSON; None for nothing.
        after: the value that is there now; None for nothing.
        sort: which sort of change it is: a key of `WEIGHTS`.
        field: what changed, without where: ``kernel_initializer``, ``batch_normalization``.
    """

    path: str
    before: Json
    after: Json
    sort: str
    field: str


def difference(before: ExperimentSpec, after: ExperimentSpec) -> tuple[Difference, ...]:
    """The fields of dataset, training and model that differ; empty where both learn the same."""
    left, right = (json.loads(spec.canonical()) for spec in (before, after))
    found = [*_of_fields("dataset", left["dataset"], right["dataset"])]
    found += _of_fields("training", left["training"] | {MEASURED: None}, right["training"] | {MEASURED: None})
    return (*found, *_of_layers(changes(before, after)))


def size(before: ExperimentSpec, after: ExperimentSpec) -> int:
    """How large the change is: the sum of `WEIGHTS` over the different fields that changed.

    A field counts once however many layers it changed in: drawing the kernels of two layers differently or those of
    twenty is one decision. 0 where both learn the same.
    """
    fields = {(each.sort, each.field) for each in difference(before, after)}
    return sum(WEIGHTS[sort] for sort, _ in fields)


def _of_fields(path: str, before: Json, after: Json) -> Iterator[Difference]:
    """What differs in objects of one kind, field by field; objects of different kinds differ as a whole."""
    if before == after:
        return
    objects = isinstance(before, dict) and isinstance(after, dict)
    if objects and before.get("kind") == after.get("kind"):
        for field in before:
            yield from _of_fields(f"{path}.{field}", before[field], after[field])
        return
    _, *rest = path.split(".")
    if "learning_rate" in rest:  # a number, or any of a schedule's
        yield Difference(path, before, after, "learning_rate", "learning_rate")
    else:
        yield Difference(path, before, after, path.partition(".")[0], ".".join(rest) or "kind")


def _of_layers(found: tuple[Change, ...]) -> Iterator[Difference]:
    """The changes of layers, those that are alike in neighbouring layers as one."""
    alike: dict[str, list[Change]] = {}
    for change in found:
        alike.setdefault(json.dumps([change.field, change.where, change.before, change.after]), []).append(change)
    for changed in alike.values():
        for first, last in _runs([change.layer for change in changed]):
            change = changed[0]
            layers = first if first == last else f"{first}…{last}"
            path = ".".join(filter(None, ("model", layers, change.where)))
            yield Difference(path, change.before, change.after, change.sort, change.field)


def _runs(layers: list[str]) -> Iterator[tuple[str, str]]:
    """The first and the last of layers of one kind that follow each other by number."""
    first = last = layers[0]
    for layer in layers[1:]:
        if layer != _next(last):
            yield first, last
            first = layer
        last = layer
    yield first, last


def _next(layer: str) -> str:
    kind, _, number = layer.rpartition("_")
    return f"{kind}_{int(number) + 1}" if number.isdigit() else ""
