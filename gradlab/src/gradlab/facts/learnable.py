"""Scores of two models that need no training of a network: nearest neighbours and a linear model.

They show how much there is to learn in some data. With enough samples the nearest neighbour errs at most twice as often
as the best possible rule (Cover & Hart 1967). A linear model scores higher where samples are few for their features.

A score is the share of the constant prediction's errors that a model avoids on validation samples. Errors are wrong
answers for classes and labels, squared errors for values; for values the score is R². Features are standardised.
"""

from dataclasses import dataclass

import numpy as np

from gradlab.vocabulary.datasets import Dataset
from gradlab.vocabulary.targets import Target

Array = np.ndarray
Predictions = list[Array]  # of one or more models, (samples, classes, labels or values) each

# Numbers of neighbours that are averaged; the best of them counts. One is best without noise, many with much noise.
NEIGHBOURS = (1, 5, 15)
# Neighbours that are consulted about a sample's class, and of which so many must agree. By chance that many of 15 agree
# on one of two equally common classes with 3.5 %; of samples whose labels are wrong with 20 %, 65 % still agree.
CONSULTED, AGREEING = NEIGHBOURS[-1], 12
# Share of the training samples that the neighbours may be: more of them are no neighbourhood.
MAX_NEAR = 0.05
# Samples that neighbours give a class, from which on that says something about it: a share of 20 has a standard error
# of at most 11 %. Shares are compared class by class, for in ten dimensions samples near the middle are everybody's
# neighbours: on `hastie_10_2`, without a wrong label, 295 samples are given the inner class and 1 the outer one, and
# 24 % of the 295 belong to the outer one.
MIN_OF_CLASS = 20
# Samples, and numbers in them. 500 validation samples give a share within some per cent; all distances between training
# and validation samples are computed.
MAX_TRAINING, MAX_VALIDATION, MAX_NUMBERS = 2_000, 500, 4_000_000
# A feature whose standard deviation is below this share of its mean is constant: some roundings of float32.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Neighbours:
    """Agreement of the nearest neighbours of validation samples with them.

    Attributes:
        score: the score of the best number of neighbours, at most 1; NaN where it is undefined.
        compared: number of samples on whose class at least `AGREEING` of their `CONSULTED` neighbours agree, of classes
            with enough of them; None for labels, values, and few training samples.
        contradicted: share of these whose own class is another one: the lower median over the classes that neighbours
            agree on. None with fewer than two of them.
    """

    score: float = float("nan")
    compared: int | None = None
    contradicted: float | None = None


@dataclass(frozen=True)
class _Samples:
    """Standardised samples, and their targets as numbers."""

    train: Array
    y: Array
    val: Array
    expected: Array


def neighbours_score(data: Dataset, target: Target) -> float:
    """Return the score of the nearest neighbours, at most 1.

    It is NaN where each time step has an answer of its own, where a part has no samples, and where the constant
    prediction makes no errors.
    """
    return neighbours_of(data, target).score


def neighbours_of(data: Dataset, target: Target) -> Neighbours:
    """Return the score of the nearest neighbours, and how many samples they contradict."""
    samples = _samples(data, target)
    if samples is None:
        return Neighbours()
    predictions = _neighbours(samples.train, samples.y, samples.val)
    score = _avoided(samples, target, predictions)
    if target.kind != "classes" or len(samples.train) < CONSULTED / MAX_NEAR:
        return Neighbours(score)
    votes = predictions[-1]
    agreed = votes.max(axis=1) >= AGREEING / CONSULTED - 1e-9
    classes, own = votes[agreed].argmax(axis=1), samples.expected[agreed].argmax(axis=1)
    of_class = [own[classes == each] != each for each in np.unique(classes)]
    shares = sorted(float(each.mean()) for each in of_class if len(each) >= MIN_OF_CLASS)
    if len(shares) < 2:
        return Neighbours(score, 0)
    compared = sum(len(each) for each in of_class if len(each) >= MIN_OF_CLASS)
    return Neighbours(score, compared, shares[(len(shares) - 1) // 2])


def linear_model_score(data: Dataset, target: Target) -> float:
    """Return the score of ridge regression, on one-hot classes, at most 1; NaN as for `neighbours_score`."""
    samples = _samples(data, target)
    if samples is None:
        return float("nan")
    return _avoided(samples, target, _linear_model(samples.train, samples.y, samples.val))


def _samples(data: Dataset, target: Target) -> _Samples | None:
    if target.steps or not len(data.train_x) or not len(data.val_x):
        return None
    few = max(2, MAX_NUMBERS // max(1, int(np.prod(data.train_x.shape[1:]))))
    n, m = min(MAX_TRAINING, few), min(MAX_VALIDATION, few)
    train, val = _standardised(data.train_x[:n], data.val_x[:m])
    return _Samples(train, _numbers(data.train_y[:n], target), val, _numbers(data.val_y[:m], target))


def _avoided(samples: _Samples, target: Target, predictions: Predictions) -> float:
    """The score of the best of the predictions."""
    naive = _errors(np.broadcast_to(samples.y.mean(axis=0), samples.expected.shape), samples.expected, target)
    if not naive > 0:
        return float("nan")
    return 1 - min(_errors(predicted, samples.expected, target) for predicted in predictions) / naive


def _neighbours(train: Array, y: Array, val: Array) -> Predictions:
    distances = (train**2).sum(axis=1) - 2 * val @ train.T  # squared, without |val|², which does not change the order
    order = np.argsort(distances, axis=1, kind="stable")
    return [y[order[:, :k]].mean(axis=1) for k in NEIGHBOURS if k <= len(train)]


def _linear_model(train: Array, y: Array, val: Array) -> Predictions:
    from sklearn.linear_model import Ridge  # here, for only treatments need it and it loads slowly

    predicted = Ridge().fit(train, y.reshape(len(y), -1)).predict(val)
    return [predicted.reshape(len(val), *y.shape[1:])]


def _standardised(train: Array, val: Array) -> tuple[Array, Array]:
    """(samples, features) each, by the mean and standard deviation of the training samples; constant features are 0."""
    train, val = (x.reshape(len(x), -1).astype(np.float64) for x in (train, val))
    mean, spread = train.mean(axis=0), train.std(axis=0)
    scale = np.where(spread > ROUNDING * np.abs(mean), spread, np.inf)
    return (train - mean) / scale, (val - mean) / scale


def _numbers(y: Array, target: Target) -> Array:
    """(samples, classes, labels or values) targets as float64; classes as one-hot rows."""
    return np.eye(target.count)[y] if target.kind == "classes" else y.astype(np.float64)


def _errors(predicted: Array, expected: Array, target: Target) -> float:
    """The share of wrong answers, or the mean squared error for values."""
    if target.kind == "classes":
        return float((predicted.argmax(axis=1) != expected.argmax(axis=1)).mean())
    if target.kind == "labels":
        return float(((predicted > 0.5) != (expected > 0.5)).mean())
    return float(((predicted - expected) ** 2).mean())
