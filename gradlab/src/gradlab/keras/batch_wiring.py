"""Wiring of a Keras training as far as its first batches show it: how they are drawn, and the form of the targets."""

from typing import Any

import numpy as np
from keras import tree

from gradlab.facts.wiring import ClassShares, GradientGrowth
from gradlab.keras.first_batches import COSINE, LARGEST, ONE, PRINTS, RATIO, SHARE, SMALLEST, WHOLE, FirstBatches
from gradlab.keras.samples import Samples
from gradlab.spec.external import ExternalTarget


def of_batches(batches: FirstBatches, commonest: float | None) -> dict[str, Any]:
    """Return the fields of a `Wiring` that the first batches show.

    Args:
        batches: what was measured of them.
        commonest: the share of the commonest class in all training samples; None if it is unknown.
    """
    rows = batches.read()
    fields: dict[str, Any] = {}
    if batches.output_shape is not None:
        fields["output_shape"] = batches.output_shape
    if batches.target_shape is not None:
        fields["target_shape"] = batches.target_shape
    prints = rows[:, PRINTS][~np.isnan(rows[:, 0])]
    if len(prints) > 1:
        fields["batches_repeat"] = bool((prints == prints[0]).all())
    fields |= _targets(rows[np.isfinite(rows[:, [SMALLEST, LARGEST]]).all(axis=1)], batches.target_shape)
    shares = rows[:, SHARE][np.isfinite(rows[:, SHARE])]
    if len(shares) and commonest is not None:
        fields["batch_class_shares"] = ClassShares(batch=float(np.median(shares)), all=commonest)
    growth = rows[:, [RATIO, COSINE]]
    growth = growth[np.isfinite(growth).all(axis=1)]  # the first gradient has none before it
    if len(growth):
        ratio, cosine = np.median(growth, axis=0)
        fields["gradient_growth"] = GradientGrowth(ratio=float(ratio), cosine=float(cosine))
    return fields


def _targets(rows: np.ndarray, shape: tuple[int | None, ...] | None) -> dict[str, Any]:
    """The form and the range of the targets of all batches, (batches, columns)."""
    if not len(rows) or shape is None:
        return {}
    smallest, largest = float(rows[:, SMALLEST].min()), float(rows[:, LARGEST].max())
    whole, one = (bool((rows[:, column] == 1).all()) for column in (WHOLE, ONE))
    several = len(shape) > 1 and shape[-1] != 1
    form = form_of(whole=whole, one=one, smallest=smallest, largest=largest, several=several)
    return {"target_form": form, "target_range": (smallest, largest)}


def form_of(*, whole: bool, one: bool, smallest: float, largest: float, several: bool) -> str:
    """Return the form of targets: ``indices``, ``one_hot``, ``probabilities`` or ``values``.

    Args:
        whole: True if all entries are whole numbers.
        one: True if the entries of each sample have the sum 1.
        smallest, largest: the bounds of the entries.
        several: True if a sample has several entries, along the last axis.
    """
    if not several:
        return "indices" if whole and smallest >= 0 else "values"
    if not one or smallest < 0 or largest > 1:
        return "values"
    return "one_hot" if whole else "probabilities"


def commonest_share(samples: Samples, target: ExternalTarget | None) -> float | None:
    """Return the share of the commonest class in all training samples.

    None if a sample has no class or several, and for a dataset that was not read to its end: one in order of class
    begins with one class.
    """
    if target is None or target.kind != "classes" or target.steps or samples.count != len(samples):
        return None
    (y,) = tree.flatten(samples.y)
    several = y.ndim > 1 and y.shape[-1] != 1
    counts = np.unique(y.argmax(axis=-1) if several else y.reshape(-1), return_counts=True)[1]
    return float(counts.max() / counts.sum())
