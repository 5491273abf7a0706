"""Gradients that nobody zeroes: what `unzeroed_gradients` sees of 1,080 such loops, by norms and cosines alone.

    python -m bench.unzeroed

Loops by hand in NumPy: 3 tasks, 0, 2 and 6 hidden layers of 16 units, tanh and relu, batches of 8, 32 and 512 of 512
samples, SGD and Adam with five rates, 4 seeds, 20 steps each. It takes some seconds.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradlab.diagnosis import ExternalRun
from gradlab.diagnosis.rules import unzeroed_gradients
from gradlab.facts import Wiring
from gradlab.measurement.history import History
from gradlab.spec import ExternalSpec

SAMPLES, UNITS, STEPS = 512, 16, 20
TASKS, DEPTHS, ACTIVATIONS, BATCHES = ("circles", "clouds", "values"), (0, 2, 6), ("tanh", "relu"), (8, 32, 512)
OPTIMIZERS = (("sgd", 0.01), ("sgd", 0.1), ("sgd", 0.5), ("adam", 0.001), ("adam", 0.01))
SPEC = ExternalSpec.model_validate(
    {
        "source": "external", "name": "a loop by hand", "metrics": ["loss"], "record": {"gradients": 0}, "epochs": 1,
        "layers": [{"name": "output", "class_name": "Dense"}], "seeds": [0],
    }
)  # fmt: skip
Array = NDArray[np.floating]


@dataclass(frozen=True)
class Case:
    """A task, a network and an optimiser."""

    task: str
    depth: int
    activation: str
    batch: int
    optimizer: tuple[str, float]
    seed: int


def main() -> None:
    """Print the share of loops with a finding, without and with zeroing."""
    cases = [Case(*each) for each in itertools.product(TASKS, DEPTHS, ACTIVATIONS, BATCHES, OPTIMIZERS, range(4))]
    for zeroes in (True, False):
        with np.errstate(all="ignore"):
            count = sum(is_sighted(list(gradients(case, zeroes=zeroes))) for case in cases)
        title = "zeroed" if zeroes else "kept"
        print(f"gradients {title}: {count} of {len(cases)} loops with a finding, {count / len(cases):.1%}")


def is_sighted(rows: list[Array]) -> bool:
    """Apply the rule to the gradients of each step."""
    norms, products = np.linalg.norm(rows, axis=1), np.sum(np.multiply(rows[1:], rows[:-1]), axis=1)
    ratio, cosine = norms[1:] / norms[:-1], products / norms[1:] / norms[:-1]
    growth = {"ratio": float(np.median(ratio)), "cosine": float(np.median(cosine))}
    wiring = Wiring.model_validate({"first_steps": {"gradient_norm": norms.tolist()}, "gradient_growth": growth})
    history = History(SPEC.layout, 1, np.zeros((1, 1), np.float32), {})
    return unzeroed_gradients.RULE(ExternalRun(SPEC, 0, history, wiring=wiring)) is not None


def gradients(case: Case, *, zeroes: bool) -> Iterator[Array]:
    """Train, and return the gradient that each step follows, flat."""
    random = np.random.default_rng(case.seed)
    x, y = samples(case.task, random)
    widths = [x.shape[1], *[UNITS] * case.depth, 1]
    gain = 2 if case.activation == "relu" else 1
    weights = [random.normal(size=(a, b)) * np.sqrt(gain / a) for a, b in itertools.pairwise(widths)]
    weights += [np.zeros(width) for width in widths[1:]]
    moments, order, step = [0.0, 0.0], np.empty(0, np.int64), 0
    gradient: Any = 0.0
    while step < STEPS:
        if len(order) < case.batch:
            order = random.permutation(SAMPLES)
        chosen, order, step = order[: case.batch], order[case.batch :], step + 1
        new = one_gradient(case, weights, x[chosen], y[chosen])
        gradient = new if zeroes else gradient + new
        yield gradient
        move = _move(case, gradient, moments, step)
        ends = np.cumsum([each.size for each in weights])[:-1]
        parts = np.split(move, ends)
        weights = [each - part.reshape(each.shape) for each, part in zip(weights, parts, strict=True)]


def _move(case: Case, gradient: Array, moments: list[Any], step: int) -> Array:
    kind, rate = case.optimizer
    if kind == "sgd":
        return rate * gradient
    moments[0] = 0.9 * moments[0] + 0.1 * gradient
    moments[1] = 0.999 * moments[1] + 0.001 * gradient**2
    return np.asarray(
        rate * moments[0] / (1 - 0.9**step) / (np.sqrt(moments[1] / (1 - 0.999**step)) + 1e-8), np.float64
    )


def samples(task: str, random: np.random.Generator) -> tuple[Array, Array]:
    """Inputs and targets: two circles, two overlapping clouds, or values of a smooth function."""
    if task == "values":
        x = random.normal(size=(SAMPLES, 8))
        return x, np.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    classes = random.integers(0, 2, SAMPLES)
    if task == "clouds":
        return random.normal(size=(SAMPLES, 10)) + 0.7 * classes[:, None], classes[:, None].astype(float)
    angles, radii = random.uniform(0, 2 * np.pi, SAMPLES), np.where(classes, 1, 0.5)
    circles = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    return circles + 0.1 * random.normal(size=(SAMPLES, 2)), classes[:, None].astype(float)


def one_gradient(case: Case, weights: list[Array], x: Array, y: Array) -> Array:
    """The gradient of a batch, flat: kernels, then biases."""
    layers, inputs, z = len(weights) // 2, [x], []
    for kernel, bias in zip(weights[:layers], weights[layers:], strict=True):
        z.append(inputs[-1] @ kernel + bias)
        inputs.append(np.maximum(z[-1], 0) if case.activation == "relu" else np.tanh(z[-1]))
    output = z[-1]
    delta = (2 * (output - y) if case.task == "values" else 1 / (1 + np.exp(-output)) - y) / len(x)
    kernels, biases = [], []
    for place in reversed(range(layers)):
        kernels.append(inputs[place].T @ delta)
        biases.append(delta.sum(axis=0))
        if place:
            slope = (z[place - 1] > 0) if case.activation == "relu" else 1 - inputs[place] ** 2
            delta = (delta @ weights[place].T) * slope
    return np.concatenate([each.ravel() for each in (*reversed(kernels), *reversed(biases))])


if __name__ == "__main__":
    main()
