"""Examples of findings that only occur with external data: trained by NumPy, without the service."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gradlab.diagnosis import ExternalRun
from gradlab.measurement.history import History
from gradlab.spec import ExternalSpec

SAMPLES, FEATURES, EPOCHS, RATE = 200, 2, 40, 0.5
Array = NDArray[np.floating]


def logistic_regression(spec: ExternalSpec, labels: Callable[[Array], Array]) -> tuple[ExternalRun, ...]:
    """Train one sigmoid unit by gradient descent on two clouds; `labels` turns classes 0 and 1 into targets."""
    return tuple(_run(spec, seed, labels) for seed in spec.seeds)


def minus_one_and_one(classes: Array) -> Array:
    """Return labels -1 and 1, as a hinge loss requires them."""
    return 2 * classes - 1


def _run(spec: ExternalSpec, seed: int, labels: Callable[[Array], Array]) -> ExternalRun:
    random = np.random.default_rng(seed)
    classes = np.arange(SAMPLES) % 2.0
    x = random.normal(size=(SAMPLES, FEATURES)) + classes[:, None]
    y, weights, metrics = labels(classes), random.normal(size=FEATURES), []
    bias: float = 0.0
    for _ in range(EPOCHS):
        p = np.clip(1 / (1 + np.exp(-x @ weights - bias)), 1e-7, 1 - 1e-7)
        metrics.append((-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), np.mean((p > 0.5) == y)))
        weights, bias = weights - RATE * x.T @ (p - y) / SAMPLES, float(bias - RATE * np.mean(p - y))
    return ExternalRun(spec, seed, History(spec.layout, 1, np.array(metrics, np.float32), {}))
