"""Initial weights drawn uniformly: the same bits as Keras's initialisers draw, in a tenth of their time.

Keras makes some ten calls of TensorFlow for a tensor, each of which takes longer than to draw a small one.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numba import int64, uint32

from core.training.philox import KEY_STEPS, LANES, MULTIPLIERS, ROUNDS
from core.training.sums import compiled

# With a factor of another type Numba would multiply in float64.
FIRST_FACTOR, SECOND_FACTOR = map(np.uint64, MULTIPLIERS)
FIRST_STEP, SECOND_STEP = map(np.uint64, KEY_STEPS)
NONE, HALF, WORD = np.uint64(0), np.uint64(32), np.uint64(0xFFFFFFFF)
# The key with which TensorFlow makes a key and a counter of a seed.
FIRST_OF_SEED, SECOND_OF_SEED = np.uint64(0x3EC8F720), np.uint64(0x02461E29)
# The lowest bits of a word are the mantissa; with these bits before it, a float32 lies in [1, 2).
MANTISSA, ONE_BITS = np.uint64(0x7FFFFF), np.uint64(0x3F800000)
# Narrower ranges have steps of 2**-23 of them that float32 holds as subnormal numbers, which TensorFlow takes as 0.
SMALLEST_RANGE = 2.0**-103
# Keras takes seeds modulo this number.
SEEDS = 2**31 - 2


class Initializers:
    """A namespace that has Keras's initialisers as `keras.initializers`: uniform ones and zeros as arrays."""

    @property
    def initializers(self) -> "Initializers":
        return self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def made(**parameters: Any) -> Callable[..., Any]:
            return _Drawing(getattr(keras.initializers, name)(**parameters))

        return made


class _Drawing:
    def __init__(self, rule: Any) -> None:
        self._rule = rule

    def __call__(self, shape: Sequence[int], dtype: str) -> Any:
        """Return a tensor or an array of this shape."""
        rule = self._rule
        if dtype != "float32" or not 1 <= len(shape) <= 2:  # fans of other kernels count their windows
            return rule(shape, dtype=dtype)
        if isinstance(rule, keras.initializers.Zeros):
            return np.zeros(shape, dtype)
        if isinstance(rule, keras.initializers.RandomUniform) and rule.maxval - rule.minval >= SMALLEST_RANGE:
            return uniform(rule.seed, shape, rule.minval, rule.maxval)
        if isinstance(rule, keras.initializers.VarianceScaling) and rule.distribution == "uniform":
            fan_in, fan_out = shape[0], shape[-1]  # of a kernel; of a bias both are its units
            count = {"fan_in": fan_in, "fan_out": fan_out}.get(rule.mode, (fan_in + fan_out) / 2.0)
            limit = math.sqrt(3.0 * (rule.scale / max(1.0, count)))
            if 2 * limit >= SMALLEST_RANGE:
                return uniform(rule.seed, shape, -limit, limit)
        return rule(shape, dtype=dtype)


def uniform(seed: int, shape: Sequence[int], low: float, high: float) -> np.ndarray:
    """Return `keras.random.uniform(shape, low, high, "float32", seed)`."""
    bits = np.empty(-(-math.prod(shape) // LANES) * LANES, np.uint32)
    _draw(seed % SEEDS, bits)
    numbers, lowest = bits.view(np.float32)[: math.prod(shape)], np.float32(low)
    numbers -= np.float32(1)
    numbers *= np.float32(high) - lowest
    numbers += lowest
    return numbers.reshape(shape)


@compiled((int64, uint32[::1]))
def _draw(seed, bits):
    """Draw numbers in [1, 2) by Philox, four a block, as TensorFlow's kernel for processors does: their bits."""
    key_0, key_1, counter_2, counter_3 = FIRST_OF_SEED, SECOND_OF_SEED, NONE, NONE
    for block in range(-1, len(bits) // LANES):  # the one before the first makes the key
        number = np.uint64(seed if block < 0 else block)
        first, second, third, fourth = number & WORD, number >> HALF, counter_2, counter_3
        round_0, round_1 = key_0, key_1
        for _ in range(ROUNDS):
            left, right = first * FIRST_FACTOR, third * SECOND_FACTOR
            first, second = (right >> HALF) ^ second ^ round_0, right & WORD
            third, fourth = (left >> HALF) ^ fourth ^ round_1, left & WORD
            round_0, round_1 = (round_0 + FIRST_STEP) & WORD, (round_1 + SECOND_STEP) & WORD
        if block < 0:
            key_0, key_1, counter_2, counter_3 = first, second, third, fourth
        else:
            bits[LANES * block] = np.uint32(first & MANTISSA | ONE_BITS)
            bits[LANES * block + 1] = np.uint32(second & MANTISSA | ONE_BITS)
            bits[LANES * block + 2] = np.uint32(third & MANTISSA | ONE_BITS)
            bits[LANES * block + 3] = np.uint32(fourth & MANTISSA | ONE_BITS)
