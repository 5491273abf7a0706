"""Chance that a relu network is born dead, estimated by drawing its weights many times.

A network is born dead if no unit of one of its layers is on for any input. Its output is then constant, and no gradient
can change that (Lu et al. 2019). Where weights are symmetric around 0 and biases are 0, a unit is off for a given input
with probability 1/2. Then P(born dead) ≤ 1 − ∏ (1 − 2^−n) over the hidden layers' widths n; on real inputs it is less.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradlab.spec import NamedLayer
from gradlab.spec.network import is_chain
from gradlab.theory.activations import curve
from gradlab.theory.slopes import turns_off
from gradlab.theory.weights import Shape, moments
from gradlab.vocabulary.initializers import WeightInitializer
from gradlab.vocabulary.layers.dense import Dense

DRAWS = 200  # estimates a chance of 0.05 within ±0.03, two standard deviations
SEED = 0
# Multiplications of all draws together, which take about a second: wide networks are drawn less often.
MAX_PRODUCTS, MIN_DRAWS = 4e9, 10
# A bound below this counts as a chance of 0, without a draw.
NEGLIGIBLE = 1e-4
# Standard deviations beyond which a truncated normal is drawn again.
TRUNCATED_AT = 2.0

Array = np.ndarray


def hidden_relus(network: Sequence[NamedLayer]) -> tuple[NamedLayer, ...]:
    """Return the hidden layers of a network of dense layers whose hidden ones are all relu; () for other networks."""
    layers = [layer for layer in network if layer.spec.kind not in ("dropout", "gaussian_noise")]
    if layers and layers[-1].spec.kind == "activation":
        layers = layers[:-1]
    dense = [layer for layer in layers if isinstance(layer.spec, Dense) and len(layer.input_shape) == 1]
    relus = all(turns_off(layer.spec.function) for layer in dense[:-1])
    return tuple(dense[:-1]) if relus and len(dense) == len(layers) and is_chain(network) else ()


def born_dead_bound(layers: tuple[NamedLayer, ...]) -> float:
    """Return 1 − ∏ (1 − 2^−n) in [0, 1], the bound for biases of 0 and weights that are symmetric around 0."""
    return 1 - float(np.prod([1 - 2.0 ** -layer.output_shape[-1] for layer in layers]))


def born_dead_chance(layers: tuple[NamedLayer, ...], x: Array) -> float:
    """Return the share of drawn networks, in [0, 1], that are born dead on the inputs `x`, (samples, features)."""
    if _symmetric(layers) and born_dead_bound(layers) < NEGLIGIBLE:
        return 0.0
    products = len(x) * sum(layer.input_shape[0] * layer.output_shape[0] for layer in layers)
    draws = int(np.clip(MAX_PRODUCTS / products, MIN_DRAWS, DRAWS))
    random = np.random.default_rng(SEED)
    dead = 0
    with np.errstate(all="ignore"):
        for _ in range(draws):
            dead += _is_dead(layers, x, random)
    return dead / draws


def _is_dead(layers: tuple[NamedLayer, ...], x: Array, random: "np.random.Generator") -> bool:
    for layer in layers:
        spec = layer.spec
        if not isinstance(spec, Dense):  # `hidden_relus` returns dense layers alone
            return False
        z = x @ draw(spec.kernel_initializer, (x.shape[1], spec.units), random)
        if spec.use_bias:
            z = z + draw(spec.bias_initializer, (spec.units,), random)
        x, slope = curve(spec.activation, z)
        if not slope.any():
            return True
    return False


def draw(initializer: WeightInitializer, shape: Shape, random: "np.random.Generator") -> Array:
    """Draw a tensor from the distribution of `initializer`; its numbers differ from those that Keras draws."""
    kind, a = initializer.kind, initializer
    if kind in DRAWN:
        return DRAWN[kind](a, shape, random)
    expected = moments(initializer, shape)
    if not expected.variance:
        return np.full(shape, expected.mean)
    # All other initialisers scale their variance by the numbers of units: uniform, normal or truncated normal.
    form = getattr(a, "distribution", "uniform" if kind.endswith("uniform") else "truncated_normal")
    spread = np.sqrt(expected.variance)
    if form == "uniform":
        return random.uniform(-np.sqrt(3) * spread, np.sqrt(3) * spread, shape)
    if form == "untruncated_normal":
        return random.normal(0, spread, shape)
    cut = _truncated(shape, random)
    return np.asarray(cut * spread / TRUNCATED_STD)


def _truncated(shape: Shape, random: "np.random.Generator") -> Array:
    drawn = random.standard_normal(shape)
    while (outside := np.abs(drawn) > TRUNCATED_AT).any():
        drawn[outside] = random.standard_normal(int(outside.sum()))
    return drawn


def _orthogonal(a: Any, shape: Shape, random: "np.random.Generator") -> Array:
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    q, r = np.linalg.qr(random.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return np.asarray(a.gain * (q if rows >= columns else q.T)).reshape(shape)


TRUNCATED_STD = 0.87962566103423978  # of a standard normal cut at two standard deviations

# Quoted, here and above: naming it loads numpy.random, which only these draws need.
DRAWN: "Mapping[str, Callable[[Any, Shape, np.random.Generator], Array]]" = {
    "identity": lambda a, shape, random: a.gain * np.eye(shape[0], shape[1]),
    "random_uniform": lambda a, shape, random: random.uniform(a.minval, a.maxval, shape),
    "random_normal": lambda a, shape, random: random.normal(a.mean, a.stddev, shape),
    "truncated_normal": lambda a, shape, random: a.mean + a.stddev * _truncated(shape, random),
    "orthogonal": _orthogonal,
}


def _symmetric(layers: tuple[NamedLayer, ...]) -> bool:
    """True if weights are symmetric around 0 and biases are 0, so that the bound holds."""
    for layer in layers:
        spec = layer.spec
        if not isinstance(spec, Dense) or moments(spec.kernel_initializer, (2, 2)).mean:
            return False
        bias = moments(spec.bias_initializer, (spec.units,)) if spec.use_bias else None
        if getattr(spec.activation, "threshold", 0.0) or (bias and (bias.mean or bias.variance)):
            return False
    return True
