"""Networks worked out by hand: NumPy in double precision, without Keras, derivatives by complex steps.

A function of real numbers whose formula is analytic has f′(x) = Im f(x + ih)/h to machine precision for a tiny h: there
is no difference to round (Squire & Trapp 1998).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradlab.spec import ExperimentSpec, NamedLayer

STEP = 1e-100

# name -> the function, the largest slope that it has anywhere.
ACTIVATIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float | None]] = {
    "linear": (lambda z: z, 1.0),
    "relu": (lambda z: np.where(z.real > 0, z, 0), 1.0),
    "tanh": (np.tanh, 1.0),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), 0.25),
    "softmax": (lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True), None),
}
# The loss of each sample from its targets and predictions, (samples, units).
LOSSES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "binary_crossentropy": lambda y, p: -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(axis=-1),
    "categorical_crossentropy": lambda y, p: -(y * np.log(p)).sum(axis=-1),
    "mean_squared_error": lambda y, p: ((y - p) ** 2).mean(axis=-1),
}

Weights = Mapping[tuple[str, str], np.ndarray]


@dataclass(frozen=True, eq=False)
class Seen:
    """The arrays of a layer for some samples: (samples, units) each.

    Attributes:
        z: pre-activations.
        h: activations.
        slope: the activation's derivative at z, NaN where units depend on each other.
        steepest: the largest slope that the activation has anywhere.
    """

    z: np.ndarray
    h: np.ndarray
    slope: np.ndarray
    steepest: float | None


def named(spec: ExperimentSpec, weights: Sequence[np.ndarray]) -> Weights:
    """The weights by layer and parameter, in double precision."""
    tensors = [tensor for layer in spec.layers for tensor in layer.tensors]
    return {
        (tensor.layer, tensor.parameter): np.asarray(weight, np.float64)
        for tensor, weight in zip(tensors, weights, strict=True)
    }


def forward(
    spec: ExperimentSpec, weights: Weights, x: np.ndarray, nudges: Mapping[str, np.ndarray] | None = None
) -> tuple[np.ndarray, dict[str, Seen]]:
    """The prediction for some samples, (samples, units), and what each layer did, in the order of the spec's layers."""
    seen: dict[str, Seen] = {}
    for layer in spec.network:
        x = _through(layer, weights, x, nudges or {}, seen)
    return x, seen


def _through(
    layer: NamedLayer, weights: Weights, x: np.ndarray, nudges: Mapping[str, np.ndarray], seen: dict[str, Seen]
) -> np.ndarray:
    skip = x
    for each in layer.inner:
        x = _through(each, weights, x, nudges, seen)
    spec, name = layer.spec, layer.name
    if spec.kind == "dropout":
        return x
    if spec.kind == "dense":
        x = x @ weights[name, "kernel"] + (weights[name, "bias"] if spec.use_bias else 0)
    if spec.kind == "batch_normalization":
        centred = x - x.mean(axis=0)
        x = centred / np.sqrt((centred**2).mean(axis=0) + spec.epsilon)
        x = x * weights[name, "gamma"] + weights[name, "beta"]
    if spec.kind == "residual":
        x = skip + spec.scale * x
    z = x + nudges.get(name, 0)
    activation, steepest = ACTIVATIONS["linear" if spec.function is None else spec.function.kind]
    slope = activation(z + 1j * STEP).imag / STEP if steepest else np.full(z.shape, np.nan)
    seen[name] = Seen(z, activation(z), slope, steepest)
    return seen[name].h


def deltas(spec: ExperimentSpec, weights: Weights, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Layer -> (samples, units): the derivative of the sum of the samples' losses by each pre-activation."""
    loss, (_, seen) = LOSSES[spec.training.loss.kind], forward(spec, weights, x)
    mixing = any(layer.spec.mixes_samples for layer in spec.layers)
    found = {}
    for name, layer in seen.items():
        delta = np.zeros(layer.z.shape)
        samples, units = delta.shape
        # Where samples do not influence each other, all of them can be nudged at once.
        for who in np.arange(samples)[:, None] if mixing else [np.arange(samples)]:
            for unit in range(units):
                nudge = np.zeros(delta.shape, complex)
                nudge[who, unit] = 1j * STEP
                moved = loss(y, forward(spec, weights, x, {name: nudge})[0]).imag / STEP
                delta[who, unit] = moved.sum() if mixing else moved
        found[name] = delta
    return found
