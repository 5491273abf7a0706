"""Trainings on samples with one fault, and the facts of them: a hidden layer and a softmax, by NumPy and Adam."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gradlab.diagnosis import ExternalRun
from gradlab.facts import of_external
from gradlab.measurement.history import History
from gradlab.spec import ExternalSpec

FEATURES, UNITS, BATCH = 10, 64, 32
RATE, DECAYS, EPSILON = 0.01, (0.9, 0.999), 1e-8  # of Adam
Array = NDArray[np.floating]


@dataclass(frozen=True)
class Samples:
    """Training and validation samples: (samples, FEATURES) inputs, (samples,) numbers of classes."""

    x: Array
    y: NDArray[np.integer]
    val_x: Array
    val_y: NDArray[np.integer]


Make = Callable[[np.random.Generator], Samples]


def clouds(random: np.random.Generator, counts: tuple[int, ...], distance: float) -> tuple[Array, NDArray[np.integer]]:
    """Draw clouds of samples with standard deviation 1, their centres on different axes, in order of class."""
    y = np.repeat(np.arange(len(counts)), counts)
    x = random.normal(size=(len(y), FEATURES)) + distance * np.eye(len(counts), FEATURES)[y]
    return x, y


def divided(random: np.random.Generator, x: Array, y: NDArray[np.integer], *, shuffled: bool = True) -> Samples:
    """Divide samples into four fifths and one, in random order or as they come."""
    order = random.permutation(len(x)) if shuffled else np.arange(len(x))
    train, val = order[: len(x) * 4 // 5], order[len(x) * 4 // 5 :]
    return Samples(x[train], y[train], x[val], y[val])


def on(make: Make) -> partial[tuple[ExternalRun, ...]]:
    """Return the function that trains every seed of a spec on samples that `make` draws."""
    return partial(_trained, make)


def _trained(make: Make, spec: ExternalSpec) -> tuple[ExternalRun, ...]:
    return tuple(_run(make, spec, seed) for seed in spec.seeds)


def _run(make: Make, spec: ExternalSpec, seed: int) -> ExternalRun:
    random = np.random.default_rng(seed)
    samples, classes = make(random), spec.target.count if spec.target is not None else 2
    shapes = ((FEATURES, UNITS), (UNITS,), (UNITS, classes), (classes,))
    weights: list[Array] = [
        random.normal(size=each) / np.sqrt(each[0]) if len(each) > 1 else np.zeros(each) for each in shapes
    ]
    moments: list[tuple[Array, Array]] = [(np.zeros(each), np.zeros(each)) for each in shapes]
    step, metrics = 0, []
    with np.errstate(all="ignore"):
        for _ in range(spec.epochs):
            for batch in np.array_split(random.permutation(len(samples.x)), max(1, len(samples.x) // BATCH)):
                step += 1
                _update(weights, moments, _gradients(weights, samples.x[batch], samples.y[batch]), step)
            scores = (_scores(weights, *part) for part in ((samples.x, samples.y), (samples.val_x, samples.val_y)))
            metrics.append([each for pair in scores for each in pair])
    facts = of_external(spec, samples.x, samples.y, samples.val_x, samples.val_y)
    return ExternalRun(spec, seed, History(spec.layout, 1, np.array(metrics, np.float32), {}), facts=facts)


def _forward(weights: list[Array], x: Array) -> tuple[Array, Array]:
    """The hidden activations, and the probabilities of the classes."""
    hidden = np.tanh(x @ weights[0] + weights[1])
    scores = hidden @ weights[2] + weights[3]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return hidden, powers / powers.sum(axis=1, keepdims=True)


def _gradients(weights: list[Array], x: Array, y: NDArray[np.integer]) -> list[Array]:
    hidden, p = _forward(weights, x)
    delta = (p - np.eye(p.shape[1])[y]) / len(x)
    back = (delta @ weights[2].T) * (1 - hidden**2)
    return [x.T @ back, back.sum(axis=0), hidden.T @ delta, delta.sum(axis=0)]


def _update(weights: list[Array], moments: list[tuple[Array, Array]], gradients: list[Array], step: int) -> None:
    first, second = DECAYS
    for place, gradient in enumerate(gradients):
        mean = first * moments[place][0] + (1 - first) * gradient
        square = second * moments[place][1] + (1 - second) * gradient**2
        moments[place] = mean, square
        weights[place] = weights[place] - RATE * (mean / (1 - first**step)) / (
            np.sqrt(square / (1 - second**step)) + EPSILON
        )


def _scores(weights: list[Array], x: Array, y: NDArray[np.integer]) -> tuple[float, float]:
    """Loss and accuracy."""
    _, p = _forward(weights, x)
    loss = -np.log(np.maximum(p[np.arange(len(y)), y], 1e-7)).mean()
    return float(loss), float((p.argmax(axis=1) == y).mean())
