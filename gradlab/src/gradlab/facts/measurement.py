"""Measurement of facts from samples: by a worker for its experiments, by a user's process for its own training."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradlab.facts.baseline import baseline, encoded
from gradlab.facts.expectation import theory_of
from gradlab.facts.faults import faults_of
from gradlab.facts.inputs import inputs_of
from gradlab.facts.learnable import Neighbours, neighbours_of
from gradlab.facts.model import MAX_SHARES, Facts
from gradlab.spec import NamedLayer
from gradlab.spec.external_layer import ExternalTarget
from gradlab.spec.recording import PROBE_SAMPLES
from gradlab.vocabulary.datasets import Dataset, DatasetSpec
from gradlab.vocabulary.losses import LossFunction
from gradlab.vocabulary.targets import Target

Array = np.ndarray
# An input, or several inputs of a model, which count as one after another.
Inputs = Any
# Loads the samples of a dataset: those of an uploaded one are not in its spec.
Load = Callable[[DatasetSpec], Dataset]
# Encoded targets that are held at once: 800 MB.
MAX_ENCODED = 10**8
# Of samples without others to validate on, every fifth is held out.
HELD_OUT = 5
# Fewer held-out samples show no score: of four the standard error of a share is up to 0.25, half of what it is compared
# with. Samples that a user validates on count however few they are.
MIN_HELD_OUT = 5


def measure(
    train_x: Inputs,
    train_y: Array | None,
    val_x: Inputs | None = None,
    val_y: Array | None = None,
    *,
    target: Target | None,
    loss: LossFunction | None = None,
    network: Sequence[NamedLayer] | None = None,
    units: int | None = None,
    feature_names: Sequence[str] = (),
    weights: Array | None = None,
    counted: Array | None = None,
) -> Facts:
    """Work out the facts of a training. No sample is among them.

    Args:
        train_x: (samples, *features) inputs of the training samples; a sequence or mapping of several inputs.
        train_y: their targets: classes as (samples, *steps) numbers or one-hot rows, labels and values as (samples,
            *steps, count). None if they are unknown.
        val_x: inputs of the validation samples. Without any, every fifth training sample is held out.
        val_y: their targets.
        target: the form of the targets; None if unknown.
        loss: the loss; None if it is unknown or not in the vocabulary.
        network: the layers from the input to the output, each block as one layer; None if they are not described.
        units: number of output units; by default those of the network's last layer, else the target's.
        feature_names: names of the features of a flattened sample.
        weights: (samples,) of the training samples in the loss; None for equal ones. With weights errors do not count
            alike, and what the nearest neighbours avoid of them is no measure: `reachable` is NaN.
        counted: (samples, steps) True for the time steps that the loss counts; None for all. As with weights.
    """
    x, held = flat(train_x), None if val_x is None else flat(val_x)
    fields: dict[str, Any] = {"train_count": len(x), "inputs": inputs_of(x, feature_names)}
    fields["val_count"] = None if held is None else len(held)
    shape = np.shape(train_x)[1:] if not isinstance(train_x, Mapping | list | tuple) else x.shape[1:]
    fields["feature_shape"] = tuple(map(int, shape))
    if network is not None:
        fields["theory"] = theory_of(network, x[:PROBE_SAMPLES].astype(np.float64))
    y, own_y, neighbours = None, None, Neighbours()
    if target is not None and train_y is not None:
        fields["target"] = ExternalTarget(kind=target.kind, count=target.count, steps=target.steps)
        y, own_y = in_form(train_y, target), None if val_y is None else in_form(val_y, target)
        units = units or (network[-1].output_shape[-1] if network else target.count)
        if counted is None:
            fields |= fields_of_targets(y, target, loss, units, weights)
        elif counted.any():
            fields |= fields_of_targets(y[counted], Target(target.kind, target.count), loss, units, None)
        val = None if held is None or own_y is None else (held, own_y)
        with np.errstate(all="ignore"):
            neighbours = neighbours_of(parted(x, y, val), target)
        fields["reachable"] = neighbours.score if weights is None and counted is None else float("nan")
    with np.errstate(all="ignore"):
        faults = faults_of(x, y, held, own_y, target=target, raw_y=train_y, names=feature_names)
    compared = {"compared": neighbours.compared, "contradicted": neighbours.contradicted}
    return Facts(**fields, faults=faults.model_copy(update=compared))


def drawn(dataset: DatasetSpec) -> Dataset:
    """Return the samples of a dataset that follow from its spec."""
    return dataset.load()


def flat(x: Inputs) -> Array:
    """Return one or several inputs as an array (samples, features)."""
    parts = list(x.values()) if isinstance(x, Mapping) else x if isinstance(x, list | tuple) else [x]
    rows = [np.asarray(part).reshape(len(part), -1) for part in parts]
    return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)


def in_form(y: Array, target: Target) -> Array:
    """Return targets in the form of this service's datasets: classes as (samples, *steps) numbers from 0."""
    y = np.asarray(y)
    if target.kind != "classes":
        return y.reshape(len(y), *target.steps, target.count)
    per_sample = int(np.prod(target.steps, dtype=np.int64))
    if target.count > 1 and y.size == len(y) * per_sample * target.count:
        y = y.reshape(len(y), *target.steps, target.count).argmax(axis=-1)
    return np.maximum(y.reshape(len(y), *target.steps).astype(np.int64), 0)  # a hinge's −1 is class 0


def fields_of_targets(
    y: Array,
    target: Target,
    loss: LossFunction | None,
    units: int,
    weights: Array | None,
    *,
    max_shares: int = MAX_SHARES,
) -> dict[str, Any]:
    """Return the fields of the facts that rest on the targets alone.

    Args:
        y: the targets as `in_form` returns them.
        target: their form.
        loss: the loss; None if it is unknown.
        units: number of output units.
        weights: (samples,) of the samples in the loss; None for equal ones.
        max_shares: number of shares of classes that are listed.
    """
    shares = _shares(y, target)
    fields: dict[str, Any] = {"class_shares": _outermost(shares, max_shares)}
    fields["constant_accuracy"] = _commonest(shares, target)
    step = -(-y.size * max(1, units) // MAX_ENCODED)
    rows = encoded(y[::step], target, units)
    fields["target_range"] = (float(rows.min()), float(rows.max()))
    fields["target_std"] = float(np.sqrt(rows.var(axis=0).mean()))
    if loss is not None:
        with np.errstate(all="ignore"):
            each = None if weights is None else np.repeat(weights[::step], len(rows) // len(weights[::step]))
            fields["constant_loss"], fields["perfect_loss"] = baseline(loss, rows, target, each)
        fields["loss"] = loss.kind
    return fields


def parted(x: Array, y: Array, val: tuple[Array, Array] | None) -> Dataset:
    """Return training and validation samples; without the latter every fifth of the former is held out."""
    if val is not None:
        return Dataset(x, y, *val)
    held = (np.arange(len(x)) % HELD_OUT == HELD_OUT - 1) & (len(x) >= MIN_HELD_OUT * HELD_OUT)
    return Dataset(x[~held], y[~held], x[held], y[held])


def _shares(y: Array, target: Target) -> tuple[float, ...]:
    """The share of each class, or of each label, among the training targets; () for values."""
    if target.kind == "values":
        return ()
    if target.kind == "labels":
        return tuple(y.reshape(-1, target.count).mean(axis=0).astype(float).tolist())
    counted = np.bincount(y.reshape(-1), minlength=target.count)
    return tuple((counted / counted.sum()).tolist())


def _outermost(shares: tuple[float, ...], limit: int) -> tuple[float, ...]:
    """The shares if they are at most `limit`, else the largest and the smallest ones, in falling order."""
    if len(shares) <= limit:
        return shares
    ordered, half = sorted(shares, reverse=True), limit // 2
    return (*ordered[:half], *ordered[-half:])


def _commonest(shares: tuple[float, ...], target: Target) -> float:
    """The accuracy of the best constant answer; NaN for values."""
    if not shares:
        return float("nan")
    if target.kind == "labels":
        return float(np.mean([max(share, 1 - share) for share in shares]))
    return max(shares)
