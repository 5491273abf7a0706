"""Rows that are compared with each other: repeated ones, equal ones with different targets, and neighbours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradlab.facts.faults import is_discrete, row_hashes
from gradlab.facts.learnable import Neighbours, neighbours_of
from gradlab.profile.columns import Column
from gradlab.profile.leaking import numbered
from gradlab.profile.model import SplitProposal
from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.targets import Target

Array = np.ndarray
# Share of the rows that a spec trains on unless it says otherwise.
TRAIN_SHARE = 0.8
# Rows that neighbours are searched among, spread evenly over the table; a fifth of them is asked about.
# They hold at most 32 MB as float64.
MAX_NEIGHBOURS, MAX_NUMBERS = 2_500, 4_000_000
HELD_OUT = 5


@dataclass(frozen=True)
class Repetition:
    """Numbers of rows that repeat.

    Attributes:
        rows: number of rows whose inputs are those of an earlier row.
        across: share of the validation rows whose inputs are those of a training row.
        contradicting: number of inputs that occur with more than one target.
        discrete: True if no feature has more than 20 values: rows then repeat by nature.
    """

    rows: int
    across: float
    contradicting: int
    discrete: bool


def repetition_of(
    features: Sequence[Column], target: Sequence[Column], validation: Sequence[Column], split: SplitProposal | None
) -> Repetition | None:
    """Return the repetition of the rows of features; None where there is nothing to compare.

    Args:
        features: the columns or the array of the inputs.
        target: those of the target.
        validation: those of the validation inputs, if the file has any.
        split: the proposed division of the rows; None if the file has validation samples.
    """
    if not features or not len(features[0].values):
        return None
    hashes = row_hashes([each.values for each in features])
    distinct = len(np.unique(hashes))
    rows = {len(each.values) for each in validation}
    if len(validation) == len(features) and len(rows) == 1 and rows != {0}:
        values = [own.values.astype(each.values.dtype) for own, each in zip(validation, features, strict=True)]
        across = float(np.isin(row_hashes(values), hashes).mean())
    else:
        across = _across(hashes, split)
    with_targets = len(np.unique(row_hashes([each.values for each in (*features, *target)])))
    discrete = all(is_discrete(each.values.reshape(len(each.values), -1)) for each in features)
    return Repetition(len(hashes) - distinct, across, with_targets - distinct, discrete)


def _across(hashes: Array, split: SplitProposal | None) -> float:
    """The share of the validation rows with a twin among the training rows, as the proposed division has it."""
    trained = int(TRAIN_SHARE * len(hashes))
    if split is not None and split.kind == "in_order" and trained < len(hashes):
        return float(np.isin(hashes[trained:], hashes[:trained]).mean())
    # Of c equal rows each is alone in its part with probability 0.2 to the power of c − 1, if it is a validation row.
    _, counts = np.unique(hashes, return_counts=True)
    return float((counts * (1 - (1 - TRAIN_SHARE) ** (counts - 1))).sum() / len(hashes))


def neighbours_in(features: Sequence[Column], target: Column) -> Neighbours:
    """Return the agreement of the nearest neighbours of rows with their classes; categories count as no features."""
    used = [each for each in features if each.is_number or each.is_array or each.profile.type == "boolean"]
    rows = len(target.values)
    if not used or rows < 2 * HELD_OUT:
        return Neighbours()
    kept = min(MAX_NEIGHBOURS, MAX_NUMBERS // max(1, sum(math.prod(each.profile.shape) for each in used)))
    if kept < 2 * HELD_OUT:
        return Neighbours()
    places = np.arange(0, rows, max(1, -(-rows // kept)))
    x = np.concatenate([each.values[places].reshape(len(places), -1).astype(np.float64) for each in used], axis=1)
    y = numbered(target.values[places]) if target.values.ndim == 1 else target.values[places].argmax(axis=-1)
    finite = np.isfinite(x).all(axis=1)
    x, y = x[finite], np.asarray(y[finite])
    held = np.arange(len(x)) % HELD_OUT == HELD_OUT - 1
    if not held.any() or len(x) < 2 * HELD_OUT:
        return Neighbours()
    with np.errstate(all="ignore"):
        return neighbours_of(Dataset(x[~held], y[~held], x[held], y[held]), Target("classes", int(y.max()) + 1))
