"""Activation functions and their derivatives in NumPy, over which the theory integrates.

Formulas: Keras 3, https://keras.io/api/layers/activations/. At a corner the derivative is one of the two one-sided
ones. The softmaxes are missing: their units depend on one another.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradlab.vocabulary.activations import ActivationFunction, Selu

Array = np.ndarray
Curve = tuple[Array, Array]

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_erf = np.frompyfunc(math.erf, 1, 1)


def curve(activation: ActivationFunction, z: Array) -> Curve:
    """Return φ(z) and φ′(z), each of the shape of `z`. Overflows become infinities, without a warning.

    Raises:
        KeyError: the units of this activation depend on one another.
    """
    with np.errstate(all="ignore"):
        return CURVES[activation.kind](z, activation)


def _linear(z: Array, _: Any) -> Curve:
    return z, np.ones_like(z)


def _relu(z: Array, a: Any) -> Curve:
    ceiling = np.inf if a.max_value is None else a.max_value
    below, above = z < a.threshold, z >= ceiling
    value = np.where(below, a.negative_slope * (z - a.threshold), np.minimum(z, ceiling))
    # At the corner itself the slope is that of the lower side: the output of a dead layer is 0, and stays 0.
    return value, np.where(z <= a.threshold, a.negative_slope, np.where(above, 0.0, 1.0))


def _leaky_relu(z: Array, a: Any) -> Curve:
    return np.where(z > 0, z, a.negative_slope * z), np.where(z > 0, 1.0, a.negative_slope)


def _relu6(z: Array, _: Any) -> Curve:
    return np.clip(z, 0.0, 6.0), np.where((z > 0) & (z < 6), 1.0, 0.0)


def _elu(z: Array, a: Any) -> Curve:
    below = np.minimum(z, 0.0)
    return np.where(z > 0, z, a.alpha * np.expm1(below)), np.where(z > 0, 1.0, a.alpha * np.exp(below))


def _selu(z: Array, _: Selu) -> Curve:
    below = np.minimum(z, 0.0)
    value = np.where(z > 0, z, SELU_ALPHA * np.expm1(below))
    return SELU_SCALE * value, SELU_SCALE * np.where(z > 0, 1.0, SELU_ALPHA * np.exp(below))


def _celu(z: Array, a: Any) -> Curve:
    below = np.minimum(z, 0.0) / a.alpha
    return np.where(z > 0, z, a.alpha * np.expm1(below)), np.where(z > 0, 1.0, np.exp(below))


def _gelu(z: Array, a: Any) -> Curve:
    if a.approximate:
        rate, cubic = math.sqrt(2 / math.pi), 0.044715
        t = np.tanh(rate * (z + cubic * z**3))
        return z * (1 + t) / 2, (1 + t) / 2 + z * (1 - t**2) / 2 * rate * (1 + 3 * cubic * z**2)
    share = (1 + np.asarray(_erf(z / math.sqrt(2)), np.float64)) / 2
    return z * share, share + z * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _silu(z: Array, _: Any) -> Curve:
    s = _logistic(z)
    return z * s, s + z * s * (1 - s)


def _mish(z: Array, _: Any) -> Curve:
    t = np.tanh(np.logaddexp(0.0, z))
    return z * t, t + z * (1 - t**2) * _logistic(z)


def _tanh(z: Array, _: Any) -> Curve:
    t = np.tanh(z)
    return t, 1 - t**2


def _sigmoid(z: Array, _: Any) -> Curve:
    s = _logistic(z)
    return s, s * (1 - s)


def _hard_sigmoid(z: Array, _: Any) -> Curve:
    return np.clip(z / 6 + 0.5, 0.0, 1.0), np.where(np.abs(z) < 3, 1 / 6, 0.0)


def _hard_silu(z: Array, a: Any) -> Curve:
    gate, slope = _hard_sigmoid(z, a)
    return z * gate, gate + z * slope


def _hard_tanh(z: Array, _: Any) -> Curve:
    return np.clip(z, -1.0, 1.0), np.where(np.abs(z) < 1, 1.0, 0.0)


def _log_sigmoid(z: Array, _: Any) -> Curve:
    return -np.logaddexp(0.0, -z), _logistic(-z)


def _sparse_sigmoid(z: Array, _: Any) -> Curve:
    return np.clip((z + 1) / 2, 0.0, 1.0), np.where(np.abs(z) < 1, 0.5, 0.0)


def _softplus(z: Array, _: Any) -> Curve:
    return np.logaddexp(0.0, z), _logistic(z)


def _sparse_plus(z: Array, _: Any) -> Curve:
    slope = np.clip((z + 1) / 2, 0.0, 1.0)
    return np.where(z >= 1, z, slope**2), slope


def _squareplus(z: Array, a: Any) -> Curve:
    root = np.sqrt(z**2 + a.b)
    return (z + root) / 2, (1 + z / root) / 2


def _softsign(z: Array, _: Any) -> Curve:
    size = 1 + np.abs(z)
    return z / size, 1 / size**2


def _exponential(z: Array, _: Any) -> Curve:
    e = np.exp(z)
    return e, e


def _soft_shrink(z: Array, a: Any) -> Curve:
    outside = np.abs(z) > a.threshold
    return np.where(outside, z - np.sign(z) * a.threshold, 0.0), outside.astype(float)


def _hard_shrink(z: Array, a: Any) -> Curve:
    outside = np.abs(z) > a.threshold
    return np.where(outside, z, 0.0), outside.astype(float)


def _tanh_shrink(z: Array, _: Any) -> Curve:
    t = np.tanh(z)
    return z - t, t**2


def _threshold(z: Array, a: Any) -> Curve:
    above = z > a.threshold
    return np.where(above, z, a.default_value), above.astype(float)


def _logistic(z: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))


CURVES: Mapping[str, Callable[[Array, Any], Curve]] = {
    "linear": _linear, "relu": _relu, "leaky_relu": _leaky_relu, "relu6": _relu6, "elu": _elu, "selu": _selu,
    "celu": _celu, "gelu": _gelu, "silu": _silu, "mish": _mish, "tanh": _tanh, "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid, "hard_silu": _hard_silu, "hard_tanh": _hard_tanh, "log_sigmoid": _log_sigmoid,
    "sparse_sigmoid": _sparse_sigmoid, "softplus": _softplus, "sparse_plus": _sparse_plus,
    "squareplus": _squareplus, "softsign": _softsign, "exponential": _exponential, "soft_shrink": _soft_shrink,
    "hard_shrink": _hard_shrink, "tanh_shrink": _tanh_shrink, "threshold": _threshold,
}  # fmt: skip
