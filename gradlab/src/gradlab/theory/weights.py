"""Mean and variance of a weight, for every initialiser of the vocabulary.

Sources: Keras 3, https://keras.io/api/layers/initializers/; Glorot & Bengio 2010; He et al. 2015; LeCun et al. 1998;
Saxe et al. 2013.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gradlab.vocabulary.initializers import WeightInitializer

# A standard normal that is redrawn beyond two standard deviations has this variance: 1 − 4·φ(2)/(2·Φ(2) − 1).
TRUNCATED = 1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Moments:
    """Mean and variance of the entries of a weight tensor.

    Attributes:
        mean: the mean, common to all entries. It makes the units of a layer resemble one another.
        variance: the variance around the mean.
    """

    mean: float
    variance: float


def moments(initializer: WeightInitializer, shape: Shape) -> Moments:
    """Return the moments of the entries of a tensor of `shape`, in Keras's order of axes.

    The entries of `identity` and `orthogonal` are not independent. Their variance is the mean of the squared entries,
    so that n·variance is the factor by which they scale the mean square of a layer. Each unit of an identity reads an
    input of its own, so that its mean counts as 0.
    """
    return MOMENTS[initializer.kind](initializer, shape)


def fans(shape: Shape) -> tuple[float, float]:
    """Return fan_in and fan_out as Keras counts them: those of a convolution times the positions of its kernel."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    positions = math.prod(shape[:-2])
    return float(shape[-2] * positions), float(shape[-1] * positions)


def _scaled(scale: float, mode: str) -> Callable[[Any, Shape], Moments]:
    def scaled(_: Any, shape: Shape) -> Moments:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        return Moments(0.0, scale / max(1.0, n))

    return scaled


def _identity(a: Any, shape: Shape) -> Moments:
    return Moments(0.0, a.gain**2 / max(shape))


def _orthogonal(a: Any, shape: Shape) -> Moments:
    return Moments(0.0, a.gain**2 / max(math.prod(shape[:-1]), shape[-1]))


MOMENTS: Mapping[str, Callable[[Any, Shape], Moments]] = {
    "zeros": lambda a, shape: Moments(0.0, 0.0),
    "ones": lambda a, shape: Moments(1.0, 0.0),
    "constant": lambda a, shape: Moments(a.value, 0.0),
    "identity": _identity,
    "random_uniform": lambda a, shape: Moments((a.minval + a.maxval) / 2, (a.maxval - a.minval) ** 2 / 12),
    "random_normal": lambda a, shape: Moments(a.mean, a.stddev**2),
    "truncated_normal": lambda a, shape: Moments(a.mean, TRUNCATED * a.stddev**2),
    "variance_scaling": lambda a, shape: _scaled(a.scale, a.mode)(a, shape),
    "glorot_uniform": _scaled(1.0, "fan_avg"),
    "glorot_normal": _scaled(1.0, "fan_avg"),
    "he_uniform": _scaled(2.0, "fan_in"),
    "he_normal": _scaled(2.0, "fan_in"),
    "lecun_uniform": _scaled(1.0, "fan_in"),
    "lecun_normal": _scaled(1.0, "fan_in"),
    "orthogonal": _orthogonal,
}
