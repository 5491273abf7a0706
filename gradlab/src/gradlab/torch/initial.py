"""Distribution of a tensor's initial entries, inferred from the entries themselves.

A module of PyTorch does not say what its weights were drawn from. Where the entries fit a distribution of the
vocabulary, that one is named, with parameters that are measured. A mean that is 0 up to its standard error is 0.
"""

import math

import numpy as np
from torch import nn

from gradlab.vocabulary.initializers import (
    Constant,
    Identity,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    WeightInitializer,
    Zeros,
)

# Entries that are looked at. Their mean and spread are then known to about 1 %.
MAX_ENTRIES = 10_000
# The largest distance of the empirical distribution function, times √n, that a fit allows. Beyond it lies one draw in
# 20,000 where no parameter is estimated from the entries: 2·exp(−2·2.3²) (Kolmogorov 1933); of a uniform distribution
# around 0 hardly one is. A network has many tensors, and each run draws them anew.
MAX_DISTANCE = 2.3
# Standard errors up to which a mean counts as 0.
STANDARD_ERRORS = 4.0
# Entries below which no distribution is told.
MIN_ENTRIES = 4
# Difference of rounding up to which the products of rows are those of an orthogonal matrix.
ORTHOGONAL = 1e-4
# The standard deviation of a standard normal that is cut at two standard deviations.
TRUNCATED_STD = 0.87962566


def distribution(values: np.ndarray) -> WeightInitializer | None:
    """Return the distribution of a tensor's entries; None if they fit none of the vocabulary, or are too few.

    Args:
        values: the tensor, with its axes: a matrix may be orthogonal.
    """
    x = np.asarray(values, np.float64)
    if not x.size or not np.isfinite(x).all():
        return None
    first = float(x.flat[0])
    if (x == first).all():
        return Zeros() if first == 0 else Ones() if first == 1 else Constant(value=first)
    return _matrix(x) or _drawn(_some(x.reshape(-1)))


def default_bound(module: nn.Module | None) -> float | None:
    """Return the bound of the uniform distribution that PyTorch draws a module's tensors from; None if it is another.

    For dense and convolutional layers it is 1/√fan_in, kernel and bias alike; for recurrent ones 1/√units.
    """
    if isinstance(module, nn.RNNBase):
        return 1 / math.sqrt(module.hidden_size)
    if not isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return None
    return 1 / math.sqrt(module.weight[0].numel())


def few_entries(values: np.ndarray, module: nn.Module | None) -> WeightInitializer | None:
    """Return PyTorch's own distribution for a tensor with too few entries to see one, if they lie within its bound."""
    bound = default_bound(module)
    if bound is None or not 0 < values.size < MIN_ENTRIES or not values.any() or np.abs(values).max() > bound:
        return None
    return RandomUniform(minval=-bound, maxval=bound)


def _matrix(x: np.ndarray) -> WeightInitializer | None:
    if x.ndim != 2 or min(x.shape) < 2 or x.size > MAX_ENTRIES:
        return None
    if x.shape[0] == x.shape[1] and (x == x[0, 0] * np.eye(len(x))).all():
        return Identity(gain=float(x[0, 0]))
    few = x if x.shape[0] <= x.shape[1] else x.T
    product = few @ few.T
    scale = product.trace() / len(few)
    if np.abs(product - scale * np.eye(len(few))).max() < ORTHOGONAL * scale:
        return Orthogonal(gain=math.sqrt(scale))
    return None


def _drawn(x: np.ndarray) -> WeightInitializer | None:
    """The likeliest of a uniform, a normal and a cut normal distribution; None if the entries fit none of them."""
    n, std = len(x), float(x.std())
    if n < MIN_ENTRIES or std == 0:
        return None
    mean = float(x.mean())
    if abs(mean) < STANDARD_ERRORS * std / math.sqrt(n):
        mean = 0.0
    half = max(float(x.max()) - mean, mean - float(x.min())) * (n + 1) / n if mean == 0 else math.sqrt(3) * std
    low, high = min(mean - half, float(x.min())), max(mean + half, float(x.max()))
    cut = std / TRUNCATED_STD
    fits: list[tuple[float, WeightInitializer, np.ndarray]] = [
        (-n * math.log(high - low), RandomUniform(minval=low, maxval=high), (np.sort(x) - low) / (high - low)),
        (_normal_likelihood(x, mean, std), RandomNormal(mean=mean, stddev=std), _normal(np.sort(x), mean, std)),
    ]
    # The cut is known as well as the standard deviation, whose relative standard error is about 1/√(2n).
    if np.abs(x - mean).max() <= 2 * cut * (1 + STANDARD_ERRORS / math.sqrt(2 * n)):
        inside = (_normal(np.sort(x), mean, cut) - _normal(np.array([-2.0]), 0, 1)) / math.erf(math.sqrt(2))
        likelihood = _normal_likelihood(x, mean, cut) - n * math.log(math.erf(math.sqrt(2)))
        fits.append((likelihood, TruncatedNormal(mean=mean, stddev=cut), inside))
    _, initializer, distribution_function = max(fits, key=lambda fit: fit[0])
    steps = np.arange(n + 1) / n
    distance = max(np.abs(distribution_function - steps[1:]).max(), np.abs(distribution_function - steps[:-1]).max())
    return initializer if distance * math.sqrt(n) < MAX_DISTANCE else None


def _some(x: np.ndarray) -> np.ndarray:
    return x[:: -(-len(x) // MAX_ENTRIES)]


def _normal_likelihood(x: np.ndarray, mean: float, std: float) -> float:
    return float(-len(x) * math.log(std * math.sqrt(2 * math.pi)) - np.square((x - mean) / std).sum() / 2)


def _normal(x: np.ndarray, mean: float, std: float) -> np.ndarray:
    return np.array([(1 + math.erf(value)) / 2 for value in (x - mean) / (std * math.sqrt(2))])
