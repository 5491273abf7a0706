"""What there is to learn in some data, found without training a network.

Asked of the nearest neighbours: with enough samples the nearest errs at most twice as often as the best possible rule
(Cover & Hart 1967). And of a linear model, which knows more where samples are few for their features. A network that
has learnt much less has not learnt what there is to learn.

Both answers are shares of the errors that always saying the same makes, those that are avoided on validation samples:
wrong answers for classes and labels, squared errors for values, for which the share is R². Features count by their
standard deviation.
"""

from collections.abc import Callable

import numpy as np

from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.targets import Target

Array = np.ndarray
Predicted = list[Array]

# One neighbour is best where there is no noise, many where there is much: the best of these counts.
NEIGHBOURS = (1, 5, 15)
# Enough to tell a share within some per cent; all distances between them are computed.
MAX_TRAINING, MAX_VALIDATION, MAX_NUMBERS = 2_000, 500, 4_000_000
# A feature that varies less than this beside its size does not vary.
ROUNDING = 1e-6


def neighbours_score(data: Dataset, target: Target) -> float:
    """What the nearest neighbours avoid; NaN where there is an answer for every time step, or nothing can be said."""
    return _avoided(data, target, _neighbours)


def linear_model_score(data: Dataset, target: Target) -> float:
    """What ridge regression avoids, on one-hot classes; NaN as above."""
    return _avoided(data, target, _linear_model)


def _avoided(data: Dataset, target: Target, predict: Callable[[Array, Array, Array], Predicted]) -> float:
    """The best of some predictions."""
    if target.steps:
        return float("nan")
    few = max(2, MAX_NUMBERS // max(1, int(np.prod(data.train_x.shape[1:]))))
    n, m = min(MAX_TRAINING, few), min(MAX_VALIDATION, few)
    train, val = _standardised(data.train_x[:n], data.val_x[:m])
    y, wanted = _numbers(data.train_y[:n], target), _numbers(data.val_y[:m], target)
    if not len(train) or not len(val):
        return float("nan")
    naive = _errors(np.broadcast_to(y.mean(axis=0), wanted.shape), wanted, target)
    if not naive > 0:
        return float("nan")
    return 1 - min(_errors(said, wanted, target) for said in predict(train, y, val)) / naive


def _neighbours(train: Array, y: Array, val: Array) -> Predicted:
    distances = (train**2).sum(axis=1) - 2 * val @ train.T  # less what all have in common
    order = np.argsort(distances, axis=1, kind="stable")
    return [y[order[:, :k]].mean(axis=1) for k in NEIGHBOURS if k <= len(train)]


def _linear_model(train: Array, y: Array, val: Array) -> Predicted:
    from sklearn.linear_model import Ridge  # loaded by whoever treats, not by whoever asks for a history

    said = Ridge().fit(train, y.reshape(len(y), -1)).predict(val)
    return [said.reshape(len(val), *y.shape[1:])]


def _standardised(train: Array, val: Array) -> tuple[Array, Array]:
    train, val = (each.reshape(len(each), -1).astype(np.float64) for each in (train, val))
    mean, spread = train.mean(axis=0), train.std(axis=0)
    scale = np.where(spread > ROUNDING * np.abs(mean), spread, np.inf)  # a constant feature tells nothing
    return (train - mean) / scale, (val - mean) / scale


def _numbers(y: Array, target: Target) -> Array:
    """(samples, classes, labels or values)."""
    return np.eye(target.count)[y] if target.kind == "classes" else y.astype(np.float64)


def _errors(said: Array, wanted: Array, target: Target) -> float:
    if target.kind == "classes":
        return float((said.argmax(axis=1) != wanted.argmax(axis=1)).mean())
    if target.kind == "labels":
        return float(((said > 0.5) != (wanted > 0.5)).mean())
    return float(((said - wanted) ** 2).mean())
